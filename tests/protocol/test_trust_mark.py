"""Trust marks: which count, under whose delegation, and what their status list does to them."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from federation_simulator import DAY, LEAF, OWNER, issuer_chain, keys, mark
from register_simulator import HOME, NOW

from goodstanding.canonical import parse_time
from goodstanding.entity_claims import key_set
from goodstanding.errors import TokenError
from goodstanding.status_list import StatusList, VerifiedStatusList
from goodstanding.trust_chain import validate_chain
from goodstanding.trust_mark import check_status, read_trust_mark, validate_trust_mark


def pytest_generate_tests(metafunc):
    if "vector" in metafunc.fixturenames:
        files = sorted((Path(__file__).parents[1] / "vectors" / "federation").glob("mark-*.json"))
        vectors = [json.loads(path.read_text("utf-8")) for path in files]
        metafunc.parametrize("vector", vectors, ids=[path.stem for path in files])


def validated(token, chain, anchors, now=NOW, subject=LEAF):
    issuer = validate_chain(chain, anchors, now)
    return validate_trust_mark(token, subject=subject, issuer=issuer, anchor=issuer.statements[-1], now=now)


def test_a_vector_comes_out_as_it_says(vector):
    anchors = {entity: key_set(jwks, "anchor") for entity, jwks in vector["anchors"].items()}
    try:
        found = validated(vector["trust_mark"], vector["chain"], anchors, parse_time(vector["now"]), vector["subject"])
        reason = None if found.sub == vector["subject"] else "another subject"
    except TokenError as error:
        reason = error.reason

    assert reason == vector["expected"]["reason"]


def test_an_issuers_chain_that_has_ended_carries_no_mark():
    issuer = validate_chain(issuer_chain(), {OWNER: keys(OWNER)}, NOW)
    with pytest.raises(TokenError) as error:
        validate_trust_mark(mark(), subject=LEAF, issuer=issuer, anchor=issuer.statements[-1], now=NOW + DAY)
    assert error.value.reason == "WRONG_ANCHOR"


def test_no_mark_lives_longer_than_a_week():
    with pytest.raises(TokenError) as error:
        mark(exp=NOW + timedelta(days=8))
    assert error.value.reason == "BAD_MARK"


@pytest.mark.parametrize(
    "changes", [{"status": {}}, {"status": {"status_list": {"idx": "7", "uri": ""}}}, {"delegation": 5}, {"sub": ""}]
)
def test_a_mark_of_another_shape_is_refused(changes):
    with pytest.raises(TokenError) as error:
        mark(**changes)
    assert error.value.reason == "BAD_MARK"


@pytest.mark.parametrize(("code", "reason"), [(0, None), (1, "REVOKED"), (2, "SUSPENDED"), (3, "UNDECIDED")])
def test_a_status_list_takes_a_mark_back(code, reason):
    codes = StatusList.of_size(8)
    codes.set(7, code)
    signed = VerifiedStatusList(f"{HOME}/status-lists/1", codes, NOW, datetime.max.replace(tzinfo=UTC), 60, "kid")
    try:
        check_status(read_trust_mark(mark()), signed)
        told = None
    except TokenError as error:
        told = error.reason

    assert told == reason


def test_the_list_of_another_mark_says_nothing():
    other = VerifiedStatusList(f"{HOME}/status-lists/2", StatusList.of_size(8), NOW, NOW, 60, "kid")
    with pytest.raises(TokenError) as error:
        check_status(read_trust_mark(mark()), other)
    assert error.value.reason == "WRONG_LIST"
