"""kill -9 of each process under load, at named write points and at random moments, again and again."""

import os
from random import Random

import pytest
from kill_plan import CI_KILLS, POINTS, SEED, SHARES, plan
from siege import Siege, besiege
from town import Town

KILLS = int(os.environ.get("KILLS") or CI_KILLS)

pytestmark = pytest.mark.timeout(300 + 20 * KILLS)


@pytest.fixture
async def town_of(tmp_path):
    towns = []

    async def make(victim):
        towns.append(Town(tmp_path, "standalone" if victim == "standalone" else "services"))
        await towns[0].found()
        return towns[0]

    yield make
    for town in towns:
        await town.close()


@pytest.mark.parametrize("victim", SHARES)
async def test_kill_9_loses_nothing_and_repeats_nothing(town_of, table, victim):
    shots, siege = plan(victim, KILLS), Siege()
    town = await town_of(victim)
    clients, readers = await besiege(town, shots, Random(SEED), siege)

    table.siege(victim, siege, clients, readers, town)
    assert siege.kills == len(shots)
    assert siege.violations == []


def test_the_plan_follows_from_its_seed():
    plans = {victim: plan(victim) for victim in SHARES}
    assert plans == {victim: plan(victim) for victim in SHARES}
    assert sum(map(len, plans.values())) == CI_KILLS
    assert all(any(shot.mine for shot in shots) for victim, shots in plans.items() if POINTS[victim])
    assert sum(shot.cut for shots in plans.values() for shot in shots) > 1
