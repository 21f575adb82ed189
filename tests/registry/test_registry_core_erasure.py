"""Erasure: two persons, an event that says so, then log and register forget; what is left shows nothing and breaks nothing."""

import asyncio
import json

import pytest
from core_world import LABOUR
from sqlalchemy import select, text, update
from sqlmodel import col
from typer.testing import CliRunner

from goodstanding.canonical import unb64u
from goodstanding.events import Leaf, commitment
from registry.access.model import Role
from registry.access.service import grant_role
from registry.cli import app
from registry.erasure.dropping import Dropping
from registry.erasure.repository import again
from registry.errors import Conflict, Forbidden, Invalid, NotAllowed, NotFound
from registry.issuance import copying
from registry.issuance.errors import LogUnavailable
from registry.issuance.tables import EventRow, StatusEntryRow
from registry.organisations.model import Amendment, NameDraft

REQUEST = """mutation ($input: RequestErasureInput!) { requestErasure(input: $input) { __typename
  ... on ErasureDone { erasure { id events reason state eventId } } ... on DomainError { code message } } }"""
APPROVE = """mutation ($input: ApproveErasureInput!) { approveErasure(input: $input) { __typename
  ... on ErasureDone { erasure { id state eventId } } ... on DomainError { code message } } }"""
REJECT = """mutation ($input: RejectErasureInput!) { rejectErasure(input: $input) { __typename
  ... on ErasureDone { erasure { id state } } ... on DomainError { code message } } }"""
SHOWN = """query ($n: String!, $o: ID!) { accreditation(number: $n) { standing { standing } record conditions { code }
  validUntil decisions { edges { node { act } } } } organisation(id: $o) { name names { text } identifiers { value }
  accreditations { edges { node { number } } } supplyChain { weakestStanding } } }"""


@pytest.fixture
async def held(register):
    """A register with a logged accreditation and two persons who may erase: (number, organisation, event ids)."""
    await register.admins()
    number = await register.granted(restricted_text="Told by the holder", public_text="Himal did well")
    await register.decided(number, "suspend", measure="preventive")
    await register.logged()
    return number, (await register.snapshot())["organisations"][0][0], await event_ids(register)


async def event_ids(register, *kinds):
    """Event ids by kind, or by the act of a decision, in the order of the log."""
    statement = select(col(EventRow.event_id), col(EventRow.kind), col(EventRow.body), col(EventRow.log_index))
    async with register.database.read() as tx:
        rows = (await tx.execute(statement.order_by(col(EventRow.seq)))).all()
    return {json.loads(row.body or b"{}").get("act", row.kind): row.event_id for row in rows}


async def shown(register, held, member=None):
    number, organisation, _ = held
    return await register.ask(SHOWN, member, n=number, o=organisation)


def holds(rows, text_):
    """Tables in which a text is written anywhere."""
    return {table for table, found in rows.items() for row in found if text_ in repr(row)}


async def test_two_persons_have_a_decision_erased(register, held):
    _, _, ids = held
    given = {"idempotencyKey": "1", "events": [ids["grant"]], "reason": "By court order"}
    asked = (await register.ask(REQUEST, "adam", input=given))["requestErasure"]["erasure"]
    assert asked == {"id": asked["id"], "events": [ids["grant"]], "reason": "By court order", "state": "REQUESTED",
                     "eventId": None}  # fmt: skip
    assert (await shown(register, held))["accreditation"]["standing"] == {"standing": "SUSPENDED"}

    approved = await register.ask(APPROVE, "eva", input={"idempotencyKey": "1", "erasure": asked["id"]})
    event_id = approved["approveErasure"]["erasure"]["eventId"]
    await register.logged()

    query = "query ($id: ID!) { erasure(id: $id) { state } }"
    assert (await register.ask(query, "rita", id=asked["id"]))["erasure"] == {"state": "DONE"}
    assert (await register.ask(query, id=asked["id"]))["erasure"] is None, "for the authority only"
    assert register.log.erasures == [(event_id, [ids["grant"]])]
    body = json.loads(register.log.events[event_id].body)
    assert (body["kind"], body["authority"], body["data"]) == ("erasure", LABOUR, {"event_ids": [ids["grant"]]})


async def test_an_accreditation_without_one_of_its_decisions_shows_nothing(register, held):
    number, organisation, ids = held
    await register.erased(ids["suspend"])
    await register.logged()

    public = await shown(register, held)
    assert public["accreditation"] is None
    assert public["organisation"]["accreditations"]["edges"] == []
    assert public["organisation"]["supplyChain"] == {"weakestStanding": None}
    staff = (await shown(register, held, "rita"))["accreditation"]
    assert staff == {"standing": None, "record": None, "conditions": [], "validUntil": None, "decisions": {"edges": []}}
    response = await register.client.get(f"/records/{number}")
    assert (response.status_code, response.json()["code"]) == (404, "ERASED")
    with pytest.raises(NotAllowed):
        await register.proposed(number, "end_suspension", closes=ids["suspend"])
    assert await register.applied(by=organisation), "it may apply anew"


async def test_nothing_that_was_erased_is_left_in_any_table(register, held):
    number, _, ids = held
    await register.erased(ids["grant"], ids["organisation"])
    await register.logged()

    rows = await register.snapshot()
    for text_ in ("Himal", "Told by the holder"):
        assert holds(rows, text_) == set()
    assert [row for row in rows["records"] if number in row] == []
    assert [row for row in rows["accreditation_corridors"] if number in row] == []
    kept = {row[1]: row for row in rows["events"]}
    assert Leaf.decode(kept[ids["grant"]][5]).event_id == ids["grant"], "the leaf stays"
    assert (kept[ids["grant"]][4], kept[ids["grant"]][6]) == (b"", b"")


async def test_its_status_indices_assert_nothing_and_what_ended_stays_ended(register, held):
    number, _, ids = held
    await register.decided(number, "end_suspension", closes=ids["suspend"])
    register.clock.forward(seconds=1)
    await register.decided(number, "change_scope")
    await register.logged()
    await register.erased(ids["suspend"])
    await register.logged()

    async with register.database.read() as tx:
        codes = list(await tx.scalars(select(col(StatusEntryRow.code)).where(col(StatusEntryRow.number) == number)))
    assert sorted(codes) == [1, 3]


async def test_an_erased_organisation_has_no_name_until_it_is_amended(register, held):
    _, organisation, ids = held
    before = (await shown(register, held))["accreditation"]
    await register.erased(ids["organisation"])
    await register.logged()

    after = await shown(register, held)
    assert (after["organisation"]["name"], after["organisation"]["names"]) == ("", [])
    assert after["accreditation"] == before, "its decisions are others"

    names = Amendment(names=[NameDraft("Himal Again", "legal")])
    await register.organisations.amend(await register.actor("rita"), organisation, names, key="again")
    await register.logged()
    assert (await shown(register, held))["organisation"]["name"] == "Himal Again"


async def test_an_earlier_name_is_erased_and_the_present_one_stays(register, held):
    _, organisation, ids = held
    names = Amendment(names=[NameDraft("Kestrel", "legal")])
    await register.organisations.amend(await register.actor("rita"), organisation, names, key="amended")
    await register.logged()
    await register.erased(ids["organisation"])
    await register.logged()

    assert (await shown(register, held))["organisation"]["name"] == "Kestrel"


async def test_an_erased_relation_is_gone(register, held):
    _, organisation, _ = held
    await register.related(await register.organisation("Agent"), "sub-agent-of", organisation)
    await register.logged()
    await register.erased((await event_ids(register))["relation"])
    await register.logged()

    query = "query ($o: ID!) { organisation(id: $o) { relations { kind } } }"
    assert (await register.ask(query, o=organisation))["organisation"]["relations"] == []
    assert (await register.snapshot())["relations"] == []


async def test_changes_go_on_over_what_was_erased(register, held):
    _, _, ids = held
    await register.erased(ids["grant"])
    await register.logged()

    edges = (await register.ask("{ changes { edges { node { eventId act } } } }"))["changes"]["edges"]
    acts = {edge["node"]["eventId"]: edge["node"]["act"] for edge in edges}
    assert acts[ids["grant"]] == "ERASED"
    assert acts[ids["suspend"]] == "suspend"
    assert len(acts) == len((await register.snapshot())["events"])


async def test_repeating_an_act_whose_decision_was_erased_says_so(register, held):
    _, _, ids = held
    number = await register.applied()
    proposal, digest = await register.proposed(number, "grant")
    query = """mutation ($input: ApproveProposalInput!) { approveProposal(input: $input) { __typename
      ... on DecisionDone { decision { eventId } } ... on DomainError { code } } }"""
    given = {"idempotencyKey": "same", "proposal": proposal, "digest": digest}
    done = (await register.ask(query, "anil", input=given))["approveProposal"]
    await register.logged()
    await register.erased(done["decision"]["eventId"])
    await register.logged()

    again = (await register.ask(query, "anil", input=given))["approveProposal"]
    assert again == {"__typename": "NotFound", "code": "ERASED"}
    assert ids


# --- who, and what


async def test_it_takes_two_different_persons_with_the_role(register, held):
    _, _, ids = held
    for member in ("rita", "anil", "other", "hr-key"):
        with pytest.raises(Forbidden):
            await register.erasures.request(await register.actor(member), [ids["grant"]], "Why", key="1")
    async with register.database.write() as tx:
        await grant_role(tx, LABOUR, "hr-key", Role.AUTHORITY_ADMIN)
    with pytest.raises(Forbidden, match="person"):
        await register.erasures.request(await register.actor("hr-key"), [ids["grant"]], "Why", key="1")

    asked = await register.erasures.request(await register.actor("adam"), [ids["grant"]], "Why", key="1")
    for member, error in (("adam", Forbidden), ("rita", Forbidden), ("hr-key", Forbidden), ("other", NotFound)):
        with pytest.raises(error):
            await register.erasures.approve(await register.actor(member), asked, key="2")
    await register.erasures.approve(await register.actor("eva"), asked, key="3")
    with pytest.raises(Conflict):
        await register.erasures.approve(await register.actor("eva"), asked, key="4")
    assert await register.erasures.approve(await register.actor("eva"), asked, key="3") == asked


@pytest.mark.both_backends
async def test_a_request_is_rejected_by_a_second_person_or_expires_and_nothing_is_erased(register, held):
    _, _, ids = held
    adam, eva = [await register.actor(member) for member in ("adam", "eva")]
    asked = await register.erasures.request(adam, [ids["grant"]], "Why", key="1")
    for member, error in ((adam, Forbidden), (await register.actor("rita"), Forbidden)):
        with pytest.raises(error):
            await register.erasures.reject(member, asked, "No", key="2")
    assert await register.erasures.reject(eva, asked, "It is still needed", key="3") == asked
    assert await register.erasures.reject(eva, asked, "It is still needed", key="3") == asked
    for act in (register.erasures.approve(eva, asked, key="4"), register.erasures.reject(eva, asked, "No", key="5")):
        with pytest.raises(Conflict, match="rejected already"):
            await act

    late = await register.erasures.request(adam, [ids["grant"]], "Why", key="6")
    register.clock.forward(days=14)
    with pytest.raises(Conflict, match="expired on 2026") as refusal:
        await register.erasures.approve(eva, late, key="7")
    assert refusal.value.code == "REQUEST_EXPIRED"
    states = "query ($id: ID!) { erasure(id: $id) { state expiresAt } }"
    assert [(await register.ask(states, "eva", id=one))["erasure"]["state"] for one in (asked, late)] == [
        "REJECTED", "EXPIRED",
    ]  # fmt: skip
    answer = await register.ask(REJECT, "eva", input={"idempotencyKey": "8", "erasure": late, "reason": "No"})
    assert answer["rejectErasure"]["code"] == "REQUEST_EXPIRED"
    await register.logged()
    assert register.log.erasures == []


@pytest.mark.both_backends
async def test_of_two_who_approve_at_once_one_does(register, held):
    _, _, ids = held
    async with register.database.write() as tx:
        await grant_role(tx, LABOUR, "rita", Role.AUTHORITY_ADMIN)
    asked = await register.erasures.request(await register.actor("adam"), [ids["grant"]], "Why", key="1")

    actors = [await register.actor(member) for member in ("eva", "rita")]
    outcomes = await asyncio.gather(
        *(register.erasures.approve(actor, asked, key=actor.sub) for actor in actors), return_exceptions=True
    )

    assert sorted(type(one).__name__ for one in outcomes) == ["Conflict", "str"]
    await register.logged()
    assert len(register.log.erasures) == 1


@pytest.mark.both_backends
async def test_the_database_too_insists_on_two_persons(register, held):
    _, _, ids = held
    await register.erasures.request(await register.actor("adam"), [ids["grant"]], "Why", key="1")
    for change in ("approved_by = 'adam', state = 'APPROVED'", "state = 'APPROVED'", "rejected_by = 'adam'"):
        with pytest.raises(Exception, match="(?i)constraint"):
            async with register.database.write() as tx:
                await tx.execute(text(f"UPDATE erasures SET {change}"))


@pytest.mark.parametrize(
    ("events", "error", "code"),
    [
        ([], Invalid, "INVALID"),
        (["nothing"], Invalid, "INVALID"),
        (["0197c000-0000-7000-8000-000000000000"], NotFound, "NOT_FOUND"),
        (["mandate"], Invalid, "NOT_ERASABLE"),
        (["key"], Invalid, "NOT_ERASABLE"),
        (["pending"], Conflict, "NOT_LOGGED"),
        (["gone"], Conflict, "ALREADY_ERASED"),
        (["erasure"], Invalid, "NOT_ERASABLE"),
    ],
)
async def test_what_cannot_be_erased(register, held, events, error, code):
    _, _, ids = held
    await register.erased(ids["suspend"])
    await register.logged()
    ids = {**await event_ids(register), "gone": ids["suspend"]}
    await register.organisation("Pending")
    pending = (await event_ids(register))["organisation"]
    ids |= {"pending": pending}

    with pytest.raises(error) as refusal:
        wanted = [ids.get(one, one) for one in events]
        await register.erasures.request(await register.actor("adam"), wanted, "Why", key="1")
    assert refusal.value.code == code


# --- order, and what stops in between


class Killed(Exception):
    """The process ends here."""


@pytest.mark.both_backends
@pytest.mark.parametrize("step", ["erasure logged", "erasure told the log", "erasure done"])
async def test_what_stops_in_between_goes_on_from_there(register, held, step):
    _, _, ids = held
    died = []

    def kill(at):
        if at == step:
            died.append(at)
            raise Killed

    parts = register.database, register.log, register.clock
    register.workers._dropping = Dropping(*parts, kill)
    await register.erased(ids["grant"])
    while not died:
        await register.workers.round()
    assert (holds(await register.snapshot(), "Himal did well") == set()) is (step == "erasure done")
    register.workers._dropping = Dropping(*parts)
    await register.logged()

    rows = await register.snapshot()
    assert holds(rows, "Himal did well") == set()
    assert {one for _, told in register.log.erasures for one in told} == {ids["grant"]}
    assert not await register.workers._dropping.waiting()


@pytest.mark.both_backends
async def test_doing_every_erasure_again_changes_nothing_and_mends_a_backup(register, held):
    number, _, ids = held
    await register.erased(ids["grant"], ids["organisation"])
    await register.logged()
    done = await register.snapshot()
    async with register.database.write() as tx:  # as a backup would bring it back
        was = update(EventRow).where(col(EventRow.event_id) == ids["grant"])
        await tx.execute(was.values(body=b'{"name": "Himal did well"}', salt=b"s" * 32, erased_by=None))

    async with register.database.write() as tx:
        assert await again(tx) == 1
    await register.logged()

    assert await register.snapshot() == done
    assert register.log.erasures[0] == register.log.erasures[1]
    assert number


def test_the_command_says_how_many_erasures_the_workers_will_do_again(tmp_path):
    runner, env = CliRunner(), {"GOODSTANDING_VAR": str(tmp_path / "var")}
    assert runner.invoke(app, ["migrate"], env=env).exit_code == 0

    result = runner.invoke(app, ["erase-again"], env=env)

    assert (result.exit_code, result.stdout) == (0, "The workers will do 0 erasures again.\n")


async def test_every_event_can_be_copied_for_a_log_that_lost_it_and_an_erased_one_names_its_erasure(register, held):
    _, _, ids = held
    await register.erased(ids["grant"])
    await register.logged()

    copied = [json.loads(line) async for line in copying.lines(register.database)]

    events = [(Leaf.decode(unb64u(line["leaf"])), line) for line in copied]
    assert {leaf.event_id for leaf, _ in events} == register.log.events.keys()
    for leaf, line in events:
        if leaf.event_id == ids["grant"]:
            assert line.keys() == {"leaf", "erased_by"}
        else:
            assert leaf.commitment == commitment(unb64u(line["salt"]), unb64u(line["body"]))


async def test_nothing_is_dropped_before_the_erasure_event_is_logged(register, held):
    _, _, ids = held
    register.log.holding = True
    await register.erased(ids["grant"])
    for _ in range(5):
        await register.workers.round()

    assert holds(await register.snapshot(), "Himal did well") >= {"events"}
    assert register.log.erasures == []

    register.log.holding = False
    register.log.publish()
    await register.logged()
    assert holds(await register.snapshot(), "Himal did well") == set()


async def test_while_the_log_is_away_the_register_keeps_what_the_log_still_has(register, held, monkeypatch):
    _, _, ids = held
    await register.erased(ids["grant"])

    async def away(*_):
        raise LogUnavailable("the line is cut")

    with monkeypatch.context() as cut:
        cut.setattr(register.log, "erase", away)
        for _ in range(4):
            await register.workers.round()
        assert register.workers.trouble == "the line is cut"
    assert holds(await register.snapshot(), "Himal did well") >= {"events"}


async def test_what_the_log_refuses_for_good_waits_for_a_person_and_holds_nothing_up(register, held):
    _, _, ids = held
    register.log.refused.add(ids["grant"])
    await register.erased(ids["grant"])
    await register.logged()

    assert [row[4] for row in (await register.snapshot())["erasures"]] == ["ASIDE"]
    assert holds(await register.snapshot(), "Himal did well") >= {"events"}
