"""Every write point of registry and log × every outcome: whoever is told or not told what, it happened once."""

import pytest
from fault_runs import lose_later, strike
from write_points import WRITE_POINTS, Meets, Outcome

BACKENDS = ("sqlite", "postgres")

pytestmark = pytest.mark.timeout(120)

RUNS = [
    pytest.param(backend, point, outcome, id=f"{backend}-{point}-{outcome}")
    for backend in BACKENDS
    for point in WRITE_POINTS
    if backend == "sqlite" or point.in_database
    for outcome in point.outcomes
]


@pytest.mark.parametrize(("backend", "point", "outcome"), RUNS, indirect=["backend"])
async def test_a_write_that_goes_wrong_leaves_everything_right(
    houses, backend, tmp_path, monkeypatch, table, point, outcome
):
    runs = [await strike(houses, tmp_path / "struck", monkeypatch.setattr, point, outcome)]
    if outcome is Outcome.LOST and backend == "sqlite":
        monkeypatch.undo()
        runs.append(await lose_later(houses, tmp_path / "later", monkeypatch.setattr, point))

    violations = [violation for run in runs for violation in run.violations]
    table.point(backend, point, outcome, runs=len(runs), violations=violations)
    assert runs[0].struck == 1, "the write point was never reached"
    assert violations == []
    if outcome is Outcome.LOST:
        assert all(run.deaths == 1 for run in runs)
    else:
        assert set(runs[0].met) == {point.meets, *point.also}
        # Once, but for the workers, whose trouble is seen until it is over.
        assert point.meets is Meets.WORKERS or runs[0].met[point.meets] == 1
