"""Reads of restricted data: each is noted before it is answered, and those who answer for it read the notes."""

import pytest
from core_world import LABOUR, TRADE

from registry.access.model import Role
from registry.access.repository import delete_role
from registry.access.service import add_member, grant_role
from registry.errors import Unavailable
from registry.people.model import Draft

TEXTS = """query ($n: String!) { accreditation(number: $n) { decisions { edges { node { act restrictedText } } } }
  proposals { edges { node { restrictedText } } } }"""
RELATIONS = "query ($o: ID!) { organisation(id: $o) { relations { kind } } }"
LOG = """query ($a: ID!, $first: Int, $after: String) { accessLog(authorityId: $a, first: $first, after: $after) {
  edges { cursor node { member kind organisation subjects at } } pageInfo { hasNextPage } } }"""


@pytest.fixture
async def office(register):
    """(register, number) of an accreditation granted with a restricted text; rega is a regulator, adam administers."""
    await register.admins()
    await register.regulator()
    return register, await register.granted(restricted_text="Seen by the inspector.")


async def texts(register, number, member=None):
    data = await register.ask(TEXTS, member, n=number)
    shown = [edge["node"]["restrictedText"] for edge in data["accreditation"]["decisions"]["edges"]]
    return shown + [edge["node"]["restrictedText"] for edge in data["proposals"]["edges"]]


async def log(register, member, authority=LABOUR, **more):
    return (await register.ask(LOG, member, a=authority, **more))["accessLog"]


async def test_staff_and_regulators_read_restricted_texts_and_that_is_noted_once(office):
    register, number = office
    await register.logged()
    rows = await register.snapshot()
    events, proposal = sorted(row[0] for row in rows["decisions"]), rows["proposals"][0][0]

    assert await texts(register, number, "pema") == [None, "Seen by the inspector.", "Seen by the inspector."]
    assert await texts(register, number, "rega") == [None, "Seen by the inspector."], "and no proposals"
    for member in (None, "other"):
        assert await texts(register, number, member) == [None, None]
    assert await register.noted() == [
        ("pema", "restricted-texts", LABOUR, [*events, proposal]),
        ("rega", "restricted-texts", LABOUR, events),
    ]


async def test_a_role_withdrawn_opens_nothing_though_the_token_still_states_it(office):
    register, number = office
    token = await register.token("pema")
    async with register.database.write() as tx:
        await delete_role(tx, LABOUR, "pema", "proposer")

    answer = await register.client.post(
        "/graphql", json={"query": TEXTS, "variables": {"n": number}}, headers={"Authorization": f"Bearer {token}"}
    )

    assert "inspector" not in answer.text
    assert answer.json()["data"]["proposals"]["edges"] == []
    assert await register.noted() == []


async def test_a_role_withdrawn_opens_nothing_in_the_answer_to_an_act_either(office):
    register, _ = office
    one, other = await register.organisation("One"), await register.organisation("Other")
    await register.related(one, "suspected-successor-of", other, member="rega")
    async with register.database.write() as tx:
        await grant_role(tx, LABOUR, "rita", Role.REGULATOR)
    token = await register.token("rita")
    async with register.database.write() as tx:
        await delete_role(tx, LABOUR, "rita", "regulator")

    related = """mutation ($i: RelateOrganisationsInput!) { relateOrganisations(input: $i) { ... on RelationDone {
      relation { organisation { relations { kind } } } } } }"""
    given = {"idempotencyKey": register.key(), "kind": "branch-of", "from": other, "to": one}
    answer = await register.client.post(
        "/graphql", json={"query": related, "variables": {"i": given}}, headers={"Authorization": f"Bearer {token}"}
    )

    assert "branch-of" in answer.text
    assert "suspected" not in answer.text


async def test_what_cannot_be_noted_is_not_answered(office, monkeypatch):
    register, number = office

    async def away(*_):
        raise Unavailable(why="the line is cut")

    monkeypatch.setattr("registry.access.repository.note", away)
    answer = (await register.post(TEXTS, "pema", n=number)).json()

    assert answer["data"] is None
    assert answer["errors"][0]["extensions"] == {"code": "DATABASE_UNAVAILABLE"}
    assert (await register.post("{ proposals { edges { node { id } } } }", "pema")).status_code == 200


async def test_suspected_successors_are_noted_at_the_authority_that_asserts_them(office):
    register, _ = office
    one, other = await register.organisation("One"), await register.organisation("Other")
    relation = await register.related(one, "suspected-successor-of", other, member="rega")
    await register.regulator("tess", TRADE)

    for member, seen in ((None, 0), ("pema", 0), ("tess", 1)):
        assert len((await register.ask(RELATIONS, member, o=one))["organisation"]["relations"]) == seen
    assert await register.noted() == [("tess", "suspected-successors", LABOUR, [relation])]


async def test_the_notes_are_read_by_those_who_answer_for_them_and_that_is_noted(office):
    register, number = office
    organisation = await register.organisation("Another")
    person = await register.people.add(
        await register.actor("rita"), Draft(organisation, "Sita Tamang", "licensee"), key=register.key()
    )
    await register.ask("query ($o: ID!) { organisation(id: $o) { people { name } } }", "rita", o=organisation)
    await texts(register, number, "pema")

    page = await log(register, "rega", first=1)
    assert [edge["node"] for edge in page["edges"]] == [
        {"member": "rita", "kind": "people", "organisation": organisation, "subjects": [person],
         "at": register.clock.now.isoformat(timespec="milliseconds").replace("+00:00", "Z")}
    ]  # fmt: skip
    rest = await log(register, "adam", after=page["edges"][0]["cursor"])
    kinds = [(edge["node"]["member"], edge["node"]["kind"]) for edge in rest["edges"]]
    assert kinds == [("pema", "restricted-texts"), ("rega", "access-log")]
    assert not rest["pageInfo"]["hasNextPage"]
    assert (await log(register, "adam"))["edges"][-1]["node"]["member"] == "adam"


@pytest.mark.parametrize(
    ("member", "code"), [(None, "NOT_SIGNED_IN"), ("pema", "ROLE_NEEDED"), ("trade-admin", "ROLE_NEEDED")]
)
async def test_everybody_else_is_told_that_they_may_not(office, member, code):
    register, _ = office
    async with register.database.write() as tx:
        await add_member(tx, "trade-admin", "Elsewhere", now=register.clock())
        await grant_role(tx, TRADE, "trade-admin", "authority-admin")

    (error,) = await register.errors(LOG, member, a=LABOUR)
    assert error["extensions"]["code"] == code
    assert await register.noted() == []
    assert (await register.errors(LOG, "adam", a=LABOUR, after="eA"))[0]["extensions"]["field"] == "after"
