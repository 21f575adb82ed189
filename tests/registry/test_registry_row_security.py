"""PostgreSQL itself keeps what is restricted from those it does not concern, where every check of ours is left out.

The repository's own statements run here for a member of another authority and for nobody, as a role that serves and can
bypass nothing. Each finds nothing and is refused; each finds or does something once the table has no row security.
"""

from datetime import timedelta
from io import BytesIO
from uuid import uuid4

import pytest
from assessment_world import Bureau
from core_world import HOME, LABOUR, START, TRADE, CoreWorld, found
from postgres_role import ServingRole
from sqlalchemy import delete, event, func, insert, make_url, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlmodel import SQLModel

from registry.access import repository as access
from registry.access.model import Actor
from registry.access.reading import Note
from registry.access.service import add_member, grant_role, link_member
from registry.accreditations import repository as accreditations
from registry.administration.drafts import RoleDraft
from registry.assessments import due
from registry.assessments import repository as assessments
from registry.assessments.drafts import AnswerDraft, FindingDraft, FindingsDraft
from registry.assessments.model import Answer, Finding, Grade, SelfAssessment
from registry.erasure import repository as erasures
from registry.intake import repository as intake
from registry.migrate import migrate
from registry.pages import PageRequest
from registry.people import repository as people
from registry.people.model import Draft as PersonDraft
from registry.people.model import Person
from registry.relations import repository as relations
from registry.relations.model import Relation
from registry.signals import reporters
from registry.signals import repository as signals
from registry.signals.drafts import ReportDraft
from registry.signals.model import Kind, Report, Signal, State
from registry.signals.service import asked
from registry.tables import METADATA

pytestmark = pytest.mark.parametrize("backend", ["postgres"], indirect=True)
LIST = b"""Organisation Name,Town/City,County,Type & Rating,Route
Lantern Road Ltd,Leeds,,Worker (A rating),Skilled Worker
,,,,
"""
FEE, ABUSE = Kind.FEE_DEMANDED, Kind.SEXUAL_EXPLOITATION_OR_ABUSE
TABLES = {
    "proposals", "decisions", "erasures", "persons", "erased_persons", "snapshots", "staged_rows", "staged_listings",
    "listed", "self_assessments", "assessments", "assessment_findings", "surveillance", "signals", "signal_changes",
    "signal_reporters", "erased_reporters", "relations", "access_log", "members", "member_roles", "member_identities", "idempotency_keys",
}  # fmt: skip

PUBLIC = {  # what is published, or leads to what is published, and what is nobody's; see ADR 0017
    "authorities", "schemes", "scheme_mappings", "mandates", "organisations", "organisation_identifiers",
    "accreditations", "accreditation_corridors", "events", "outbox", "leases", "status_lists", "status_entries",
    "records", "due_times", "keys", "fixed_settings", "federation_tokens",
}  # fmt: skip


class Guarded(CoreWorld):
    """A register served by a role that bypasses nothing, with something restricted in every table."""

    def __init__(self, folder, role):
        super().__init__(folder, role.url)
        self.role, self.keys_folder = role, folder

    async def snapshot(self):
        self.database, mine = self.database.as_registry(), self.database
        rows = await super().snapshot()
        self.database = mine
        return rows

    async def actor(self, member):
        self.database, mine = self.database.as_registry(), self.database
        found = await super().actor(member)
        self.database = mine
        return found

    async def proposed(self, number, act, member="pema", **more):
        self.database, mine = self.database.as_registry(), self.database
        made = await super().proposed(number, act, member, **more)
        self.database = mine
        return made

    async def fill(self):
        """Let the members do what they do every day; what each table then holds is the labour office's."""
        async with self.database.as_registry().write() as tx:
            for member, role in (("rega", "regulator"), ("adam", "authority-admin"), ("eva", "authority-admin")):
                await add_member(tx, member, f"Name of {member}", now=START)
                await grant_role(tx, LABOUR, member, role)
            await add_member(tx, "elsewhere", "Everything at another authority", now=START)
            for role in ("regulator", "authority-admin", "registrar", "assessor", "scheme-owner"):
                await grant_role(tx, TRADE, "elsewhere", role)
            await link_member(tx, "pema", "https://login.example", "u-1", now=START)
        self.number = await self.granted(restricted_text="Seen by the inspector.")
        one, other = await self.organisation("One"), await self.organisation("Other")
        self.related_to = await self.related(one, "suspected-successor-of", other, member="rega")
        rita = await self.actor("rita")
        self.person = await self.people.add(rita, PersonDraft(one, "Sita Tamang", "licensee"), key=self.key())
        gone = await self.people.add(rita, PersonDraft(one, "Gone", "officer"), key=self.key())
        await self.ask("query ($o: ID!) { organisation(id: $o) { people { name } } }", "rita", o=one)
        await self.people.erase(rita, gone, key=self.key())
        await self.logged()
        rows = await self.snapshot()
        events = [row[1] for row in rows["events"] if row[2] == "organisation"]
        self.erasure = await self.erasures.request(await self.actor("adam"), events[-1:], "By order", key=self.key())
        self.proposal, self.organisation_id = rows["proposals"][0][0], one
        self.event = next(row[0] for row in rows["decisions"] if row[6] is not None)
        await self._listed()
        await self._assessed()
        await self._reported()

    async def _assessed(self):
        """What was filed, found and planned about an applicant."""
        async with self.database.as_registry().write() as tx:
            await add_member(tx, "sita", "Who looks", now=START)
            await grant_role(tx, LABOUR, "sita", "assessor")
        bureau = Bureau(self)
        self.applied_for = await self.applied(name="Applicant")
        answers = [AnswerDraft("NO-FEES", Answer.CONFORMS, "We take none.")]
        await bureau.filed(self.applied_for, version="1", answers=answers)
        self.assessment = await bureau.opened(self.applied_for)
        found = FindingDraft("NO-FEES", Grade.OBSERVATION, "Seen.")
        await bureau.acts.record(await self.actor("sita"), FindingsDraft(self.assessment, [found]), key=self.key())
        await bureau.planned(self.number, every_days=90)

    async def _reported(self):
        """A fee and an abuse; each was taken up by a regulator, and one of two reporters of the fee was erased."""
        desk, rega = self.app.state.services.signals, await self.actor("rega")
        self.signals = {}
        for name, kind in (("fee", FEE), ("abuse", ABUSE), ("erased", FEE)):
            draft = ReportDraft(kind, "What happened", self.organisation_id, name="Maya Gurung")
            made = self.signals[name] = await desk.report(Actor.anonymous, draft, key=str(uuid4()))
            await desk.move(rega, made, State.UNDER_REVIEW, "Looking into it", key=self.key())
        async with self.database.read("rega") as tx:
            self.gone = (await asked(tx, rega, self.signals["erased"])).reporter.id
        await desk.erase_reporter(rega, self.gone, key=self.key())

    async def _listed(self):
        row = {"id": "snp_" + "0" * 32, "authority_id": LABOUR, "layout": "x", "basis": "feed", "file_name": "x",
               "file_hash": "x", "state": "STAGED", "uploaded_by": "pema", "uploaded_at": START}  # fmt: skip
        staged = {"snapshot_id": row["id"], "row": 1, "outcome": "HELD", "reason": "x"}
        listing = {
            "snapshot_id": row["id"],
            "n": 1,
            "scheme_id": "s",
            "source_key": "k",
            "data": {"name": "x"},
            "reason": "x",
        }
        known = {"authority_id": LABOUR, "scheme_id": "s", "source_key": "k", "number": self.number, "local_word": "w",
                 "snapshot_id": row["id"]}  # fmt: skip
        self.list = row["id"]
        async with self.database.write("pema") as tx:
            for name, values in (
                ("snapshots", row),
                ("staged_rows", staged),
                ("staged_listings", listing),
                ("listed", known),
            ):
                await tx.execute(insert(table(name)).values(**values))


def table(name):
    return SQLModel.metadata.tables[name]


@pytest.fixture
async def guarded(tmp_path, copied, postgres):
    role = ServingRole(postgres, copied("registry-founded", found))
    world = Guarded(tmp_path, role)
    try:
        await world.fill()
        yield world
    finally:
        await world.close()
        role.drop()


async def seen(world, member=""):
    """Table -> how many rows there are for a member, if nothing but PostgreSQL keeps them back."""
    async with world.database.read(member) as tx:
        return {name: await tx.scalar(select(func.count()).select_from(table(name))) for name in TABLES}


async def all_rows(world):
    return {name: len(rows) for name, rows in (await world.snapshot()).items() if name in TABLES}


READS = {  # statements of the repositories, of what is the labour office's alone
    "proposals": lambda w, tx: accreditations.proposals(tx, [w.proposal]),
    "proposals, by page": lambda _, tx: accreditations.proposal_page(
        tx, PageRequest(9), authorities=[LABOUR], state=None, now=START
    ),
    "decisions": lambda w, tx: accreditations.restricted_texts(tx, [w.event]),
    "erasures": lambda w, tx: erasures.by_ids(tx, [w.erasure]),
    "persons": lambda w, tx: people.of_organisations(tx, [w.organisation_id], [LABOUR]),
    "snapshots": lambda w, tx: intake.snapshot(tx, w.list),
    "staged_rows": lambda w, tx: intake.refused_rows(tx, w.list, after=0, most=9),
    "staged_listings": lambda w, tx: intake.held_gone(tx, w.list, 9),
    "self_assessments": lambda w, tx: assessments.filed(tx, [w.applied_for]),
    "assessments": lambda w, tx: assessments.by_ids(tx, [w.assessment]),
    "assessment_findings": lambda w, tx: assessments.findings(tx, [w.assessment]),
    "surveillance": lambda w, tx: due.of_number(tx, [w.number]),
    "signals": lambda w, tx: signals.reports(tx, [w.signals["fee"]]),
    "signals, by page": lambda _, tx: signals.page(tx, PageRequest(9), LABOUR, None, None),
    "signal_changes": lambda w, tx: signals.changes(tx, [w.signals["fee"]]),
    "signal_reporters": lambda w, tx: rows_of(reporters.of_signal(tx, w.signals["fee"])),
    "erased_reporters": lambda w, tx: rows_of(reporters.erased_at(tx, w.gone)),
    "relations": lambda w, tx: relations.of_organisations(tx, [w.organisation_id], restricted=True),
    "access_log": lambda _, tx: access.notes(tx, LABOUR, PageRequest(9)),
    "members": lambda _, tx: access.member_is_client(tx, "hr-key"),
    "member_roles": lambda _, tx: access.roles_of(tx, "anil"),
    "member_identities": lambda _, tx: access.linked_member(tx, "https://login.example", "u-1"),
}
WRITES = {  # what nobody but the labour office, or the registry itself, may write
    "proposals": lambda w, tx: accreditations.close_proposal(tx, w.proposal, {"rejection": "changed"}),
    "decisions": lambda w, tx: accreditations.insert_decision(tx, {
        "event_id": "e", "number": w.number, "act": "grant", "four_eyes": False, "evidence": [], "decided_at": START,
    }),
    "erasures": lambda w, tx: erasures.change(tx, w.erasure, {"reason": "changed"}),
    "persons": lambda w, tx: people.store(
        tx, Person("per_x", w.organisation_id, LABOUR, "Somebody", "officer", None, None), now=START
    ),
    "erased_persons": lambda _, tx: tx.execute(delete(table("erased_persons"))),
    "snapshots": lambda w, tx: intake.change(tx, w.list, {"state": "RELEASED"}),
    "staged_rows": lambda w, tx: intake.add(
        tx, table("staged_rows"), [{"snapshot_id": w.list, "row": 2, "outcome": "HELD", "reason": "x"}]
    ),
    "staged_listings": lambda w, tx: intake.mark_released(tx, w.list, [1]),
    "listed": lambda _, tx: tx.execute(update(table("listed")).values(local_word="changed")),
    "self_assessments": lambda w, tx: assessments.file(
        tx, SelfAssessment("sas_x", w.number, LABOUR, "1", [], START), by="pema"
    ),
    "assessments": lambda w, tx: assessments.supersede(tx, w.assessment, "asm_x"),
    "assessment_findings": lambda w, tx: assessments.record(
        tx, w.assessment, [Finding("OTHER", Grade.CONFORMS, "", [], False, START)]
    ),
    "surveillance": lambda w, tx: due.drop_plan(tx, w.number),
    "signals": lambda _, tx: tx.execute(update(table("signals")).values(state="UNFOUNDED")),
    "signals, made up": lambda w, tx: signals.store(
        tx, Signal("sig_x", w.organisation_id, None, FEE, State.RECEIVED, START), Report("x", (), None, None),
        anonymous=True,
    ),
    "signal_changes": lambda w, tx: tx.execute(
        insert(table("signal_changes")).inline(), [changed(w, "pema")]
    ),
    "signal_reporters": lambda _, tx: tx.execute(delete(table("signal_reporters"))),
    "erased_reporters": lambda w, tx: tx.execute(
        insert(table("erased_reporters")), [{"id": "rep_x", "signal_id": w.signals["abuse"], "erased_at": START}]
    ),
    "relations": lambda w, tx: relations.store(
        tx, Relation("rel_x", "suspected-successor-of", w.organisation_id, w.organisation_id, LABOUR, None, None),
        subject=None, now=START,
    ),
    "access_log": lambda _, tx: access.note(tx, [Note("pema", "people", LABOUR, (), START)]),
    "members": lambda _, tx: access.insert_member(tx, "made-up", "Nobody", client=False, now=START),
    "member_roles": lambda _, tx: access.insert_role(tx, LABOUR, "other", "approver"),
    "member_identities": lambda _, tx: access.link(tx, "https://login.example", "u-2", "pema", START),
    "idempotency_keys": lambda _, tx: tx.execute(update(table("idempotency_keys")).values(result_id="changed")),
}  # fmt: skip


def changed(world, actor, signal="fee"):
    """A row that says somebody moved a signal."""
    return {"signal_id": world.signals[signal], "source": "UNDER_REVIEW", "target": "UNFOUNDED", "authority_id": LABOUR,
            "actor": actor, "at": START}  # fmt: skip


async def rows_of(found):
    """What was found, as a list."""
    one = await found
    return [] if one is None else [one]


def anything(found):
    """Whether a statement found something."""
    if isinstance(found, dict):
        return any(value or value is None for value in found.values())
    return bool(getattr(found, "items", found)) or found is False


async def outcome(world, member, write):
    """What became of a write: refused, nothing to write to, or done."""
    before = await world.snapshot()
    try:
        async with world.database.write(member) as tx:
            await write(world, tx)
    except DBAPIError as error:
        return "refused" if "row-level security" in str(error.orig) else str(error.orig)
    return "done" if await world.snapshot() != before else "nothing"


async def test_every_table_is_restricted_or_said_to_be_public(guarded):
    names = {one.name for one in METADATA.sorted_tables}
    forced = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relrowsecurity AND relforcerowsecurity"

    assert names == TABLES | PUBLIC
    assert {row["relname"] for row in guarded.role.as_owner(forced)} == TABLES


async def test_to_others_nothing_restricted_is_there_and_nothing_is_taken_from_them(guarded):
    everything = await all_rows(guarded)
    assert all(everything.values()), "this proves nothing about an empty table"

    for member in ("", "elsewhere", "nobody-here"):
        for name, read in READS.items():
            async with guarded.database.read(member) as tx:
                found = await read(guarded, tx)
            if (name, member) not in {("relations", "elsewhere"), ("members", "elsewhere")}:  # see the next test
                assert not anything(found), (name, member)
        for name, write in WRITES.items():
            assert await outcome(guarded, member, write) in ("refused", "nothing"), (name, member)
    nothing = dict.fromkeys(TABLES, 0)
    assert await seen(guarded) == nothing
    assert await seen(guarded, "nobody-here") == nothing
    assert await all_rows(guarded) == everything


async def test_what_a_role_at_one_authority_opens_is_what_it_was_meant_to_open(guarded):
    everything = await all_rows(guarded)
    own = await seen(guarded, "pema")
    assert {name for name, count in own.items() if count == everything[name]} >= {
        "proposals", "decisions", "erasures", "snapshots", "staged_rows", "staged_listings", "listed", "self_assessments",
        "assessments", "assessment_findings", "surveillance", "signals",
    }  # fmt: skip
    assert {name for name, count in own.items() if not count} == {
        "persons", "erased_persons", "relations", "access_log", "member_identities", "signal_reporters",
        "erased_reporters",
    }  # fmt: skip
    regulator = await seen(guarded, "rega")
    assert {name for name, count in regulator.items() if count} == {
        "decisions", "persons", "erased_persons", "relations", "access_log", "members", "member_roles", "idempotency_keys",
        "self_assessments", "assessments", "assessment_findings", "surveillance", "signals", "signal_changes",
        "signal_reporters", "erased_reporters",
    }  # fmt: skip
    elsewhere = await seen(guarded, "elsewhere")
    assert {name for name, count in elsewhere.items() if count} == {
        "relations", "members", "member_roles", "erased_persons",
    }  # fmt: skip
    for member, write, what in (
        ("pema", WRITES["proposals"], "done"), ("rita", WRITES["persons"], "done"), ("rega", WRITES["relations"], "done"),
        ("adam", WRITES["member_roles"], "done"), ("pema", WRITES["access_log"], "done"),
        ("adam", lambda _, tx: tx.execute(delete(table("access_log"))), "nothing"),
        ("adam", lambda _, tx: tx.execute(update(table("access_log")).values(actor="x")), "nothing"),
        ("elsewhere", WRITES["relations"], "refused"),
    ):  # fmt: skip
        assert await outcome(guarded, member, write) == what, member
    async with guarded.database.as_registry().write() as tx:
        assert (await tx.execute(delete(table("access_log")))).rowcount == 0, (
            "not even the registry itself changes a note"
        )


async def test_of_abuse_only_regulators_and_whom_it_was_given_to_see_who_reported_and_what_became_of_it(guarded):
    """The row of a signal holds that there is one, and is its authority's; the rest of the rule is PostgreSQL's too."""
    desk, rega = guarded.app.state.services.signals, await guarded.actor("rega")
    abuse = {guarded.signals["abuse"]}

    async def shown(member, name):
        async with guarded.database.read(member) as tx:
            return set(await tx.scalars(select(table(name).c.signal_id)))

    every = set(guarded.signals.values())
    assert await shown("rita", "signal_reporters") == {guarded.signals["fee"]}, "a registrar"
    assert await shown("anil", "signal_reporters") == set()
    assert await shown("rita", "signal_changes") == await shown("anil", "signal_changes") == every - abuse
    assert await shown("rega", "signal_changes") == every
    assert await outcome(guarded, "anil", WRITES["signal_reporters"]) == "nothing"
    forged = insert(table("signal_changes")).inline()
    assert await outcome(guarded, "pema", lambda w, tx: tx.execute(forged, [changed(w, "rega")])) == "refused"

    await desk.assign(rega, guarded.signals["abuse"], "anil", key=guarded.key())
    anil = await guarded.actor("anil")
    assert await shown("anil", "signal_reporters") == abuse
    assert abuse <= await shown("anil", "signal_changes")
    await desk.move(anil, guarded.signals["abuse"], State.REFERRED, None, key=guarded.key())
    assert await shown("anil", "signal_reporters") == set(), "what is referred is given to nobody any more"


async def test_everybody_is_told_how_many_signals_were_found_true_and_nothing_else_of_them(guarded):
    desk, rega = guarded.app.state.services.signals, await guarded.actor("rega")
    await desk.move(rega, guarded.signals["fee"], State.SUBSTANTIATED, None, key=guarded.key())
    counted = {guarded.organisation_id: {FEE: 1}}

    for member in ("", "elsewhere", "pema"):
        async with guarded.database.read(member) as tx:
            before = await tx.scalar(select(func.count()).select_from(table("signals")))
            assert await signals.substantiated(tx, [guarded.organisation_id], START - timedelta(days=1)) == counted
            after = await tx.scalar(select(func.count()).select_from(table("signals")))
        assert before == after == (3 if member == "pema" else 0), "and no more is there afterwards"


async def test_without_row_security_each_of_them_would_have_been_there(guarded):
    """The control: it is the policies that keep this back, and nothing else that these statements or roles do."""
    for name in TABLES:
        guarded.role.as_owner(f"ALTER TABLE {name} DISABLE ROW LEVEL SECURITY")

    for name, read in READS.items():
        async with guarded.database.read() as tx:
            assert anything(await read(guarded, tx)), name
    assert await seen(guarded) == await all_rows(guarded)
    for name, write in WRITES.items():
        assert await outcome(guarded, "", write) == "done", name
    assert WRITES.keys() >= TABLES, "every table"


async def released_list(world):
    """A published list, staged by one person and released by another one."""
    lists = world.app.state.services.intake
    await lists.prepare("uk-sponsors")
    async with world.database.as_registry().write() as tx:
        for member, role in (("first", "proposer"), ("second", "approver")):
            await add_member(tx, member, member, now=START)
            await grant_role(tx, "aut_registry", member, role)
    first, second = await world.actor("first"), await world.actor("second")
    source = "https://lists.example/sponsors.csv"
    staged = await lists.stage(first, BytesIO(LIST), "uk-sponsors", transcribed_from=source, file_name="list.csv")
    return await lists.release_read(second, staged.id, staged.file_hash, key="release")


async def test_a_day_at_the_register_goes_as_ever(guarded):
    """What members do through the services, and what the workers do after them, meets no policy in its way."""
    await guarded.erasures.approve(await guarded.actor("eva"), guarded.erasure, key=guarded.key())
    offices = guarded.app.state.services.administration
    asked = await offices.propose(await guarded.actor("adam"), RoleDraft(LABOUR, "other", "assessor", "R"), key="give")
    digest = next(row[6] for row in (await guarded.snapshot())["proposals"] if row[0] == asked)
    await offices.approve(await guarded.actor("eva"), asked, digest, key="given")
    await guarded.relations.end(await guarded.actor("rega"), guarded.related_to, None, key=guarded.key())
    guarded.clock.forward(seconds=1)
    await guarded.decided(guarded.number, "suspend", measure="preventive")
    await guarded.logged()

    await Bureau(guarded).concluded(guarded.assessment)
    granted = await guarded.decided(guarded.applied_for, "grant", assessment=guarded.assessment)
    listed = await released_list(guarded)
    await guarded.logged()

    rows = await guarded.snapshot()
    assert granted in [row[0] for row in rows["decisions"]]
    digests = {row[3] for row in rows["idempotency_keys"] if row[4] == guarded.signals["erased"]}
    assert b"" in digests, "what an erased reporter had sent cannot be guessed from"
    assert rows["outbox"] == []
    assert listed.state == "RELEASED"
    assert len(rows["listed"]) == 2
    assert next(row[4] for row in rows["erasures"]) == "DONE"
    assert (LABOUR, "other", "assessor") in [tuple(row) for row in rows["member_roles"]]
    query = "query ($n: String!) { accreditation(number: $n) { standing { standing } } }"
    assert (await guarded.ask(query, n=guarded.number))["accreditation"]["standing"]["standing"] == "SUSPENDED"


async def test_who_acts_is_forgotten_with_the_transaction_and_costs_nobody_anything(guarded):
    statements = []
    async with guarded.database.read("pema") as tx:
        assert await tx.scalar(text("SELECT current_setting('goodstanding.member')")) == "pema"
    async with guarded.database.read() as tx:
        assert not await tx.scalar(text("SELECT current_setting('goodstanding.member', true)"))
        assert await accreditations.proposals(tx, [guarded.proposal]) == {}

    event.listen(
        guarded.database._reader.sync_engine, "before_cursor_execute", lambda *said: statements.append(said[2])
    )
    query = "query ($n: String!) { accreditation(number: $n) { standing { standing } } }"
    await guarded.ask(query, n=guarded.number)
    assert not [one for one in statements if "goodstanding" in one]


async def test_one_role_for_all_is_kept_back_as_well_and_a_superuser_is_told_of(guarded, empty_database, postgres):
    everything = await all_rows(guarded)
    for name in {one.name for one in METADATA.sorted_tables}:
        guarded.role.as_owner(f"ALTER TABLE {name} OWNER TO {guarded.role.name}")
    assert await seen(guarded) == dict.fromkeys(TABLES, 0)
    assert await all_rows(guarded) == everything
    assert (await guarded.client.get("/readyz")).json()["troubled"] == []

    owner = ServingRole(postgres, empty_database)
    postgres.execute(f"ALTER DATABASE {make_url(empty_database).database} OWNER TO {owner.name}")
    await migrate(owner.url, prefix="TEST", origin=HOME)
    whole = CoreWorld(guarded.keys_folder, empty_database)  # as the server's superuser
    assert "is a superuser" in (await whole.client.get("/readyz")).json()["troubled"][0]
    await whole.close()
    postgres.execute(f"ALTER DATABASE {make_url(empty_database).database} OWNER TO CURRENT_USER")
    owner.drop()
