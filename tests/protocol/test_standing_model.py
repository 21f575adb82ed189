"""The fold and the check of acts against a naive model, over random histories of one accreditation.

STANDING_HISTORIES says how many. Unset, they are 2,000 and always the same; more are different ones every time; where
there are fewer, a failing one is not made shorter.
"""

import ast
import os
import random
from collections import Counter
from dataclasses import fields, replace
from pathlib import Path

import naive_standing as naive
import pytest
from hypothesis import HealthCheck, Phase, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from random_acts import THROWS, Dice, act_that_fits, any_act, day, opening_act

from goodstanding.acting import allowed_acts, check_act
from goodstanding.errors import ActNotAllowed
from goodstanding.standing import fold, in_force, index_codes, shown, status_code
from goodstanding.transitions import TRANSITIONS, MeasureKind, Standing

pytestmark = pytest.mark.faults  # 2,000 histories take half a minute

IN_CI = 2000
HISTORIES = int(os.environ.get("STANDING_HISTORIES", IN_CI))
ENOUGH = 20
THROWN = st.binary(min_size=THROWS, max_size=THROWS)

SETTINGS = settings(
    max_examples=HISTORIES, stateful_step_count=24, deadline=None, derandomize=HISTORIES <= IN_CI, database=None,
    report_multiple_bugs=False, suppress_health_check=[HealthCheck.too_slow],
    phases=(Phase.generate, Phase.shrink) if HISTORIES >= IN_CI else (Phase.generate,),
)  # fmt: skip

accepted, refused, seen = Counter(), Counter(), Counter()


class Histories(RuleBasedStateMachine):
    """One accreditation: acts are decided, logged in that order, and asked about."""

    def __init__(self):
        super().__init__()
        self.chain, self.today = [], 0

    @initialize(thrown=THROWN)
    def begin(self, thrown):
        self.propose(opening_act(Dice(thrown)))

    @rule(first=THROWN, second=THROWN, days=st.integers(0, 2))
    def decide_what_fits(self, first, second, days):
        self.today += days
        for thrown in (first, second):
            self.propose(act_that_fits(self.chain, self.today, Dice(thrown)))

    @rule(thrown=THROWN)
    def decide_anything(self, thrown):
        self.propose(any_act(self.chain, self.today, Dice(thrown)))

    @rule(count=st.integers(1, 5), others=st.integers(0, 2))
    def log(self, count, others):
        """The oldest pending acts get indices, with entries about other accreditations before each."""
        logged = [one.index for one in self.chain if one.index is not None]
        index = max(logged, default=-1)
        for place in range(len(logged), min(len(logged) + count, len(self.chain))):
            index += 1 + others
            self.chain[place] = replace(self.chain[place], index=index)

    @rule(at=st.integers(-2, 40), size=st.none() | st.integers(0, 20), seed=st.integers(0, 99))
    def ask(self, at, size, seed):
        self.compare(day(at), size, seed)

    def propose(self, new):
        note(told(new))
        refusal = refused_because(self.chain, new)
        assert naive.may_be_decided(self.chain, new) is (refusal is None), refusal or "accepted"
        (accepted if refusal is None else refused)[new.act] += 1
        if refusal is None:
            self.chain.append(new)
            self.compare(new.effective_from)

    def compare(self, at, size=None, seed=0):
        """Ask everything about an instant of both; the fold gets what is logged in whatever order."""
        history, acts = shuffled(self.chain, seed), naive.in_effect(self.chain, at, size)
        state, standing = fold(history, at, size), naive.shown(acts, at)
        seen[standing] += 1
        assert shown(state, at) is standing
        assert status_code(shown(state, at)) == naive.CODES[standing]
        assert ids(in_force(history, size)) == ids(naive.counting(self.chain, size))
        assert (state.generation if state else None) == naive.generation(acts)
        for kind in MeasureKind:
            assert ids(state.running(kind, at) if state else []) == naive.open_measures(acts, kind, at)
        if size is None:
            assert allowed_acts(history, at) == [row.act for row in naive.starting(acts, at)]
            codes = {index: code for (_, index), code in index_codes(history, at).items()}
            assert codes == naive.index_codes(self.chain, at)


def refused_because(chain, new):
    try:
        check_act(chain, new)
    except ActNotAllowed as refusal:
        return str(refusal)


def ids(found):
    return [one.event_id for one in found]


def shuffled(chain, seed):
    """Those logged in an order that says nothing; pending ones keep theirs."""
    logged = [one for one in chain if one.index is not None]
    random.Random(seed).shuffle(logged)
    return [*logged, *chain[len(logged) :]]


def told(decision):
    """A decision without what says nothing."""
    members = ((field.name, getattr(decision, field.name)) for field in fields(decision))
    return ", ".join(f"{name}={value}" for name, value in members if value and name not in ("number", "basis", "act"))


@pytest.mark.timeout(600 if HISTORIES <= IN_CI else 0)  # a failure is made shorter before it is shown
def test_the_fold_and_the_model_agree(capsys):
    run_state_machine_as_test(Histories, settings=SETTINGS)
    with capsys.disabled():
        print(f"\n{HISTORIES} histories, accepted / refused:", *table(), sep="\n  ")
    if HISTORIES >= IN_CI:
        assert [row.act for row in TRANSITIONS if accepted[row.act] < ENOUGH] == []
        assert [standing for standing in Standing if seen[standing] < ENOUGH] == []


def table():
    acts = [f"{row.act:22}{accepted[row.act]:6} /{refused[row.act]:6}" for row in TRANSITIONS]
    shows = [f"shown {standing or 'nothing yet':22}{seen[standing]:6}" for standing in (None, *Standing)]
    shows += [""] * (len(acts) - len(shows))
    return [f"{act}    {show}".rstrip() for act, show in zip(acts, shows, strict=True)]


def test_the_model_imports_neither_the_fold_nor_the_check_of_acts():
    """Read from its source: import-linter looks into packages only, and the tests are none."""
    tree = ast.walk(ast.parse(Path(naive.__file__).read_text()))
    named = {alias.name for node in tree if isinstance(node, ast.Import) for alias in node.names}
    tree = ast.walk(ast.parse(Path(naive.__file__).read_text()))
    named |= {node.module for node in tree if isinstance(node, ast.ImportFrom)}
    assert named == {"collections.abc", "datetime", "goodstanding.decisions", "goodstanding.transitions"}
