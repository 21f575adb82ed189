"""What hostile artefacts are refused with, each for its own reason, at a cost that does not depend on their maker."""

import json
import time
import zlib

import pytest
from hostile_artefacts import (
    AUTHORITY,
    ENTRY,
    KEYS,
    LIST,
    LISTS,
    NEUTRAL,
    PAYLOAD,
    RECORDS,
    REGISTER,
    SMALL_KEY,
    STATUS,
    URI,
    listing,
    token,
)
from register_simulator import NOW

from goodstanding import Trust, VerdictKind, Verifier, verify_record, verify_status_list
from goodstanding.canonical import unb64u
from goodstanding.errors import TokenError
from goodstanding.record import sign_record


def reason_of(verify):
    with pytest.raises(TokenError) as refused:
        verify()
    return refused.value.reason


def read_list(text):
    return verify_status_list(text, uri=URI, keys={STATUS.kid: STATUS.public_jwk}, now=NOW)


@pytest.mark.parametrize(("text", "reason"), RECORDS.values(), ids=RECORDS.keys())
def test_a_bad_record_is_refused_for_its_own_reason_and_concludes_nothing(text, reason):
    verdict = Verifier(Trust.from_json(REGISTER.trust()), lambda: NOW).verify(
        text, tlog_proof=REGISTER.log.proof(ENTRY.index), status_list=LIST
    )

    assert reason_of(lambda: verify_record(text, KEYS)) == reason
    assert verdict.verdict is VerdictKind.CANNOT_CONCLUDE


@pytest.mark.parametrize(("text", "reason"), LISTS.values(), ids=LISTS.keys())
def test_a_bad_list_is_refused_for_its_own_reason_and_concludes_nothing(text, reason):
    bundle = REGISTER.bundle(ENTRY, status_list=text)

    assert reason_of(lambda: read_list(text)) == reason
    assert (
        Verifier(Trust.from_json(REGISTER.trust()), lambda: NOW).verify_bundle(bundle).verdict
        is VerdictKind.CANNOT_CONCLUDE
    )


def test_a_key_of_small_order_is_refused_whatever_it_signed():
    forged = token(key=lambda _: NEUTRAL + bytes(32))

    assert reason_of(lambda: verify_record(forged, SMALL_KEY)) == "KEY_REFUSED"


@pytest.mark.parametrize("idx", [64, 2**53 - 1])
def test_an_index_out_of_range_has_no_status(idx):
    assert reason_of(lambda: read_list(LIST).list.get(idx)) == "INDEX_OUT_OF_RANGE"


@pytest.mark.parametrize("idx", [-1, 2**53, 1.5, "7", True, None])
def test_an_index_that_is_none_is_refused_with_the_record(idx):
    bad = json.loads(json.dumps(PAYLOAD))
    bad["status"]["status_list"]["idx"] = idx

    assert reason_of(lambda: verify_record(token(payload=bad), KEYS)) in ("BAD_BODY", "NOT_JSON")


def cpu(work):
    """CPU seconds of the quickest of five runs: what the work takes when nothing else disturbs it."""
    times = []
    for _ in range(5):
        begun = time.process_time()
        for _ in range(4):
            work()
        times.append(time.process_time() - begun)
    return min(times)


def refused(verify):
    try:
        verify()
    except TokenError:
        return
    raise AssertionError("it was not refused")


@pytest.fixture(scope="module")
def honest():
    """What verifying an honest record takes, with everything opened anew."""
    trust, bundle = Trust.from_json(REGISTER.trust()), REGISTER.bundle(ENTRY)
    return cpu(lambda: Verifier(trust, lambda: NOW).verify_bundle(bundle))


@pytest.fixture(scope="module")
def greatest():
    """What reading the longest list takes that may be read."""
    longest = listing(zlib.compress(bytes(4 * 1024 * 1024), 9))
    return cpu(lambda: read_list(longest))


@pytest.mark.parametrize("name", RECORDS)
def test_a_bad_record_costs_no_more_than_a_few_honest_ones(name, honest):
    assert cpu(lambda: refused(lambda: verify_record(RECORDS[name][0], KEYS))) < 5 * honest


@pytest.mark.parametrize("name", LISTS)
def test_a_bad_list_costs_no_more_than_the_greatest_honest_one(name, greatest):
    assert cpu(lambda: refused(lambda: read_list(LISTS[name][0]))) < 3 * greatest


def test_signing_again_gives_the_record_that_the_cases_alter():
    """Or they would all be refused for what they have in common."""
    assert verify_record(token(), KEYS).body == verify_record(sign_record(PAYLOAD, AUTHORITY), KEYS).body
    assert unb64u(LIST.split(".")[2])
