"""Approving takes two persons: every mutation of the schema that approves, tried by an API key with every role; and every
table in which two persons stand, tried with one."""

import re

import pytest
from administration_world import role
from core_world import LABOUR, OWNER, START
from graphql import build_ast_schema, parse
from sqlalchemy import CheckConstraint, insert
from sqlalchemy.exc import IntegrityError
from sqlmodel import SQLModel

from registry.access.model import Role
from registry.access.service import add_member, grant_role
from registry.graph import sdl
from registry.tables import METADATA

APPROVING = {  # mutation -> a person whose roles suffice
    "approveProposal": "anil", "rejectProposal": "anil", "approveAdministration": "abel", "approveErasure": "eva",
    "rejectErasure": "eva", "releaseSnapshot": "anil", "rejectSnapshot": "anil",
}  # fmt: skip
OTHERS = {  # what begins something, or takes one person; whoever adds a mutation says here or above what it is
    "registerOrganisation", "amendOrganisation", "relateOrganisations", "endRelation", "addPerson", "erasePerson",
    "applyForAccreditation", "proposeDecision", "recordDecision", "requestErasure", "proposeMandate", "proposeMandateEnd",
    "proposeMappings", "proposeCriteria", "proposeCadence", "proposeSuccession", "proposeRole", "proposeRoleWithdrawal", "submitSelfAssessment", "openAssessment",
    "recordFindings", "concludeAssessment", "planSurveillance", "reportSignal", "moveSignal", "assignSignal",
    "eraseReporter",
}  # fmt: skip
TWO_PERSONS = {  # table -> the columns of the first and of the second person
    "proposals": ("proposer", "decided_by"), "decisions": ("proposer", "approver"),
    "erasures": ("requested_by", "approved_by"), "snapshots": ("uploaded_by", "released_by"),
}  # fmt: skip
SECOND = re.compile(r"(approv|decided|released|confirmed|second).*(er|_by)$")
SNAPSHOT = {
    "authority_id": LABOUR, "layout": "listing", "basis": "feed", "file_name": "x",
    "file_hash": "x", "state": "STAGED", "uploaded_by": "pema", "uploaded_at": START,
}  # fmt: skip
SNAPSHOTS = [f"snp_{n:032x}" for n in range(2)]


@pytest.fixture
async def waiting(offices):
    """(register, mutation -> input) for something of every kind that waits for a second person; `robot` has every role."""
    register = offices.register
    await register.admins()
    async with register.database.write() as tx:
        await add_member(tx, "robot", "An API key", client=True, now=START)
        for authority in (LABOUR, OWNER):
            for every in Role:
                await grant_role(tx, authority, "robot", every)
        await tx.execute(insert(METADATA.tables["snapshots"]), [{"id": one} | SNAPSHOT for one in SNAPSHOTS])
    number, other = await register.applied(), await register.applied(name="Another")
    register.clock.forward(seconds=1)
    proposal, digest = await register.proposed(number, "grant")
    refused, _ = await register.proposed(other, "grant")
    change, changes = await offices.proposed("ada", role("nobody", Role.ASSESSOR))
    await register.logged()
    events = [row[1] for row in (await register.snapshot())["events"] if row[2] == "organisation"]
    adam = await register.actor("adam")
    erasure, another = [await register.erasures.request(adam, [event], "By order", key=event) for event in events[:2]]
    return register, {
        "approveProposal": {"proposal": proposal, "digest": digest},
        "rejectProposal": {"proposal": refused, "reason": "No"},
        "approveAdministration": {"proposal": change, "digest": changes},
        "approveErasure": {"erasure": erasure},
        "rejectErasure": {"erasure": another, "reason": "No"},
        "releaseSnapshot": {"snapshot": SNAPSHOTS[0], "fileHash": "x"},
        "rejectSnapshot": {"snapshot": SNAPSHOTS[1], "reason": "No"},
    }


def mutations():
    return build_ast_schema(parse(sdl()), assume_valid_sdl=True).mutation_type.fields


async def brought(register, name, member, given):
    """The code of what became of a mutation; None when it was done."""
    kind = mutations()[name].args["input"].type.of_type.name
    query = f"mutation ($i: {kind}!) {{ {name}(input: $i) {{ __typename ... on DomainError {{ code message }} }} }}"
    done = (await register.ask(query, member, i=given | {"idempotencyKey": register.key()}))[name]
    return done.get("code")


def test_every_mutation_is_said_to_approve_or_not():
    assert set(mutations()) == OTHERS | set(APPROVING)
    assert not [name for name in OTHERS if re.match("approve|reject|release|confirm|accept", name)]


async def test_an_api_key_approves_nothing_whatever_its_roles_and_a_person_with_them_does(waiting):
    register, given = waiting
    await register.token("robot")  # the first token makes a key
    before = await register.snapshot()

    for name in APPROVING:
        assert await brought(register, name, "robot", given[name]) == "PERSON_NEEDED", name
    assert await register.snapshot() == before, "nothing is left behind, no used key either"
    for name, member in APPROVING.items():
        assert await brought(register, name, member, given[name]) is None, name


def test_every_table_with_a_second_person_has_a_constraint_that_the_two_differ():
    found = {
        name: next(column.name for column in table.columns if SECOND.match(column.name))
        for name, table in SQLModel.metadata.tables.items()
        if any(SECOND.match(column.name) for column in table.columns)
    }
    assert found == {name: second for name, (_, second) in TWO_PERSONS.items()}
    for name, persons in TWO_PERSONS.items():
        checks = [str(one.sqltext) for one in METADATA.tables[name].constraints if isinstance(one, CheckConstraint)]
        assert any("<>" in check and all(person in check for person in persons) for check in checks), name


@pytest.mark.both_backends
async def test_the_database_refuses_one_person_for_two(waiting):
    register, given = waiting
    assert await brought(register, "approveProposal", "anil", given["approveProposal"]) is None

    for name, (first, second) in TWO_PERSONS.items():
        with pytest.raises(IntegrityError):
            async with register.database.write() as tx:
                await tx.exec_driver_sql(f"UPDATE {name} SET {second} = {first} WHERE {first} IS NOT NULL")
