"""Supply chains: who is in one, the weakest of them, bounds, and how many statements that takes."""

from datetime import UTC, date, datetime, timedelta

import pytest
from core_world import LABOUR, LICENCE, START
from sqlalchemy import insert
from statement_count import counted

from goodstanding.transitions import Standing
from registry import context
from registry.accreditations.tables import AccreditationRow
from registry.organisations.tables import OrganisationRow
from registry.relations import chain as chains
from registry.relations.chain import Known, weakest
from registry.relations.tables import RelationRow

CHAIN = """query ($id: ID!, $depth: Int) { organisation(id: $id) { supplyChain(depth: $depth) {
  links { kind outgoing organisation { id name } assertedBy { id } } weakest { number } weakestStanding } } }"""
ENTITIES = """query ($r: [_Any!]!) { _entities(representations: $r) { ... on Organisation {
  name relations { kind organisation { name } assertedBy { name } validFrom }
  supplyChain { links { organisation { name } } weakest { number } weakestStanding } } } }"""


async def chain(register, organisation, depth=None, member=None):
    variables = {"id": organisation} | ({} if depth is None else {"depth": depth})
    return (await register.ask(CHAIN, member, **variables))["organisation"]["supplyChain"]


async def names(register, organisation, depth=None):
    return [link["organisation"]["name"] for link in (await chain(register, organisation, depth))["links"]]


async def organisations(register, *wanted):
    return [await register.organisation(name) for name in wanted]


async def test_a_chain_goes_down_and_up_but_not_sideways(register):
    top, middle, sibling, lower, lowest = await organisations(register, "Top", "Middle", "Sibling", "Lower", "Lowest")
    await register.related(middle, "sub-agent-of", top)
    register.clock.forward(seconds=1)
    await register.related(sibling, "branch-of", top)
    await register.related(lower, "foreign-partner-of", middle)
    await register.related(lowest, "authorised-representative-of", lower)

    assert await names(register, middle) == ["Top", "Lower", "Lowest"]
    assert await names(register, top) == ["Middle", "Sibling", "Lower", "Lowest"], "the nearest first"
    assert await names(register, middle, 1) == ["Top", "Lower"]
    assert await names(register, lowest) == ["Lower", "Middle", "Top"]
    assert await names(register, sibling) == ["Top"]


async def test_only_what_holds_now_and_leads_on_is_in_it(register):
    a, b, c, d, e = await organisations(register, *"ABCDE")
    await register.related(b, "sub-agent-of", a, valid_until=date(2026, 5, 4))
    await register.related(c, "sub-agent-of", a, valid_from=date(2026, 5, 5))
    await register.related(d, "successor-of", a)
    await register.related(e, "suspected-successor-of", a, await register.regulator())

    assert await names(register, a) == ["B"]
    register.clock.forward(days=1)
    assert await names(register, a) == ["C"]


async def test_a_circle_ends(register):
    a, b, c = await organisations(register, *"ABC")
    for source, target in ((a, b), (b, c), (c, a)):
        await register.related(source, "sub-agent-of", target)

    assert sorted(await names(register, a, 5)) == ["B", "C"]


@pytest.mark.parametrize("depth", [0, -1, 6])
async def test_depth_is_bounded(register, depth):
    (one,) = await organisations(register, "One")
    (error,) = await register.errors(CHAIN, id=one, depth=depth)

    assert error["extensions"] == {"code": "INVALID", "field": "depth"}


async def test_a_chain_that_is_too_long_is_refused_and_not_cut_off(register, monkeypatch):
    monkeypatch.setattr(chains, "MAX_LINKS", 2)
    a, *others = await organisations(register, *"ABCD")
    for other in others[:2]:
        await register.related(other, "sub-agent-of", a)
    assert len(await names(register, a)) == 2

    await register.related(others[2], "branch-of", a)
    (error,) = await register.errors(CHAIN, id=a)
    assert error["extensions"] == {"code": "CHAIN_TOO_LONG", "field": "depth"}


async def test_an_answer_does_not_grow_without_end_along_chains_that_lead_back(register, monkeypatch):
    """The weakest of a chain without links is the organisation's own: each level would double the answer."""
    monkeypatch.setattr(context, "MAX_ITEMS", 200)
    (alone,) = await organisations(register, "Alone")
    await register.applied(by=alone)
    await register.logged()
    back = "supplyChain {{ weakest {{ organisation {{ ...F{0} }} }} }}"
    below = [
        f"fragment F{at} on Organisation {{ a: {back.format(at + 1)} b: {back.format(at + 1)} }}" for at in range(20)
    ]
    query = f"query ($id: ID!) {{ organisation(id: $id) {{ ...F0 }} }} {' '.join(below)} fragment F20 on Organisation {{ id }}"

    errors = await register.errors(query, id=alone)
    assert {error["extensions"]["code"] for error in errors} == {"TOO_MUCH"}


async def test_the_weakest_is_the_worst_that_is_known_and_nothing_known_is_never_good(register):
    principal, agent = await organisations(register, "Principal", "Agent")
    await register.related(agent, "sub-agent-of", principal)

    async def granted(organisation):
        number = await register.applied(by=organisation)
        await register.decided(number, "grant", valid_until=date(2026, 12, 31))
        await register.logged()
        return number

    assert (await chain(register, principal))["weakestStanding"] is None
    number = await granted(principal)
    assert await chain(register, principal) | {"links": []} == {
        "links": [], "weakest": None, "weakestStanding": None,
    }, "the agent has no accreditation"  # fmt: skip

    other = await granted(agent)
    assert (await chain(register, principal))["weakestStanding"] == "ACTIVE"
    register.clock.forward(seconds=1)
    await register.decided(other, "suspend", measure="preventive")
    shown = await chain(register, principal)
    assert (shown["weakest"], shown["weakestStanding"]) == ({"number": other}, "SUSPENDED"), "before the log has it"

    register.clock.now = datetime(2027, 1, 2, tzinfo=UTC)
    assert (await chain(register, principal))["weakestStanding"] == "LAPSED", "the clock decides, not a worker"
    assert number


def known(standing, *, place="licence", day=0, number="TEST-00000000-00"):
    return Known(number, (LABOUR, place), START + timedelta(days=day), Standing[standing])


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        ([["ACTIVE"], ["PROVISIONAL"]], "PROVISIONAL"), ([["ACTIVE"], ["CONDITIONAL"]], "CONDITIONAL"),
        ([["CONDITIONAL"], ["NOT_ASSERTED"]], "NOT_ASSERTED"), ([["NOT_ASSERTED"], ["APPLIED"]], "APPLIED"),
        ([["APPLIED"], ["SUSPENDED"]], "SUSPENDED"), ([["SUSPENDED"], ["REVOKED"]], "REVOKED"),
        ([["ACTIVE"], []], None), ([["REVOKED"], []], "REVOKED"), ([["NOT_ASSERTED"], []], "NOT_ASSERTED"), ([[], []], None),
    ],
)  # fmt: skip
def test_what_is_weaker(held, expected):
    found = weakest({f"org_{at}": [known(one) for one in standings] for at, standings in enumerate(held)})

    assert (found and found.standing.name) == expected


def test_only_the_newest_accreditation_of_one_kind_counts():
    assert weakest({"a": [known("REVOKED"), known("ACTIVE", day=1)]}).standing is Standing.ACTIVE
    assert weakest({"a": [known("REVOKED", day=1), known("ACTIVE")]}).standing is Standing.REVOKED
    assert weakest({"a": [known("REVOKED", place="other"), known("ACTIVE")]}).standing is Standing.REVOKED


async def stock(register, count):
    """So many organisations, all but the first sub-agents of that, each with an accreditation; returns their ids."""
    ids = [f"org_{count:04}{at:028}" for at in range(count)]
    blank = {"kind": "recruiter", "name": "Stock", "names": [], "identifiers": [], "domains": [], "jurisdiction": "NP"}
    related = {"kind": "sub-agent-of", "to_id": ids[0], "authority_id": LABOUR, "created_at": START}
    held = {"authority_id": LABOUR, "scheme_id": LICENCE, "subject": bytes(16), "open": True, "standing": "ACTIVE",
            "public_standing": "ACTIVE", "scope": {}, "created_at": START, "changed_at": START}  # fmt: skip
    tables = {
        OrganisationRow: [blank | {"id": one, "created_at": START} for one in ids],
        RelationRow: [related | {"id": f"rel_{one[4:]}", "from_id": one} for one in ids[1:]],
        AccreditationRow: [held | {"number": f"TEST-{count:04}{at:04}-00", "organisation_id": one}
                           for at, one in enumerate(ids[:500])],
    }  # fmt: skip
    async with register.database.write() as tx:
        for table, rows in tables.items():
            if rows:
                await tx.execute(insert(table), rows)
    return ids


async def statements(register, query, **variables):
    with counted(register.database) as found:
        await register.ask(query, **variables)
    return len(found)


@pytest.mark.both_backends
async def test_the_number_of_statements_does_not_grow_with_the_chain(register):
    counts = {}
    for size in (1, 50, 500):
        root, *_ = await stock(register, size + 1)
        counts[size] = await statements(register, CHAIN, id=root)

    # the root; a step, and one that leads nowhere; accreditations, their decisions; those linked; authorities
    assert counts == dict.fromkeys((1, 50, 500), 7)


@pytest.mark.both_backends
async def test_the_number_of_statements_does_not_grow_with_the_entities(register):
    counts = {}
    for size in (1, 50, 500):
        ids = await stock(register, size + 1)
        entities = [{"__typename": "Organisation", "id": one} for one in ids[:size]]
        counts[size] = await statements(register, ENTITIES, r=entities)

    # as above, and the relations
    assert counts == dict.fromkeys((1, 50, 500), 8)
