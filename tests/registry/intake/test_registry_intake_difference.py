"""What one accreditation comes to in the next list: pure, case by case."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodstanding.transitions import Standing, transition
from registry.intake.difference import NOTHING, Known, overtaken, plan, plan_absent
from registry.intake.model import UNCHANGED, Change, Claim, Plan

ACTIVE, UNRECOGNISED = Standing.ACTIVE, Standing.UNRECOGNISED


def claim(word: str) -> Claim:
    return Claim("sch", "key", "Acme", "employer", "GB", word)


def listed(word: str = "A", standing: Standing = ACTIVE, **more: object) -> Known:
    return Known(("org_1",), (), "TEST-1", word, standing=standing, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("word", "mapped", "known", "expected"),
    [
        pytest.param("A", True, NOTHING, ("new", "list"), id="new"),
        pytest.param("?", False, NOTHING, ("new", "list"), id="new, without a mapping"),
        pytest.param(" a ", True, listed(), ("unchanged", None), id="the same word, spelled otherwise"),
        pytest.param("A", True, listed(gone=True), ("back", "relist"), id="back"),
        pytest.param("?", False, listed(gone=True), ("back", "relist"), id="back, without a mapping"),
        pytest.param("B", True, listed(), ("changed", "relist"), id="another word"),
        pytest.param("?", False, listed(), ("changed", "unrecognise"), id="a word without a mapping"),
        pytest.param("?", False, listed("?", UNRECOGNISED), ("unchanged", None), id="still without"),
        pytest.param("?", True, listed("?", UNRECOGNISED), ("changed", "recognise"), id="its mapping has come"),
        pytest.param("?", False, listed("?", ACTIVE), ("changed", "unrecognise"), id="its mapping has gone"),
        pytest.param("B", True, listed("?", UNRECOGNISED), ("changed", "recognise"), id="to one with a mapping"),
        pytest.param("!", False, listed("?", UNRECOGNISED), ("changed", "relist"), id="to another one without"),
        pytest.param(
            "A", True, listed(standing=Standing.SUSPENDED), ("unchanged", None), id="suspended, the same word"
        ),
        pytest.param("A", True, listed(ours=False), ("unchanged", None), id="another source says the same"),
    ],
)
def test_what_the_list_names(word, mapped, known, expected):
    found = plan(claim(word), known, mapped=mapped)
    assert (found.change, found.act, found.fault) == (*expected, None)


@pytest.mark.parametrize(
    ("known", "says"),
    [
        (Known(("org_1",), (), "TEST-1"), "already accredited as TEST-1 by decision"),
        (Known(("org_1", "org_2")), "belongs to several organisations here: org_1, org_2"),
        (Known(("org_1",), ("Bolt",)), 'the identifier belongs to "Bolt" here; the list says "Acme"'),
        (listed("B", ours=False), 'listed as "B" under TEST-1 by the list of another source; now "A"'),
        (listed(ours=False, gone=True), "no longer listed under TEST-1 by the list of another source"),
        (listed("B", Standing.REVOKED, follower="TEST-2"), "since accredited as TEST-2"),
    ],
)
def test_what_is_held(known, says):
    found = plan(claim("A"), known, mapped=True)
    assert found.act is None
    assert says in (found.fault or "")


def test_what_the_list_does_not_name_is_unlisted_once_by_its_own_list_only():
    assert plan_absent(listed()) == Plan(Change.GONE, "unlist")
    for known in (listed(gone=True), listed(ours=False), NOTHING, Known(("org_1",), (), "TEST-1")):
        assert plan_absent(known) == UNCHANGED
    assert plan_absent(listed("A", Standing.REVOKED, follower="TEST-2")).fault


def test_what_was_staged_is_done_only_to_what_was_compared():
    relist = Plan(Change.CHANGED, "relist")
    assert overtaken(relist, "A", relist, listed("a ")) is None
    assert overtaken(relist, "A", relist, listed("C")) == (
        'listed as "C" under TEST-1 since this list was staged; stage it again to relist'
    )
    assert overtaken(Plan(Change.NEW, "list"), None, relist, listed("C")) is not None


WORDS = st.sampled_from(["A", "a", "B", "?", "! & !", "! and !"])


@given(
    WORDS, WORDS, st.sampled_from(sorted(Standing)), st.booleans(), st.booleans(), st.booleans(),
    st.sampled_from([None, "TEST-2"]),
)  # fmt: skip
def test_whatever_is_planned_may_start_where_it_stands_or_is_held(was, word, standing, gone, ours, mapped, follower):
    known = Known(("org_1",), (), "TEST-1", was, gone=gone, ours=ours, standing=standing, follower=follower)
    for found in (plan(claim(word), known, mapped=mapped), plan_absent(known)):
        assert found.act is None or found.fault is None
        assert (found.change is Change.NONE) == (found.act is None and found.fault is None)
        if found.act in ("relist", "recognise", "unrecognise"):
            assert standing in transition(found.act).sources
        assert ours or found.act is None
