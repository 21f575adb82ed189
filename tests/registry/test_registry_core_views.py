"""Who sees what; lists, filters, pages and cursors; and how many statements that takes."""

import pytest
from core_world import LABOUR, LICENCE, STANDARD, opaque
from statement_count import counted

LIST = """
query ($first: Int, $after: String, $filter: AccreditationFilter) {
  accreditations(first: $first, after: $after, filter: $filter) { totalCount
    edges { cursor node { number standing { standing } organisation { name } authority { name } scheme { name }
      decisions { edges { node { act } } } record } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }
"""
ONE = "query ($number: String!) { accreditation(number: $number) { number standing { standing overlays { code } } } }"
CHANGES = """query ($after: String, $first: Int) { changes(after: $after, first: $first) {
  edges { cursor node { eventId number act at } } pageInfo { hasNextPage endCursor } } }"""
PROPOSALS = "query ($state: String) { proposals(state: $state) { edges { node { id state } } } }"


def numbers(answer):
    return [edge["node"]["number"] for edge in answer["accreditations"]["edges"]]


async def test_an_application_is_public_once_it_is_logged(register):
    number = await register.applied()

    assert (await register.ask(ONE, number=number))["accreditation"] is None
    assert (await register.ask(ONE, "other", number=number))["accreditation"] is None
    own = (await register.ask(ONE, "rita", number=number))["accreditation"]
    assert own["standing"] == {"standing": "APPLIED", "overlays": [{"code": "PENDING_LOG"}]}
    assert numbers(await register.ask(LIST)) == []
    assert numbers(await register.ask(LIST, "rita")) == [number]
    await register.logged()
    assert (await register.ask(ONE, number=number))["accreditation"]["standing"]["standing"] == "APPLIED"
    assert numbers(await register.ask(LIST)) == [number]


async def test_a_pending_grant_is_seen_by_staff_only(register):
    number = await register.applied()
    await register.logged()
    register.clock.forward(seconds=1)
    event_id = await register.decided(number, "grant")
    active = {"standing": ["ACTIVE"]}
    node = "query ($id: ID!) { node(id: $id) { id } }"

    assert (await register.ask(ONE, "anil", number=number))["accreditation"]["standing"]["standing"] == "ACTIVE"
    assert (await register.ask(ONE, number=number))["accreditation"]["standing"]["standing"] == "APPLIED"
    assert numbers(await register.ask(LIST, filter=active)) == []
    assert numbers(await register.ask(LIST, "anil", filter=active)) == [number]
    assert (await register.ask(node, id=event_id))["node"] is None
    assert (await register.ask(node, "anil", id=event_id))["node"] == {"id": event_id}


async def test_a_pending_suspension_is_seen_by_everyone(register):
    number = await register.granted()
    await register.logged()
    event_id = await register.decided(number, "suspend")

    seen = (await register.ask(ONE, number=number))["accreditation"]
    assert seen["standing"] == {"standing": "SUSPENDED", "overlays": [{"code": "PENDING_LOG"}]}
    assert numbers(await register.ask(LIST, filter={"standing": ["SUSPENDED"]})) == [number]
    found = await register.ask("query ($id: ID!) { node(id: $id) { ... on Decision { pending } } }", id=event_id)
    assert found["node"] == {"pending": True}


async def test_proposals_are_for_members_of_their_authority(register):
    number = await register.applied()
    proposal_id, _ = await register.proposed(number, "grant")
    one = "query ($id: ID!) { proposal(id: $id) { id } node(id: $id) { id } }"

    for stranger in (None, "other"):
        assert await register.ask(one, stranger, id=proposal_id) == {"proposal": None, "node": None}
        assert (await register.ask(PROPOSALS, stranger))["proposals"]["edges"] == []
    for member in ("rita", "pema", "anil"):
        assert await register.ask(one, member, id=proposal_id) == {
            "proposal": {"id": proposal_id}, "node": {"id": proposal_id},
        }  # fmt: skip


@pytest.mark.both_backends
async def test_proposals_by_state(register):
    number = await register.applied()
    old, _ = await register.proposed(number, "grant")
    register.clock.forward(days=14)
    new, _ = await register.proposed(number, "grant", reason="AGAIN")

    async def listed(state):
        edges = (await register.ask(PROPOSALS, "anil", state=state))["proposals"]["edges"]
        return [(edge["node"]["id"], edge["node"]["state"]) for edge in edges]

    assert await listed("open") == [(new, "OPEN")]
    assert await listed("EXPIRED") == [(old, "EXPIRED")]
    assert await listed(None) == [(old, "EXPIRED"), (new, "OPEN")]
    (error,) = await register.errors(PROPOSALS, "anil", state="LOST")
    assert error["extensions"] == {"code": "INVALID", "field": "state"}


@pytest.mark.both_backends
async def test_filters(register):
    first = await register.applied(corridors=[("NP", "QA"), ("NP", "MY")], jurisdiction="NP")
    register.clock.forward(hours=1)
    second = await register.applied(scheme=STANDARD, corridors=[("IN", "QA")], jurisdiction="IN")

    async def found(**filter_):
        return set(numbers(await register.ask(LIST, "rita", filter=filter_)))

    assert await found() == {first, second}
    assert await found(scheme=LICENCE) == {first}
    assert await found(authority=LABOUR) == {first, second}
    assert await found(authority="aut_trade") == set()
    assert await found(jurisdiction="in") == {second}
    assert await found(origin="NP") == {first}
    assert await found(destination="QA") == {first, second}
    assert await found(origin="IN", destination="MY") == set(), "both of one corridor"
    assert await found(changedSince="2026-05-04T09:30:00Z") == {second}
    assert await found(standing=["ACTIVE"]) == set()
    assert await found(standing=[]) == set()
    organisations = "query ($f: OrganisationFilter) { organisations(filter: $f) { totalCount edges { node { id } } } }"
    assert (await register.ask(organisations, f={"jurisdiction": "IN"}))["organisations"]["totalCount"] == 1
    assert (await register.ask(organisations, f={"kind": "EMPLOYER"}))["organisations"]["totalCount"] == 0


async def test_a_filter_that_cannot_be(register):
    for name, value in (("authority", "nobody"), ("scheme", "sch_\u0000"), ("jurisdiction", "Nepal"), ("origin", "")):
        (error,) = await register.errors(LIST, filter={name: value})
        assert error["extensions"] == {"code": "INVALID", "field": f"filter.{name}"}


async def test_a_filter_with_a_value_of_a_newer_client(register):
    (error,) = await register.errors(LIST, filter={"standing": ["HIBERNATING"]})

    assert "HIBERNATING" in error["message"]


@pytest.mark.both_backends
async def test_pages_cover_everything_once(register):
    made = {await register.applied() for _ in range(5)}
    seen, after, pages = [], None, 0
    while True:
        page = (await register.ask(LIST, "rita", first=2, after=after))["accreditations"]
        assert page["totalCount"] == 5
        assert page["pageInfo"]["hasPreviousPage"] is (after is not None)
        seen += [edge["node"]["number"] for edge in page["edges"]]
        pages += 1
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]

    assert (seen, pages) == (sorted(made), 3)


async def test_a_cursor_that_is_not_ours(register):
    forged = ["", "!", "AAAA", opaque("TEST-00000000"), opaque("' OR 1=1"), opaque("\u0000"), "x" * 500]
    for name in ("accreditations", "organisations", "authorities", "proposals", "changes"):
        query = f"query ($after: String) {{ {name}(after: $after) {{ edges {{ cursor }} }} }}"
        for after in forged:
            (error,) = await register.errors(query, after=after)
            assert error["extensions"] == {"code": "INVALID", "field": "after"}, (name, after)


async def test_a_page_size_over_the_limit(register):
    for first in (101, -1, 2_000_000_000):
        (error,) = await register.errors(LIST, first=first)
        assert error["extensions"] == {"code": "INVALID", "field": "first"}


@pytest.mark.both_backends
async def test_changes_come_in_the_order_of_the_log(register):
    number = await register.granted()
    await register.applied()
    await register.logged()
    expected = list(register.log.events)

    seen, after = [], None
    while True:
        page = (await register.ask(CHANGES, after=after, first=3))["changes"]
        seen += [edge["node"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break

    assert [change["eventId"] for change in seen] == expected
    assert [change["act"] for change in seen if change["number"] == number] == ["apply", "grant"]
    assert {change["act"] for change in seen if change["number"] is None} == {
        "authority", "scheme", "mandate", "organisation", "key",
    }  # fmt: skip
    assert (await register.ask(CHANGES, after=after))["changes"]["edges"] == []


@pytest.mark.both_backends
async def test_an_organisation_lists_its_accreditations(register):
    numbers_ = [await register.granted() for _ in range(2)]
    await register.logged()
    query = """{ organisations { edges { node { accreditations(first: 1) { totalCount
      edges { node { number } } pageInfo { hasNextPage } } } } } }"""

    edges = (await register.ask(query))["organisations"]["edges"]

    lists = [edge["node"]["accreditations"] for edge in edges]
    assert [entry["edges"][0]["node"]["number"] for entry in lists] == numbers_
    assert all(entry["totalCount"] == 1 and not entry["pageInfo"]["hasNextPage"] for entry in lists)


@pytest.mark.both_backends
async def test_authorities_with_their_schemes(register):
    answer = await register.ask("{ authorities { edges { node { id schemes { id owner { id } } } } } }")

    schemes = {
        edge["node"]["id"]: [s["id"] for s in edge["node"]["schemes"]] for edge in answer["authorities"]["edges"]
    }
    assert schemes == {"aut_council": [LICENCE, STANDARD], "aut_labour": [LICENCE, STANDARD], "aut_trade": [STANDARD]}


@pytest.mark.both_backends
async def test_entities_are_found_by_their_keys(register):
    number = await register.granted()
    await register.logged()
    decision = (await register.ask(
        "query ($n: String!) { accreditation(number: $n) { decisions { edges { node { eventId } } } } }", n=number
    ))["accreditation"]["decisions"]["edges"][0]["node"]["eventId"]  # fmt: skip
    query = """query ($of: [_Any!]!) { _entities(representations: $of) { __typename
      ... on Accreditation { number } ... on Decision { act } ... on Authority { name } ... on Scheme { name } } }"""

    found = await register.ask(query, of=[
        {"__typename": "Accreditation", "number": number}, {"__typename": "Decision", "eventId": decision},
        {"__typename": "Authority", "id": LABOUR}, {"__typename": "Scheme", "id": LICENCE},
        {"__typename": "Accreditation", "number": "TEST-00000000-00"}, {"__typename": "Organisation", "id": "x"},
    ])  # fmt: skip

    assert [one and one["__typename"] for one in found["_entities"]] == [
        "Accreditation", "Decision", "Authority", "Scheme", None, None,
    ]  # fmt: skip


async def test_an_entity_without_a_key_is_refused(register):
    query = "query ($of: [_Any!]!) { _entities(representations: $of) { __typename } }"
    for one in ({}, "x", {"__typename": "Cloud", "id": "x"}, {"__typename": "Decision", "id": "x"},
                {"__typename": "Scheme", "id": ["x"]}):  # fmt: skip
        (error,) = await register.errors(query, of=[one])
        assert error["extensions"] == {"code": "INVALID", "field": "representations"}


async def test_a_node_that_is_not_there(register):
    for id_ in ("", "x", "org_1", "TEST-00000000-00", "prp_" + "0" * 32, "sch_none", "\u0000"):
        assert (await register.ask("query ($id: ID!) { node(id: $id) { id } }", id=id_))["node"] is None


async def test_a_mistyped_number_is_said_to_be_one(register):
    (error,) = await register.errors(ONE, number="TEST-7K3M9QXR-24")

    assert error["extensions"] == {"code": "BAD_NUMBER", "field": "number"}
    assert "check digits" in error["message"]


async def test_the_number_of_statements_does_not_grow_with_the_page(register):
    for _ in range(6):
        await register.granted()
    await register.logged()

    with counted(register.database) as one:
        await register.ask(LIST, first=1)
    with counted(register.database) as six:
        await register.ask(LIST, first=6)

    assert len(six) == len(one)


async def test_an_answer_has_a_bound(register, monkeypatch):
    monkeypatch.setattr("registry.context.MAX_ITEMS", 3)
    for _ in range(4):
        await register.applied()

    errors = await register.errors(LIST, "rita")

    assert errors[0]["extensions"]["code"] == "TOO_MUCH"


async def test_a_public_reader_sees_the_scope_applied_for_until_a_grant_is_logged(register):
    number = await register.applied(corridors=[("NP", "QA")])
    await register.logged()
    query = "query ($n: String!) { accreditation(number: $n) { scope { corridors { destination } branches { id } } } }"

    scope = (await register.ask(query, n=number))["accreditation"]["scope"]

    assert scope == {"corridors": [{"destination": "QA"}], "branches": []}
