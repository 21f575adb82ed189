"""The comparison itself tells apart what it must, and nothing else."""

import pytest
from compose_cases import Outcome
from compose_outcome import outcome

pytestmark = pytest.mark.conformance

OURS = {"data": {"a": {"b": 1, "c": None}, "l": [None, True]}, "errors": [{"message": "no", "path": ["a", "c"]}]}


def answered(errors, **data):
    return {"data": OURS["data"] | data, "errors": errors}


@pytest.mark.parametrize(
    ("theirs", "found"),
    [
        (answered([{"message": "other words", "path": ["a", "c"]}]), Outcome.SAME),
        (answered([{"message": "below what is null", "path": ["a", "c", "d", 0]}]), Outcome.SAME),
        (answered(OURS["errors"], a={"b": 1.0, "c": None}), Outcome.SAME),
        (answered([]), Outcome.ERRORS),
        (answered([{"message": "no", "path": ["l", 0]}]), Outcome.ERRORS),
        (answered([{"message": "no", "path": ["elsewhere"]}]), Outcome.ERRORS),
        (answered([{"message": "no"}]), Outcome.ERRORS),
        (answered(OURS["errors"], a={"c": None, "b": 1}), Outcome.DATA),
        (answered(OURS["errors"], l=[None, 1]), Outcome.DATA),
        (answered(OURS["errors"], a=None), Outcome.DATA),
        ({"errors": OURS["errors"]}, Outcome.DATA),
        ({"data": None, "errors": OURS["errors"]}, Outcome.DATA),
        (None, Outcome.DATA),
    ],
)
def test_an_answer_beside_ours(theirs, found):
    assert outcome(OURS, theirs) is found


def test_two_refusals_are_the_same_and_a_refusal_is_not_an_answer():
    refusal = {"errors": [{"message": "the document is not valid"}]}
    assert outcome(refusal, {"errors": [{"message": "so we think"}]}) is Outcome.SAME
    assert outcome(refusal, {"data": None, "errors": refusal["errors"]}) is Outcome.DATA
