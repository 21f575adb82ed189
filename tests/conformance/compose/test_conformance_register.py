"""The same operations through our gateway, Hive Gateway and Grafbase, over registry, log and edge as they run."""

import json
from collections import Counter

import pytest
import register_engines
from compose_cases import CASES as LIBRARY_CASES
from compose_engines import GRAFBASE, HIVE, OURS
from compose_outcome import expected, outcome
from compose_table import LIBRARY, REGISTER
from compose_tools import MEASURED, versions
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


def test_the_committed_table_is_of_these_cases_and_versions():
    measured = json.loads(MEASURED.read_text("utf-8"))
    again = "run the suite and copy build/conformance/composition.json there"
    assert measured["versions"] == versions(), again
    counted = {(row["services"], row["trap"]): row["cases"] for row in measured["rows"] if row["trap"] != "all"}
    cases = {LIBRARY: LIBRARY_CASES, REGISTER: CASES}
    assert counted == Counter((services, case.trap) for services, each in cases.items() for case in each), again
