"""Signals: anyone reports, authorities look into it, nobody else learns anything, and no standing changes."""

import asyncio
import json
import logging
from datetime import date, timedelta
from itertools import product
from uuid import UUID, uuid4

import pytest
from core_world import LABOUR, LICENCE, TRADE, code_of
from sqlalchemy import insert

from goodstanding.standing import fold
from goodstanding.verdict import Knowledge, Labels, VerdictKind, conclude
from registry.access.model import Actor, Role
from registry.access.service import add_member, grant_role
from registry.errors import DomainError, Invalid
from registry.issuance import ledger
from registry.settings import Settings
from registry.signals import enums, model
from registry.signals.drafts import ReportDraft
from registry.signals.model import MOVES, SENSITIVE, Kind, State
from registry.signals.service import Signals, asked
from registry.tables import METADATA

TEXT, NAME, CONTACT = "They asked for 4,000 dollars", "Maya Gurung", "maya@example.org"
FEE, ABUSE = Kind.FEE_DEMANDED, Kind.SEXUAL_EXPLOITATION_OR_ABUSE
REPORT = """mutation ($i: ReportSignalInput!) { reportSignal(input: $i) { __typename
  ... on SignalReported { signal } ... on DomainError { code message } } }"""
MOVE = """mutation ($i: MoveSignalInput!) { moveSignal(input: $i) { __typename
  ... on SignalDone { signal { state authorityId } } ... on NotAllowed { allowedActs }
  ... on DomainError { code message } } }"""
ASSIGN = """mutation ($i: AssignSignalInput!) { assignSignal(input: $i) { __typename
  ... on SignalDone { signal { report { assignedTo } } } ... on DomainError { code message } } }"""
ERASE = """mutation ($i: EraseReporterInput!) { eraseReporter(input: $i) { __typename
  ... on EraseReporterDone { reporter erasedAt } ... on DomainError { code message } } }"""
READ = """query ($id: ID!) { signal(id: $id) { kind state organisation { id } report { text country occurredOn assignedTo
  changes { from to actor note } } } }"""
LIST = """query ($a: ID!, $first: Int, $after: String, $kind: SignalKind, $state: SignalState) {
  signals(authorityId: $a, first: $first, after: $after, kind: $kind, state: $state) {
    totalCount edges { cursor node { id } } pageInfo { hasNextPage } } }"""
REPORTER = "query ($id: ID!) { signalReporter(signal: $id) { id name contact } }"
COUNTS = "query ($o: ID!) { organisation(id: $o) { signalCounts { kind count exact } } }"


class Desk:
    """Signals about one organisation that the ministry accredits."""

    def __init__(self, register):
        self.register = register
        self.acts = register.app.state.services.signals

    async def open(self):
        self.organisation = await self.register.organisation()
        self.number = await self.register.applied(by=self.organisation)
        self.regulator = await self.register.regulator()
        return self

    async def licensed(self):
        """Have the number granted, logged, and so public."""
        self.register.clock.forward(seconds=1)
        await self.register.decided(self.number, "grant")
        await self.register.logged()

    async def staffed(self):
        """Have somebody with each role, and no other."""
        async with self.register.database.write() as tx:
            for role in Role:
                await add_member(tx, f"the-{role}", f"The {role}", now=self.register.clock())
                await grant_role(tx, LABOUR, f"the-{role}", role)

    async def reported(self, kind=FEE, text=TEXT, member=None, key=None, **more):
        draft = ReportDraft(kind, text, **{"organisation": self.organisation} | more)
        actor = await self.register.actor(member) if member else Actor.anonymous
        return await self.acts.report(actor, draft, key=key or str(uuid4()))

    async def moved(self, signal, *states, member=None):
        for state in states:
            actor = await self.register.actor(member or self.regulator)
            await self.acts.move(actor, signal, State[state], None, key=self.register.key())
            self.register.clock.forward(seconds=1)

    async def given(self, signal, to, member=None):
        actor = await self.register.actor(member or self.regulator)
        return await self.acts.assign(actor, signal, to, key=self.register.key())

    async def reporter_of(self, signal):
        return (await self.asked(signal, self.regulator)).reporter.id

    async def asked(self, signal, member):
        """Who reported, as the service answers a member."""
        actor = await self.register.actor(member)
        async with self.register.database.read(member) as tx:
            return await asked(tx, actor, signal)

    async def found_true(self, kind, times, text="{}"):
        """So many substantiated signals of a kind, straight into the table."""
        rows = [
            {"id": f"sig_{kind[:1].lower()}{UUID(int=at).hex[1:]}"[:40], "organisation_id": self.organisation, "kind": kind,
             "text": text.format(at), "evidence": [], "anonymous": True, "received_at": self.register.clock(),
             "state": State.SUBSTANTIATED}
            for at in range(times)
        ]  # fmt: skip
        async with self.register.database.write() as tx:
            await tx.execute(insert(METADATA.tables["signals"]), rows)

    async def counts(self, member=None):
        found = (await self.register.ask(COUNTS, member, o=self.organisation))["organisation"]["signalCounts"]
        return {one["kind"]: (one["count"], one["exact"]) for one in found}


@pytest.fixture
async def desk(register):
    return await Desk(register).open()


async def tables_with(register, text):
    return {table for table, rows in (await register.snapshot()).items() for row in rows if text in repr(row)}


# --- reporting


async def test_a_worker_without_an_account_reports_and_the_ministry_reads_it(desk):
    await desk.licensed()
    given = {
        "idempotencyKey": str(uuid4()), "kind": "FEE_DEMANDED", "text": f" {TEXT}\n", "number": desk.number,
        "occurredOn": "2026-05-01", "country": "qa", "name": NAME, "contact": CONTACT,
    }  # fmt: skip
    done = (await desk.register.ask(REPORT, i=given))["reportSignal"]
    assert done.keys() == {"__typename", "signal"}
    assert (await desk.register.ask(REPORT, i=given))["reportSignal"] == done, "repeating it changes nothing"

    read = (await desk.register.ask(READ, "anil", id=done["signal"]))["signal"]
    assert read == {
        "kind": "FEE_DEMANDED", "state": "RECEIVED", "organisation": {"id": desk.organisation},
        "report": {"text": TEXT, "country": "QA", "occurredOn": "2026-05-01", "assignedTo": None, "changes": []},
    }  # fmt: skip
    assert len((await desk.register.snapshot())["signals"]) == 1
    other = (await desk.register.ask(REPORT, i=given | {"idempotencyKey": str(uuid4())}))["reportSignal"]
    assert other.keys() == done.keys(), "who says the same learns no more"
    assert other["signal"] != done["signal"]


async def test_a_signal_never_changes_a_standing(desk):
    """Fold, verdict and projection before and after, and not one event more."""
    await desk.licensed()
    register, at = desk.register, desk.register.clock()
    knowledge = Knowledge(at, at, 9, at + timedelta(hours=1))

    async def answers():
        async with register.database.read() as tx:
            history = (await ledger.history(tx, [desk.number]))[desk.number]
        state, rows = fold(history, at), await register.snapshot()
        verdict = conclude(desk.number, state, knowledge, Labels("", "", "", "UTC"))
        return verdict, state, rows["accreditations"], rows["events"], rows["status_entries"]

    before = await answers()
    assert before[0].verdict is VerdictKind.IN_GOOD_STANDING
    for kind in Kind:
        signal = await desk.reported(kind, number=desk.number, organisation=None)
        await desk.moved(signal, "UNDER_REVIEW", "SUBSTANTIATED")
    await register.logged()

    assert await answers() == before


async def test_without_an_account_a_key_that_others_could_use_is_refused(desk):
    for key in ("1", "key-1", "a" * 40, "not a key with blanks in it", "x" * 201):
        with pytest.raises(Invalid) as refusal:
            await desk.reported(key=key)
        assert refusal.value.field == "idempotencyKey", key
    assert await desk.reported(member="rita", key="1"), "whoever has an account has keys of their own"


async def test_a_key_used_with_another_report_is_a_conflict(desk):
    key = str(uuid4())
    await desk.reported(key=key)
    assert await code_of(desk.reported(key=key, text="Something else")) == "KEY_REUSED"


REFUSED = [
    ({"text": " "}, "text"), ({"text": "x" * 4_001}, "text"), ({"text": "a\x00"}, "text"),
    ({"organisation": None}, "organisation"), ({"number": "TEST-7K3M9QXR-23"}, "organisation"),
    ({"country": "Qatar"}, "country"), ({"occurred_on": date(2027, 1, 1)}, "occurredOn"),
    ({"evidence": [b"no hash"]}, "evidence[0]"), ({"name": "x" * 201}, "name"), ({"contact": "a\u202eb"}, "contact"),
]  # fmt: skip


async def test_reports_that_cannot_be_are_refused_without_repeating_them(desk):
    before = await desk.register.snapshot()
    for changed, field in REFUSED:
        with pytest.raises(Invalid) as refusal:
            await desk.reported(**{"name": NAME, "contact": CONTACT} | changed)
        assert refusal.value.field == field
        assert not [secret for secret in (NAME, CONTACT, TEXT) if secret in refusal.value.message]
    assert await desk.register.snapshot() == before


async def test_a_number_that_is_not_public_is_not_confirmed_to_anyone(desk):
    hidden = await desk.register.applied(name="Not logged yet")
    wanted = {"organisation": None, "number": hidden}
    assert await code_of(desk.reported(**wanted)) == "UNKNOWN_NUMBER"
    for member in ("other", desk.regulator):
        assert await code_of(desk.reported(member=member, **wanted)) == "UNKNOWN_NUMBER", member
    assert await desk.reported(member="rita", **wanted)
    assert await code_of(desk.reported(organisation="org_" + "0" * 32)) == "NOT_FOUND"


def test_how_much_is_taken_without_an_account():
    """From half on by chance, at the bound never; both bounds say the same."""
    room = {"most_today": 40, "most_waiting": 100, "waiting": 0}
    refused = {}
    for today in (0, 20, 30, 39, 40):
        draws = [at / 100 for at in range(100)]
        refused[today] = sum(full(**room, today=today, draw=draw) is not None for draw in draws)
    assert refused == {0: 0, 20: 0, 30: 50, 39: 95, 40: 100}
    assert full(**room | {"waiting": 100}, today=0, draw=0.999) == full(**room, today=40, draw=0.999)


def full(**state):
    try:
        model.need_room(**state)
    except DomainError as error:
        return error.code, error.message
    return None


async def test_what_is_taken_is_bounded_for_an_organisation_a_day_and_altogether(desk):
    settings = Settings(signals_daily=4, signals_waiting=6)
    desk.acts = Signals(desk.register.database, desk.register.clock, settings, draw=lambda: 0.999)
    for _ in range(4):
        await desk.reported()
    assert await code_of(desk.reported()) == "TOO_MANY_REPORTS"
    assert await desk.reported(member="rita"), "whoever has an account is known, and not bounded so"
    other = await desk.register.organisation("Another one")
    assert await desk.reported(organisation=other)

    desk.register.clock.forward(hours=25)
    first = await desk.reported()
    assert await code_of(desk.reported()) == "TOO_MANY_REPORTS", "six wait"
    await desk.moved(first, "UNDER_REVIEW")
    assert await desk.reported()


@pytest.mark.both_backends
async def test_those_who_report_at_once_are_counted_one_after_another(desk):
    desk.acts = Signals(desk.register.database, desk.register.clock, Settings(signals_daily=3), draw=lambda: 0.999)
    outcomes = await asyncio.gather(*(code_of(desk.reported()) for _ in range(6)))
    assert sorted(map(str, outcomes)) == ["None"] * 3 + ["TOO_MANY_REPORTS"] * 3


# --- who sees what


async def test_a_signal_reaches_the_authorities_that_have_the_organisation_and_no_others(desk):
    register = desk.register
    signal = await desk.reported()

    async def listed(member, authority=LABOUR, **more):
        found = (await register.ask(LIST, member, a=authority, **more))["signals"]
        return [edge["node"]["id"] for edge in found["edges"]]

    assert await listed("anil") == await listed(desk.regulator) == [signal]
    assert await listed("other", TRADE) == []
    for member in (None, "other"):
        assert (await register.ask(READ, member, id=signal))["signal"] is None
        (error,) = await register.errors(LIST, member, a=LABOUR)
        assert error["extensions"]["code"] in ("NOT_SIGNED_IN", "ROLE_NEEDED")


@pytest.mark.both_backends
async def test_a_list_of_signals_is_paged_and_narrowed(desk):
    ids = []
    for kind in (FEE, ABUSE, FEE):
        ids.append(await desk.reported(kind))
        desk.register.clock.forward(seconds=1)
    await desk.moved(ids[2], "UNDER_REVIEW")

    async def page(**more):
        found = (await desk.register.ask(LIST, "rita", a=LABOUR, **more))["signals"]
        return [edge["node"]["id"] for edge in found["edges"]], found["totalCount"], found["edges"][-1]["cursor"]

    some, total, last = await page(first=2)
    assert (some, total) == (ids[:2], 3)
    assert (await page(first=2, after=last))[0] == ids[2:]
    assert (await page(kind="FEE_DEMANDED"))[:2] == ([ids[0], ids[2]], 2)
    assert (await page(state="UNDER_REVIEW", kind="FEE_DEMANDED"))[:2] == (ids[2:], 1)


async def test_every_role_reads_and_handles_what_it_may(desk):
    """The matrix of roles and kinds: seeing that there is one, reading it, asking who reported, moving it, giving it out, erasing who reported."""
    await desk.staffed()
    register, got = desk.register, {}
    for kind in (FEE, ABUSE):
        for role in Role:
            signal, member = await desk.reported(kind, name=NAME), f"the-{role}"
            actor = await register.actor(member)
            seen = (await register.ask(READ, member, id=signal))["signal"]
            got[kind, role] = (
                seen is not None,
                bool(seen and seen["report"]),
                await code_of(desk.asked(signal, member)),
                await code_of(desk.acts.move(actor, signal, State.UNDER_REVIEW, None, key=register.key())),
                await code_of(desk.acts.assign(actor, signal, "anil", key=register.key())),
                await code_of(desk.acts.erase_reporter(actor, await desk.reporter_of(signal), key=register.key())),
            )
    nothing, looks_on = (False, False, *["NOT_FOUND"] * 4), (True, False, *["ROLE_NEEDED"] * 4)
    reads, handles = (True, True, *["ROLE_NEEDED"] * 4), (True, True, *[None] * 4)
    for role in Role:
        if role is Role.SUBSCRIBER:
            expected = nothing, nothing
        elif role is Role.REGULATOR:
            expected = handles, handles
        else:
            expected = (handles if role is Role.REGISTRAR else reads), looks_on
        assert (got[FEE, role], got[ABUSE, role]) == expected, role


async def test_of_abuse_only_regulators_and_whom_it_was_given_to_read(desk):
    register, signal = desk.register, await desk.reported(ABUSE, name=NAME)
    given = {"idempotencyKey": "1", "signal": signal, "member": "asha"}
    refused = (await register.ask(ASSIGN, desk.regulator, i=given))["assignSignal"]
    assert refused["code"] == "NOT_UNDER_REVIEW"
    await desk.moved(signal, "UNDER_REVIEW")
    assert (await register.ask(ASSIGN, "rita", i=given))["assignSignal"]["code"] == "ROLE_NEEDED"
    done = (await register.ask(ASSIGN, desk.regulator, i=given | {"idempotencyKey": "2"}))["assignSignal"]
    assert done["signal"]["report"]["assignedTo"] == "asha"

    async def text(member):
        report = (await register.ask(READ, member, id=signal))["signal"]["report"]
        return report and report["text"]

    assert [await text(member) for member in ("asha", desk.regulator, "anil", "rita")] == [TEXT, TEXT, None, None]
    assert (await register.ask(REPORTER, "asha", id=signal))["signalReporter"]["name"] == NAME
    await desk.moved(signal, "REFERRED", member="asha")
    assert await text("asha") is None, "what is referred is given to nobody any more"
    for nobody in ("other", "hr-key", "unknown", "a\x00b"):
        await desk.moved(signal, "UNDER_REVIEW") if nobody == "other" else None
        assert await code_of(desk.given(signal, nobody)) == "INVALID"


async def test_an_api_key_reads_nothing_that_was_said_and_handles_nothing(desk):
    signal = await desk.reported()
    assert (await desk.register.ask(READ, "hr-key", id=signal))["signal"]["report"] is None
    assert await code_of(desk.moved(signal, "UNDER_REVIEW", member="hr-key")) == "PERSON_NEEDED"
    (error,) = await desk.register.errors(REPORTER, "hr-key", id=signal)
    assert error["extensions"]["code"] == "PERSON_NEEDED"


async def test_every_read_is_noted(desk):
    register, signal = desk.register, await desk.reported(name=NAME)
    silent = await desk.reported()
    reporter = (await register.ask(REPORTER, "rita", id=signal))["signalReporter"]["id"]
    assert (await register.ask(REPORTER, "rita", id=silent))["signalReporter"] is None
    await register.ask(READ, "anil", id=signal)
    await register.ask(READ, "other", id=signal)

    assert await register.noted() == [
        ("rita", "reporters", LABOUR, [reporter, signal]), ("rita", "reporters", LABOUR, [silent]),
        ("anil", "signals", LABOUR, [signal]),
    ]  # fmt: skip


async def test_of_abuse_a_read_is_noted_as_one_of_abuse_at_the_authority_that_gave_it(desk):
    register, signal = desk.register, await desk.reported(ABUSE, name=NAME)
    await desk.moved(signal, "UNDER_REVIEW")
    await desk.given(signal, "asha")
    for member in ("asha", "rita"):
        await register.ask(READ, member, id=signal)
    await register.ask(REPORTER, "asha", id=signal)

    reporter = await desk.reporter_of(signal)
    assert await register.noted() == [
        ("asha", "signals-of-abuse", LABOUR, [signal]), ("asha", "signals-of-abuse", LABOUR, [reporter, signal]),
    ]  # fmt: skip


async def test_what_is_read_twice_because_something_else_fails_is_noted_once(desk):
    """In lockstep an error ends the answer, and graphql-core asks everything again."""
    signal = await desk.reported()
    query = """query ($id: ID!, $a: ID!) { signal(id: $id) { report { text } organisation { people { name } } }
      signals(authorityId: $a) { totalCount } }"""
    answer = (await desk.register.post(query, "rita", id=signal, a=TRADE)).json()

    assert answer["data"]["signal"]["report"]["text"] == TEXT
    assert answer["errors"][0]["extensions"]["code"] == "ROLE_NEEDED"
    assert sorted(await desk.register.noted()) == [
        ("rita", "people", LABOUR, []),
        ("rita", "signals", LABOUR, [signal]),
    ]


async def test_who_reported_is_in_one_table_and_nothing_of_a_report_is_logged(desk, caplog, capsys):
    caplog.set_level(logging.INFO)
    given = {"kind": "FEE_DEMANDED", "text": TEXT, "organisation": desk.organisation, "name": NAME, "contact": CONTACT}
    answer = await desk.register.ask(REPORT, i=given | {"idempotencyKey": str(uuid4())})
    await desk.register.logged()

    assert await tables_with(desk.register, NAME) == await tables_with(desk.register, CONTACT) == {"signal_reporters"}
    assert await tables_with(desk.register, TEXT) == {"signals"}
    written = caplog.text + "".join(capsys.readouterr()) + json.dumps(answer)
    written += "".join(repr((one.body, one.leaf)) for one in desk.register.log.events.values())
    assert not [secret for secret in (TEXT, NAME, CONTACT) if secret in written]


async def test_nothing_is_left_of_an_erased_reporter_but_the_fact(desk):
    register, key = desk.register, str(uuid4())
    signal = await desk.reported(name=NAME, contact=CONTACT, key=key)
    reporter = (await register.ask(REPORTER, "rita", id=signal))["signalReporter"]["id"]
    given = {"idempotencyKey": "gone", "reporter": reporter}
    for stranger, code in (("anil", "ROLE_NEEDED"), ("other", "NOT_FOUND")):
        assert (await register.ask(ERASE, stranger, i=given))["eraseReporter"]["code"] == code

    done = (await register.ask(ERASE, "rita", i=given))["eraseReporter"]
    assert done["reporter"] == reporter
    assert await tables_with(register, NAME) == await tables_with(register, CONTACT) == set()
    assert (await register.snapshot())["erased_reporters"] == [(reporter, signal, register.clock())]
    register.clock.forward(hours=1)
    assert (await register.ask(ERASE, "rita", i=given))["eraseReporter"] == done, "repeating it changes nothing"
    again = (await register.ask(ERASE, "rita", i=given | {"idempotencyKey": "2"}))["eraseReporter"]
    assert again["code"] == "ALREADY_ERASED"
    assert (await register.ask(REPORTER, "rita", id=signal))["signalReporter"] is None
    assert await code_of(desk.reported(name=NAME, contact=CONTACT, key=key)) == "KEY_REUSED", (
        "no digest to compare with"
    )
    for unknown in ("rep_" + "0" * 32, "", "x" * 500):
        refused = await register.ask(ERASE, "rita", i={"idempotencyKey": f"u{unknown}"[:50], "reporter": unknown})
        assert refused["eraseReporter"]["code"] == "NOT_FOUND"


# --- where a signal stands


async def test_a_signal_moves_by_the_table(desk):
    """From every state to every state."""
    path = {
        State.RECEIVED: [], State.UNDER_REVIEW: ["UNDER_REVIEW"], State.SUBSTANTIATED: ["UNDER_REVIEW", "SUBSTANTIATED"],
        State.UNFOUNDED: ["UNDER_REVIEW", "UNFOUNDED"], State.REFERRED: ["UNDER_REVIEW", "REFERRED"],
    }  # fmt: skip
    for source, target in product(State, State):
        signal = await desk.reported(member="rita")
        await desk.moved(signal, *path[source])
        given = {"idempotencyKey": desk.register.key(), "signal": signal, "state": target.name, "note": "Because"}
        done = (await desk.register.ask(MOVE, "rita", i=given))["moveSignal"]
        allowed = {one.target for one in MOVES if one.source is source}
        if target in allowed:
            assert done["signal"] == {"state": target.name, "authorityId": LABOUR}
            (*_, last) = (await desk.register.ask(READ, "rita", id=signal))["signal"]["report"]["changes"]
            assert last == {"from": source.name, "to": target.name, "actor": "rita", "note": "Because"}
        else:
            assert (done["__typename"], set(done["allowedActs"])) == ("NotAllowed", allowed)


async def test_what_one_authority_has_taken_up_another_leaves_alone_until_it_is_referred(desk):
    """The trade ministry accredits the organisation as well."""
    register = desk.register
    rows = METADATA.tables["accreditations"]
    async with register.database.write() as tx:
        await tx.execute(
            insert(rows).values(
                number="TEST-00000000-00", authority_id=TRADE, organisation_id=desk.organisation, scheme_id=LICENCE,
                subject=bytes(16), open=True, standing="APPLIED", scope={}, created_at=register.clock(),
                changed_at=register.clock(),
            )
        )  # fmt: skip
    signal = await desk.reported()
    await desk.moved(signal, "UNDER_REVIEW", member="rita")
    assert await code_of(desk.moved(signal, "UNFOUNDED", member="other")) == "HELD_ELSEWHERE"
    assert await code_of(desk.given(signal, "other", member="other")) == "HELD_ELSEWHERE"
    await desk.given(signal, "anil")
    await desk.moved(signal, "REFERRED", member="rita")
    await desk.moved(signal, "UNDER_REVIEW", member="other")
    (row,) = (await register.snapshot())["signals"]
    assert (row[-3], row[-2], row[-1]) == ("UNDER_REVIEW", TRADE, None)


# --- what is counted


async def test_public_counts_hide_small_numbers_and_go_in_steps(desk):
    await desk.found_true(Kind.FEE_DEMANDED, 13)
    await desk.found_true(Kind.PASSPORT_KEPT, 4)
    await desk.found_true(Kind.SEXUAL_EXPLOITATION_OR_ABUSE, 9)
    assert await desk.counts() == await desk.counts("other") == {"FEE_DEMANDED": (10, False)}
    assert await desk.counts("anil") == {
        "FEE_DEMANDED": (13, True), "PASSPORT_KEPT": (4, True), "SEXUAL_EXPLOITATION_OR_ABUSE": (9, True),
    }  # fmt: skip
    desk.register.clock.forward(days=731)
    assert await desk.counts() == {}


async def test_what_anyone_can_send_is_not_counted_and_the_same_report_counts_once(desk):
    settings = Settings(signals_shown_from=2)
    desk.acts._settings = settings
    for _ in range(4):
        signal = await desk.reported()
    assert await desk.counts("rita") == {}
    await desk.moved(signal, "UNDER_REVIEW", "SUBSTANTIATED")
    assert await desk.counts("rita") == {"FEE_DEMANDED": (1, True)}
    await desk.found_true(Kind.LOOK_ALIKE, 8, text="Word for word")
    assert await desk.counts() == {}


def test_no_count_tells_whether_one_more_was_found():
    for step in (2, 5):
        shown = [model.public_counts({FEE: number}, step).get(FEE, 0) for number in range(20)]
        assert set(shown) == {0, *range(step, 20, step)}
    assert model.public_counts(dict.fromkeys(Kind, 100), 5).keys() == set(Kind) - SENSITIVE


async def test_each_of_several_organisations_has_its_own_count(desk):
    await desk.found_true(FEE, 7)
    other = await desk.register.organisation("Another one")
    async with desk.register.database.read() as tx:
        found = await desk.acts.counts(tx, Actor.anonymous, [other, desk.organisation], desk.register.clock())
    assert {one: dict(counts.of) for one, counts in found.items()} == {other: {}, desk.organisation: {FEE: 5}}


def test_the_enumerations_are_those_of_the_model():
    assert [one.name for one in enums.SignalKind] == [one.name for one in Kind]
    assert [one.name for one in enums.SignalState] == [one.name for one in State]
    assert timedelta(days=730) == model.WINDOW
