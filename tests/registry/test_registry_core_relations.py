"""Relations: who may state and end them, what is logged of them, and who sees them."""

import asyncio
import json
from datetime import date

import pytest
from core_world import LABOUR
from sqlalchemy import select
from sqlmodel import col

from goodstanding.events import Leaf
from registry.errors import Conflict, Forbidden, Invalid, NotFound
from registry.issuance.tables import EventRow
from registry.relations.model import Draft

RELATE = """mutation ($input: RelateOrganisationsInput!) { relateOrganisations(input: $input) { __typename
  ... on RelationDone { relation { id kind outgoing organisation { id } assertedBy { id } validFrom validUntil } }
  ... on DomainError { code message } ... on Invalid { field } ... on Conflict { blockedBy } } }"""
END = """mutation ($input: EndRelationInput!) { endRelation(input: $input) { __typename
  ... on RelationDone { relation { validFrom validUntil } } ... on DomainError { code message } } }"""
OF = """query ($id: ID!, $kind: String) { organisation(id: $id) { relations(kind: $kind) {
  kind outgoing organisation { id } validFrom validUntil } } }"""


@pytest.fixture
async def two(register):
    """The ids of an agent and its principal."""
    return await register.organisation("Agent"), await register.organisation("Principal")


async def logged(register):
    """(leaf, data) of every event of a relation."""
    statement = select(col(EventRow.leaf), col(EventRow.body)).where(col(EventRow.kind) == "relation")
    async with register.database.read() as tx:
        rows = (await tx.execute(statement.order_by(col(EventRow.seq)))).all()
    return [(Leaf.decode(row.leaf), json.loads(row.body)["data"]) for row in rows]


async def seen(register, organisation, member=None, kind=None):
    found = (await register.ask(OF, member, id=organisation, kind=kind))["organisation"]["relations"]
    return [(one["kind"], one["outgoing"], one["organisation"]["id"]) for one in found]


async def test_a_relation_is_stated_shown_from_both_sides_and_ended(register, two):
    agent, principal = two
    given = {"kind": "sub-agent-of", "from": agent, "to": principal, "validFrom": "2026-05-01"}

    stated = (await register.ask(RELATE, "rita", input=given | {"idempotencyKey": "1"}))["relateOrganisations"]

    relation = stated["relation"]
    assert relation == {
        "id": relation["id"], "kind": "sub-agent-of", "outgoing": True, "organisation": {"id": principal},
        "assertedBy": {"id": LABOUR}, "validFrom": "2026-05-01", "validUntil": None,
    }  # fmt: skip
    assert await seen(register, agent) == [("sub-agent-of", True, principal)]
    assert await seen(register, principal) == [("sub-agent-of", False, agent)]
    assert await seen(register, principal, kind="branch-of") == []

    end = {"idempotencyKey": "2", "relation": relation["id"], "validUntil": "2026-06-30"}
    ended = (await register.ask(END, "rita", input=end))["endRelation"]
    assert ended["relation"] == {"validFrom": "2026-05-01", "validUntil": "2026-06-30"}
    assert await seen(register, agent) == [("sub-agent-of", True, principal)], "its history stays"


async def test_each_relation_is_a_stream_of_its_own_in_the_log(register, two):
    first = await register.related(two[0], "branch-of", two[1], valid_from=date(2026, 5, 1))
    await register.related(two[0], "successor-of", two[1])
    await register.relations.end(await register.actor("rita"), first, None, key="end")
    await register.logged()

    (stated, facts), (other, _), (ended, later) = await logged(register)
    assert facts == {"kind": "branch-of", "from": two[0], "to": two[1], "valid_from": "2026-04-30T18:15:00.000Z"}
    assert later == facts | {"valid_until": "2026-05-04T09:00:00.000Z"}
    assert (stated.prev, other.prev) == (None, None)
    assert stated.subject == ended.subject != other.subject
    assert ended.prev is not None
    assert (await register.snapshot())["outbox"] == []


async def test_repeating_a_key_states_one_relation_and_racing_callers_too(register, two):
    rita = await register.actor("rita")
    draft = {"kind": "branch-of", "source": two[0], "target": two[1]}
    ids = await asyncio.gather(*(register.relations.relate(rita, Draft(**draft), key="one") for _ in range(8)))

    assert len(set(ids)) == 1
    for _ in range(2):
        await register.relations.end(rita, ids[0], None, key="end")
    assert len(await logged(register)) == 2


@pytest.mark.parametrize(
    ("changed", "typename", "code", "field"),
    [
        ({"kind": "cousin-of"}, "Invalid", "INVALID", "kind"),
        ({"to": "AGENT"}, "Invalid", "INVALID", "to"),
        ({"validFrom": "2026-05-02", "validUntil": "2026-05-01"}, "Invalid", "INVALID", "validUntil"),
        ({"to": "org_" + "0" * 32}, "NotFound", "NOT_FOUND", None),
        ({"from": "nobody"}, "NotFound", "NOT_FOUND", None),
        ({"kind": "suspected-successor-of"}, "Forbidden", "ROLE_NEEDED", None),
    ],
)
async def test_relations_that_cannot_be(register, two, changed, typename, code, field):
    given = {"kind": "branch-of", "from": two[0], "to": two[1], "idempotencyKey": "1"} | changed
    given = {name: two[0] if value == "AGENT" else value for name, value in given.items()}
    await register.token("rita")  # whose key is made on first need
    before = await register.snapshot()

    result = (await register.ask(RELATE, "rita", input=given))["relateOrganisations"]

    assert (result["__typename"], result["code"], result.get("field")) == (typename, code, field)
    assert await register.snapshot() == before


async def test_the_same_is_not_asserted_twice_at_a_time(register, two):
    first = await register.related(two[0], "branch-of", two[1])
    with pytest.raises(Conflict) as refusal:
        await register.related(two[0], "branch-of", two[1])
    assert refusal.value.blocked_by == first

    rita = await register.actor("rita")
    await register.relations.end(rita, first, None, key=register.key())
    with pytest.raises(Conflict, match="ended already"):
        await register.relations.end(rita, first, None, key=register.key())
    register.clock.forward(seconds=1)
    assert await register.related(two[0], "branch-of", two[1]) != first


async def test_who_may_state_and_end_one(register, two):
    made = await register.related(two[0], "branch-of", two[1])

    for member in ("other", "anil", "tara"):
        with pytest.raises(Forbidden):
            await register.related(two[0], "successor-of", two[1], member)
        with pytest.raises(Forbidden):
            await register.relations.end(await register.actor(member), made, None, key=register.key())
    with pytest.raises(NotFound):
        await register.relations.end(await register.actor("rita"), "rel_" + "0" * 32, None, key=register.key())
    with pytest.raises(Invalid, match="before it begins"):
        later = await register.related(two[1], "branch-of", two[0], valid_from=date(2026, 6, 1))
        await register.relations.end(await register.actor("rita"), later, None, key=register.key())


async def test_a_suspected_successor_is_for_regulators_only_and_never_logged(register, two):
    rega = await register.regulator()
    made = await register.related(two[0], "suspected-successor-of", two[1], rega)
    await register.logged()

    assert await logged(register) == []
    assert await seen(register, two[0], rega) == [("suspected-successor-of", True, two[1])]
    for member in (None, "rita", "other"):
        assert await seen(register, two[0], member) == []
    with pytest.raises(NotFound):
        await register.relations.end(await register.actor("rita"), made, None, key="1")
    await register.relations.end(await register.actor(rega), made, None, key="2")
    assert await logged(register) == []
