"""Every write point of the gateway's edge × every outcome: afterwards it answers as one that has just read everything."""

import os

import pytest
from answer_invariants import misled
from breaker import Breaker
from disk_simulator import SimulatedDisk
from edge_day import EdgeDay
from edge_points import EDGE_POINTS, install_at_edge
from fault_house import opened
from write_points import Given, Outcome

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
async def edge_day(houses, tmp_path, monkeypatch):
    """A day beside a house, on a disk that forgets, at an edge that tries again at once."""
    (tmp_path / "machine").mkdir()
    disk = SimulatedDisk(tmp_path / "machine")
    monkeypatch.setattr(os, "fsync", disk.fsync)
    monkeypatch.setattr("gateway.verification.keeper.PAUSE", 0.0)
    async with houses.copy(Given.GROWN, tmp_path / "house") as (settings, clock), opened(settings, clock) as house:
        day = EdgeDay(house, await house.trust(), tmp_path / "machine", disk)
        yield day
        await day.close()
    disk.close()


@pytest.fixture
def breaker(monkeypatch):
    breaker = Breaker()
    install_at_edge(breaker, monkeypatch.setattr)
    return breaker


@pytest.mark.parametrize("outcome", Outcome, ids=str)
@pytest.mark.parametrize("point", EDGE_POINTS, ids=str)
async def test_an_edge_that_loses_a_write_loses_no_answer(edge_day, breaker, table, point, outcome):
    # given an edge that has told two recruiters from all others
    numbers = await edge_day.begin()
    assert [verdict.verdict for verdict in await edge_day.answers(numbers)] == ["IN_GOOD_STANDING"] * 2

    # when one is suspended, a write goes wrong, and the machine loses its power in the end
    breaker.arm(point.name, outcome)
    await edge_day.go_on(numbers[0])

    # then nobody was told anything wrong, and it answers as one that has just read everything
    assert edge_day.probes
    violations = misled(edge_day.probes, edge_day.suspended, (), bound=0)
    table.point("files", point, outcome, runs=1, violations=violations)
    assert violations == []
    told = await edge_day.answers(numbers)
    assert [verdict.verdict for verdict in told] == ["NOT_IN_GOOD_STANDING", "IN_GOOD_STANDING"]
    assert told == await edge_day.answers_anew(numbers)
    assert breaker.struck == 1, "the write point was never reached"
    lost = outcome is Outcome.LOST
    assert (edge_day.failures, edge_day.deaths) == ((0, 2) if lost else (1, 1))
