"""The same operations through our gateway, Hive Gateway and Grafbase, over registry, log and edge as they run."""

from collections import Counter

import pytest
import register_engines
from compose_engines import GRAFBASE, HIVE, OURS
from compose_outcome import expected, outcome
from compose_table import REGISTER
from register_cases import CASES

pytestmark = pytest.mark.conformance


@pytest.fixture(scope="module")
def register(compose_tools, tmp_path_factory):
    """Three gateways over the register."""
    with register_engines.started(compose_tools, tmp_path_factory.mktemp("register")) as engines:
        yield engines


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.trap}: {case.query}"[:90])
def test_three_gateways_answer_the_same(register, compose_table, case):
    ours = register.ask(OURS, case)
    outcomes = {engine: outcome(ours, register.ask(engine, case)) for engine in (HIVE, GRAFBASE)}
    compose_table.add(REGISTER, case, outcomes, has_errors="errors" in ours)
    assert outcomes == expected(case, outcomes)


def test_enough_was_compared(compose_table):
    same = compose_table.same(REGISTER)
    assert len(same) >= 60
    assert sum(row.has_errors for row in same) >= 20
    assert min(Counter(row.case.trap for row in same).values()) >= 5
    assert {row.case.trap for row in same} == {case.trap for case in CASES}
