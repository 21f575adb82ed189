"""The same operations through our gateway, Hive Gateway and Grafbase, over a library that is full of traps."""

from collections import Counter

import pytest
from compose_cases import CASES, Outcome
from compose_engines import GRAFBASE, HIVE, OURS
from compose_outcome import expected, outcome
from compose_table import LIBRARY
from library_services import SDL, executable, executed
from library_world import World

from gateway.compose.schema import compose

pytestmark = pytest.mark.conformance


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.trap}: {case.query}"[:90])
def test_three_gateways_answer_the_same(engines, compose_table, case):
    ours = engines.ask(OURS, case)
    outcomes = {engine: outcome(ours, engines.ask(engine, case)) for engine in (HIVE, GRAFBASE)}
    compose_table.add(LIBRARY, case, outcomes, has_errors="errors" in ours)
    if not case.broken:
        wanted = executed(executable(compose(SDL).sdl, World()), case.query, case.variables)
        assert outcome(ours, wanted) is Outcome.SAME
    assert outcomes == expected(case, outcomes)


def test_enough_was_compared(compose_table):
    same = compose_table.same(LIBRARY)
    assert len(same) >= 60
    assert sum(row.has_errors for row in same) >= 20
    assert min(Counter(row.case.trap for row in same).values()) >= 5
    assert {row.case.trap for row in same} == {case.trap for case in CASES}
