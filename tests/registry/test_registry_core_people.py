"""People: kept apart, read by few, every read noted, erased without a trace but the fact."""

import json
from datetime import date

import pytest
from core_world import LABOUR, TRADE
from statement_count import counted

from registry.errors import Conflict, Forbidden, Invalid, NotFound
from registry.people.model import Draft

NAME = "Sita Tamang"
ADD = """mutation ($input: AddPersonInput!) { addPerson(input: $input) { __typename
  ... on AddPersonDone { person } ... on DomainError { code message } } }"""
ERASE = """mutation ($input: ErasePersonInput!) { erasePerson(input: $input) { __typename
  ... on ErasePersonDone { person erasedAt } ... on DomainError { code message } } }"""
PEOPLE = "query ($o: ID!) { organisation(id: $o) { name people { id name role validFrom validUntil } } }"


@pytest.fixture
async def licensed(register):
    """(organisation, person) with a licensee in the files of the labour office."""
    organisation = await register.organisation()
    given = {"organisation": organisation, "name": NAME, "role": "licensee", "validFrom": "2020-01-01"}
    done = await register.ask(ADD, "rita", input=given | {"idempotencyKey": "first"})
    return organisation, done["addPerson"]["person"]


async def people(register, organisation, member):
    return (await register.ask(PEOPLE, member, o=organisation))["organisation"]["people"]


async def tables_with(register, text):
    return {table for table, rows in (await register.snapshot()).items() for row in rows if text in repr(row)}


async def test_registrars_and_regulators_of_the_authority_read_people(register, licensed):
    organisation, person = licensed
    rega = await register.regulator()

    for member in ("rita", rega):
        assert await people(register, organisation, member) == [
            {"id": person, "name": NAME, "role": "licensee", "validFrom": "2020-01-01", "validUntil": None}
        ]  # fmt: skip


async def test_every_read_is_noted_also_one_that_found_nobody(register, licensed):
    organisation, person = licensed
    elsewhere = await register.regulator("tess", TRADE)
    await people(register, organisation, "rita")
    register.clock.forward(minutes=1)
    assert await people(register, organisation, elsewhere) == [], "in the files of another authority"

    noted = [row[1:] for row in (await register.snapshot())["access_log"]]
    assert noted == [
        ("rita", organisation, [person], register.clock.now.replace(minute=0), "people", LABOUR),
        ("tess", organisation, [], register.clock.now, "people", TRADE),
    ]


@pytest.mark.parametrize(
    ("member", "code"), [(None, "NOT_SIGNED_IN"), ("pema", "ROLE_NEEDED"), ("anil", "ROLE_NEEDED")]
)
async def test_everybody_else_is_told_that_they_may_not_and_sees_the_rest(register, licensed, member, code):
    organisation, _ = licensed
    body = (await register.post(PEOPLE, member, o=organisation)).json()

    assert body["data"]["organisation"] == {"name": "Himal Placements", "people": None}
    assert body["errors"][0]["extensions"]["code"] == code
    assert NAME not in json.dumps(body)


async def test_people_are_in_one_table_and_in_no_event(register, licensed):
    organisation, _ = licensed
    number = await register.applied(by=organisation)
    await register.decided(number, "grant")
    await register.logged()

    assert await tables_with(register, NAME) == {"persons"}
    for logged in register.log.events.values():
        assert NAME.encode() not in logged.body + logged.leaf
    for path in (f"/records/{number}", "/feed/records?after=0", f"/evidence/{number}"):
        assert NAME not in (await register.client.get(path)).text


async def test_nothing_is_left_of_an_erased_person_but_the_fact(register, licensed):
    organisation, person = licensed
    given = {"idempotencyKey": "gone", "person": person}

    done = (await register.ask(ERASE, "rita", input=given))["erasePerson"]

    assert done == {"__typename": "ErasePersonDone", "person": person, "erasedAt": "2026-05-04T09:00:00.000Z"}
    assert await tables_with(register, NAME) == set()
    assert (await register.snapshot())["erased_persons"] == [(person, register.clock.now)]
    assert await people(register, organisation, "rita") == []
    register.clock.forward(hours=1)
    assert (await register.ask(ERASE, "rita", input=given))["erasePerson"] == done, "repeating it changes nothing"
    again = (await register.ask(ERASE, "rita", input=given | {"idempotencyKey": "2"}))["erasePerson"]
    assert again["code"] == "ALREADY_ERASED"
    added = {"organisation": organisation, "name": NAME, "role": "licensee", "validFrom": "2020-01-01"}
    added = (await register.ask(ADD, "rita", input=added | {"idempotencyKey": "first"}))["addPerson"]
    assert added["code"] == "KEY_REUSED", "not even the digest of what was stated is left to compare with"


async def test_who_may_add_and_erase(register, licensed):
    organisation, person = licensed
    draft = Draft(organisation, "Somebody", "officer")
    for member in ("pema", "anil", "other"):
        actor = await register.actor(member)
        with pytest.raises(Forbidden):
            await register.people.add(actor, draft, key=register.key())
        with pytest.raises(NotFound):
            await register.people.erase(actor, person, key=register.key())
    rega = await register.actor(await register.regulator())
    await register.people.erase(rega, person, key=register.key())
    with pytest.raises(Conflict):
        await register.people.erase(rega, person, key=register.key())
    for unknown in ("per_" + "0" * 32, "", "x" * 500):
        with pytest.raises(NotFound):
            await register.people.erase(rega, unknown, key=register.key())


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"name": ""}, "name"), ({"name": "A\u202eB"}, "name"), ({"name": "Sіta"}, "name"), ({"name": "x" * 601}, "name"),
        ({"role": "cook"}, "role"), ({"valid_from": "2026-02-01", "valid_until": "2026-01-01"}, "validUntil"),
    ],
)  # fmt: skip
async def test_people_that_cannot_be(register, licensed, changed, field):
    dates = {name: date.fromisoformat(value) for name, value in changed.items() if name.startswith("valid")}
    draft = Draft(**{"organisation": licensed[0], "name": NAME, "role": "officer"} | changed | dates)

    with pytest.raises(Invalid) as refusal:
        await register.people.add(await register.actor("rita"), draft, key=register.key())
    assert refusal.value.field == field


@pytest.mark.both_backends
async def test_the_number_of_statements_does_not_grow_with_the_organisations(register):
    counts = {}
    query = {"query": "{ organisations(first: 50) { edges { node { people { name } } } } }"}
    headers = {"Authorization": f"Bearer {await register.token('rita')}"}
    await register.client.post("/graphql", json=query, headers=headers)  # learns the key of tokens
    for size in (1, 20):
        for n in range(size):
            organisation = await register.organisation(f"Agency {size} {n}")
            draft = Draft(organisation, f"Person {n}", "officer")
            await register.people.add(await register.actor("rita"), draft, key=register.key())
        with counted(register.database) as statements:
            found = (await register.client.post("/graphql", json=query, headers=headers)).json()["data"]
        counts[size] = len(statements)
    assert len(found["organisations"]["edges"]) == 21
    # roles, the page; roles, people, the notes; on PostgreSQL each of the two transactions also says for whom it is
    assert counts == dict.fromkeys((1, 20), 5 if register.database.sqlite else 7)
