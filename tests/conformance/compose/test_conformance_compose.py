"""The same operations through our gateway, Hive Gateway and Grafbase, on the same running services."""

import json
from collections import Counter

import pytest
from compose_cases import CASES, Outcome
from compose_engines import GRAFBASE, HIVE, OURS
from library_services import SDL, executable, executed
from library_world import World

from gateway.compose.schema import compose

pytestmark = pytest.mark.conformance


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.trap}: {case.query}"[:90])
def test_three_gateways_answer_the_same(engines, compose_table, case):
    ours = engines.ask(OURS, case)
    outcomes = {engine: outcome(ours, engines.ask(engine, case)) for engine in (HIVE, GRAFBASE)}
    compose_table.add(case, outcomes, has_errors="errors" in ours)
    if not case.broken:
        wanted = executed(executable(compose(SDL).sdl, World()), case.query, case.variables)
        assert outcome(ours, wanted) is Outcome.SAME
    assert outcomes == {
        engine: case.differs[engine].outcome if engine in case.differs else Outcome.SAME for engine in outcomes
    }


def test_enough_was_compared(compose_table):
    same = [row for row in compose_table.rows if set(row[2].values()) == {Outcome.SAME}]
    assert len(same) >= 60
    assert sum(has_errors for _, has_errors, _ in same) >= 20
    assert min(Counter(case.trap for case, _, _ in compose_table.same_data()).values()) >= 5


def outcome(ours, theirs):
    """How an answer stands to ours."""
    if theirs is None or "data" not in theirs or ours.get("data") != theirs["data"]:
        return Outcome.DATA
    return Outcome.SAME if _explained(ours) == _explained(theirs) else Outcome.ERRORS


def _explained(answered):
    """The nulls that errors explain; a path that does not lead through the data is kept as it is."""
    return {json.dumps(_null_on(answered["data"], error.get("path") or [])) for error in answered.get("errors", ())}


def _null_on(data, path):
    for depth, step in enumerate(path):
        if data is None:
            return path[:depth]
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            return ["nowhere", *path]
    return path
