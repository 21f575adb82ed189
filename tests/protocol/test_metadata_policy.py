"""Metadata policies: what operators do, how policies of a chain merge, which are refused."""

import pytest

from goodstanding.errors import TokenError
from goodstanding.metadata_policy import apply, merged

T = "federation_entity"
ABSENT = object()


def result(given, *policies, critical=()):
    metadata = {T: {} if given is ABSENT else {"p": given}}
    try:
        return apply(merged([{T: {"p": one}} for one in policies], critical), metadata)[T].get("p", ABSENT)
    except TokenError as error:
        return error.reason


@pytest.mark.parametrize(
    ("operators", "given", "becomes"),
    [
        ({"value": "x"}, "y", "x"),
        ({"value": None}, "y", ABSENT),
        ({"add": ["a", "b"]}, ["b", "c"], ["b", "c", "a"]),
        ({"add": ["a"]}, ABSENT, ["a"]),
        ({"default": 1}, ABSENT, 1),
        ({"default": 1}, 2, 2),
        ({"one_of": ["a", "b"]}, "b", "b"),
        ({"one_of": ["a", "b"]}, "c", "POLICY_VIOLATED"),
        ({"one_of": ["a"]}, ABSENT, ABSENT),
        ({"one_of": [1]}, True, "POLICY_VIOLATED"),
        # the specification's table of essential and subset_of
        ({"essential": True, "subset_of": ["a", "b", "c"]}, ["a", "e"], ["a"]),
        ({"essential": True, "subset_of": ["a", "b", "c"]}, ["d", "e"], []),
        ({"essential": True, "subset_of": ["a", "b", "c"]}, ABSENT, "POLICY_VIOLATED"),
        ({"essential": False, "subset_of": ["a", "b", "c"]}, ABSENT, ABSENT),
        ({"superset_of": ["a"]}, ["a", "b"], ["a", "b"]),
        ({"superset_of": ["a", "b"]}, ["a"], "POLICY_VIOLATED"),
        ({"subset_of": ["a"], "superset_of": ["a"], "add": ["a"]}, ["a", "b"], ["a"]),
        ({"subset_of": ["a"]}, "a", "POLICY_VIOLATED"),
        ({"regexp": "a*"}, "b", "b"),
    ],
)
def test_each_operator_does_what_its_section_says(operators, given, becomes):
    assert result(given, operators) == becomes


@pytest.mark.parametrize(
    ("upper", "lower", "given", "becomes"),
    [
        ({"value": ["a", "b"]}, {"value": ["b", "a"]}, ABSENT, ["a", "b"]),
        ({"value": "a"}, {"value": "b"}, ABSENT, "POLICY_CONFLICT"),
        ({"add": ["a"]}, {"add": ["b"]}, ABSENT, ["a", "b"]),
        ({"default": 1}, {"default": 2}, ABSENT, "POLICY_CONFLICT"),
        ({"one_of": ["a", "b"]}, {"one_of": ["b", "c"]}, "a", "POLICY_VIOLATED"),
        ({"one_of": ["a"]}, {"one_of": ["b"]}, ABSENT, "POLICY_CONFLICT"),
        ({"subset_of": ["a", "b"]}, {"subset_of": ["b"]}, ["a", "b"], ["b"]),
        ({"superset_of": ["a"]}, {"superset_of": ["b"]}, ["a"], "POLICY_VIOLATED"),
        ({"essential": True}, {"essential": False}, ABSENT, "POLICY_VIOLATED"),
        ({"subset_of": ["a"]}, {"superset_of": ["b"]}, ABSENT, "POLICY_CONFLICT"),
        ({"essential": True}, {"value": None}, "a", "POLICY_CONFLICT"),
        ({"one_of": ["a"]}, {"add": ["a"]}, "a", "POLICY_CONFLICT"),
    ],
)
def test_a_superiors_policy_is_narrowed_never_widened(upper, lower, given, becomes):
    assert result(given, upper, lower) == becomes


@pytest.mark.parametrize(
    "operators",
    [
        {"one_of": []}, {"one_of": "a"}, {"essential": 1}, {"default": None}, {"value": None, "default": 1},
        {"value": None, "essential": True}, {"value": "a", "one_of": ["b"]}, {"add": ["a"], "one_of": ["a"]},
        {"value": ["a"], "superset_of": ["b"]}, {"subset_of": ["a"], "superset_of": ["b"]},
        {"add": ["a"], "value": ["b"]}, [],
    ],
)  # fmt: skip
def test_operators_that_do_not_go_together_are_refused(operators):
    assert result("a", operators) == "BAD_POLICY"


def test_an_unknown_operator_counts_only_where_it_is_critical():
    assert result("b", {"regexp": "a*"}, critical=["regexp"]) == "POLICY_CRITICAL"
    assert result("b", {"value": "c"}, critical=["value"]) == "c"


def test_scope_is_a_text_of_words():
    policy = merged([{T: {"scope": {"subset_of": ["openid", "email"], "default": "openid"}}}])

    assert apply(policy, {T: {"scope": "openid phone email"}}) == {T: {"scope": "openid email"}}
    assert apply(policy, {T: {}}) == {T: {"scope": "openid"}}


def test_types_the_subject_does_not_have_stay_absent():
    assert apply(merged([{"openid_provider": {"issuer": {"value": "x"}}}]), {T: {}}) == {T: {}}
