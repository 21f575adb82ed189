"""Four eyes: who may propose and who may then approve, for every pair; and what the database itself refuses."""

import itertools

import pytest
from core_world import MEMBERS
from sqlalchemy.exc import IntegrityError

from registry.errors import DomainError

PROPOSERS = {"pema", "both", "hr-key"}
APPROVERS = {"anil", "asha", "both"}  # persons of the same authority with the role


async def test_every_pair(register):
    actors = {member: await register.actor(member) for member in MEMBERS}

    async def outcome(first, second):
        number = await register.applied()
        register.clock.forward(seconds=1)
        try:
            proposal_id, digest = await register.proposed(number, "grant", member=first)
            await register.acts.approve(actors[second], proposal_id, digest, key=register.key())
        except DomainError:
            return "refused"
        return "decided"

    outcomes = {pair: await outcome(*pair) for pair in itertools.product(MEMBERS, MEMBERS)}

    decided = {pair for pair, what in outcomes.items() if what == "decided"}
    assert decided == {(first, second) for first in PROPOSERS for second in APPROVERS - {first}}
    grants = [row for row in (await register.snapshot())["decisions"] if row[2] == "grant"]
    assert len(outcomes) == 64
    assert len(grants) == len(decided)


async def test_an_api_key_that_calls_itself_a_person_is_still_one(register):
    number = await register.applied()
    proposal_id, digest = await register.proposed(number, "grant")
    key = await register.actor("hr-key")
    disguised = type(key)(key.sub, client=False, roles=key.roles)

    with pytest.raises(DomainError, match="takes a person"):
        await register.acts.approve(disguised, proposal_id, digest, key=register.key())


@pytest.mark.both_backends
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE decisions SET approver = proposer WHERE act = 'grant'",
        "UPDATE decisions SET approver = NULL WHERE act = 'grant'",
        "UPDATE decisions SET proposer = NULL WHERE act = 'grant'",
        "UPDATE proposals SET decided_by = proposer",
        "UPDATE proposals SET decided_by = NULL",
    ],
)
async def test_the_database_says_so_too(register, change):
    await register.granted()

    with pytest.raises(IntegrityError):
        async with register.database.write() as tx:
            await tx.exec_driver_sql(change)


async def test_both_persons_and_their_files_are_kept_and_never_logged(register):
    number = await register.applied()
    register.clock.forward(seconds=1)
    event_id = await register.decided(
        number, "grant", restricted_text="Seen by the inspector.", evidence=[b"\x01" * 32]
    )

    rows = await register.snapshot()
    (decision,) = [row for row in rows["decisions"] if row[0] == event_id]
    (event,) = [row for row in rows["events"] if row[1] == event_id]
    assert decision[4:8] == ("pema", "anil", "Seen by the inspector.", ["AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE"])
    for secret in (b"pema", b"anil", b"inspector", b"AQEB"):
        assert secret not in event[4]
