"""Racing callers: exactly one decision, and everyone hears the same about it."""

import asyncio

import pytest
from core_world import LABOUR, LICENCE

from registry.accreditations.drafts import DecisionDraft
from registry.accreditations.service import Accreditations, ApplicationDraft
from registry.database import Database
from registry.errors import Conflict
from registry.organisations.model import Draft, NameDraft
from registry.organisations.service import Organisations

pytestmark = pytest.mark.both_backends


@pytest.fixture
async def processes(register):
    """Four sets of connections and services on one database, as four processes would have."""
    databases = [Database(register.database.url) for _ in range(4)]
    yield databases
    for database in databases:
        await database.close()


async def count(register, table):
    return len((await register.snapshot())[table])


async def test_two_approvers_of_one_proposal(register, processes):
    number = await register.applied()
    register.clock.forward(seconds=1)
    proposal_id, digest = await register.proposed(number, "grant")

    async def approve(member, database):
        acts = Accreditations(database, register.clock, register.settings, lambda: None)
        return await acts.approve(await register.actor(member), proposal_id, digest, key=f"by-{member}")

    results = await asyncio.gather(
        *(approve(member, database) for member, database in zip(("anil", "asha"), processes, strict=False)),
        return_exceptions=True,
    )

    (event_id,) = [result for result in results if isinstance(result, str)]
    (refusal,) = [result for result in results if not isinstance(result, str)]
    assert isinstance(refusal, Conflict)
    assert (refusal.code, refusal.blocked_by) == ("ALREADY_DECIDED", event_id)
    assert await count(register, "decisions") == 2


async def test_sixteen_duplicates_of_one_approval(register, processes):
    number = await register.applied()
    register.clock.forward(seconds=1)
    proposal_id, digest = await register.proposed(number, "grant")
    actor = await register.actor("anil")

    results = await asyncio.gather(
        *(
            Accreditations(processes[turn % 4], register.clock, register.settings, lambda: None).approve(
                actor, proposal_id, digest, key="once"
            )
            for turn in range(16)
        )
    )

    assert len(set(results)) == 1
    assert await count(register, "decisions") == 2
    assert await count(register, "status_entries") == 1


async def test_sixteen_duplicates_of_one_application(register, processes):
    draft = ApplicationDraft(await register.organisation(), LABOUR, LICENCE)
    actor = await register.actor("rita")

    results = await asyncio.gather(
        *(
            Accreditations(processes[turn % 4], register.clock, register.settings, lambda: None).apply(
                actor, draft, key="once"
            )
            for turn in range(16)
        )
    )

    assert len(set(results)) == 1
    assert await count(register, "accreditations") == 1


async def test_sixteen_duplicates_of_one_registration(register, processes):
    draft = Draft("employer", [NameDraft("Kestrel", "legal")], "NP")
    actor = await register.actor("rita")

    results = await asyncio.gather(
        *(
            Organisations(processes[turn % 4], register.clock, lambda: None).register(actor, draft, key="once")
            for turn in range(16)
        )
    )

    assert len(set(results)) == 1
    assert await count(register, "organisations") == 1


async def test_two_applications_under_different_keys(register):
    draft = ApplicationDraft(await register.organisation(), LABOUR, LICENCE)
    actor = await register.actor("rita")

    results = await asyncio.gather(
        *(register.acts.apply(actor, draft, key=key) for key in ("one", "two")), return_exceptions=True
    )

    assert sorted(type(result) for result in results if not isinstance(result, str)) == [Conflict]
    assert await count(register, "accreditations") == 1


async def test_an_answer_is_repeated_after_the_world_has_moved_on(register):
    number = await register.applied()
    register.clock.forward(seconds=1)
    draft = DecisionDraft(number, "grant", "OK")
    actor = await register.actor("pema")
    first = await register.acts.propose(actor, draft, key="mine")
    await register.decided(number, "grant")
    register.clock.forward(days=30)

    assert await register.acts.propose(actor, draft, key="mine") == first


async def test_keys_of_different_callers_do_not_meet(register):
    number = await register.applied()
    draft = DecisionDraft(number, "grant", "OK")
    made = {await register.acts.propose(await register.actor(who), draft, key="same") for who in ("pema", "both")}

    assert len(made) == 2


async def test_a_failed_act_does_not_use_its_key_up(register):
    number = await register.applied()
    actor = await register.actor("pema")
    with pytest.raises(Exception, match="not possible"):
        await register.acts.propose(actor, DecisionDraft(number, "suspend", "OK"), key="again")
    register.clock.forward(seconds=1)
    await register.decided(number, "grant")
    register.clock.forward(seconds=1)

    assert await register.acts.propose(actor, DecisionDraft(number, "suspend", "OK"), key="again")


async def test_a_clock_that_steps_back_does_not_reorder_decisions(register):
    number = await register.granted()
    register.clock.forward(hours=-1)

    event_id = await register.decided(number, "suspend")

    decided = {row[0]: row[8] for row in (await register.snapshot())["decisions"]}
    assert decided[event_id] >= max(at for event, at in decided.items() if event != event_id)
