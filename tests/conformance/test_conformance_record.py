"""Accreditation records and status lists, judged by SD-JWT VC implementations that are not ours."""

from datetime import timedelta

import pytest
from conformance_material import claims_of
from flipped_bits import bytes_in, flip_in_claim, flip_in_token
from foreign_tools import OPENVC, SD_JWT
from issued_material import LIST_SIZE, es256_signer
from register_simulator import HOME, signer
from verdict_table import ACCEPTED, REFUSED, NotChecked

from goodstanding.status_list import StatusList

pytestmark = [pytest.mark.conformance, pytest.mark.timeout(600)]

VERIFIERS = pytest.mark.parametrize("verifier", [SD_JWT, OPENVC])

BAD_SIGNATURE = {SD_JWT: "Verify Error: Invalid JWT Signature", OPENVC: "SignatureInvalid: issuer JWT signature failed"}
BAD_LIST_SIGNATURE = {
    SD_JWT: "Status List JWT verification failed: Verify Error: Invalid JWT Signature",
    OPENVC: "SignatureInvalid: signature verification failed",
}


@VERIFIERS
def test_an_active_record_is_accepted(judge, material, source, verifier):
    verdict = judge(verifier, f"record ({source})", "active", material.case("ACTIVE"))
    assert verdict["status"] == 0
    assert verdict["payload"] == claims_of(material.records["ACTIVE"])


@VERIFIERS
def test_a_suspended_record_is_refused_as_suspended(judge, material, source, verifier):
    refusal = {SD_JWT: "status 2: suspended", OPENVC: "CredentialSuspended"}[verifier]
    judge(verifier, f"record ({source})", "suspended", material.case("SUSPENDED"), refusal)


@VERIFIERS
def test_a_revoked_record_is_refused_as_revoked(judge, material, source, verifier):
    refusal = {SD_JWT: "status 1: revoked", OPENVC: "CredentialRevoked"}[verifier]
    judge(verifier, f"record ({source})", "revoked", material.case("REVOKED"), refusal)


@VERIFIERS
@pytest.mark.parametrize("claim", ["sub", "number"])
def test_one_flipped_bit_of_the_payload_is_noticed(judge, material, source, verifier, claim):
    case = material.case("ACTIVE", record=flip_in_claim(material.records["ACTIVE"], claim))
    judge(verifier, f"record ({source})", f"one bit of payload ({claim})", case, BAD_SIGNATURE[verifier])


@VERIFIERS
@pytest.mark.parametrize("position", [0, 63])
def test_one_flipped_bit_of_the_signature_is_noticed(judge, material, source, verifier, position):
    case = material.case("ACTIVE", record=flip_in_token(material.records["ACTIVE"], 2, position))
    judge(verifier, f"record ({source})", f"one bit of signature (byte {position})", case, BAD_SIGNATURE[verifier])


@VERIFIERS
def test_one_flipped_bit_in_any_byte_is_noticed(judge_all, material, source, verifier):
    record = material.records["ACTIVE"]
    flipped = [flip_in_token(record, part, at, at % 8) for part, at in bytes_in(record)]
    cases = [material.case("ACTIVE", record=each, status_lists=material.status_lists) for each in flipped]
    assert len(cases) > 1000
    judge_all(verifier, f"record ({source})", "one bit in every byte", cases)


@VERIFIERS
def test_another_type_is_refused(judge, material, source, verifier):
    refusals = {SD_JWT: NotChecked("takes no expected vct; the caller compares"), OPENVC: "ClaimsInvalid: vct"}
    case = material.case("ACTIVE", vct=f"{HOME}/vct/something-else")
    judge(verifier, f"record ({source})", "another type asked for", case, refusals[verifier])


@VERIFIERS
@pytest.mark.parametrize("claim", ["sub", "lst"])
def test_one_flipped_bit_of_the_status_list_is_noticed(judge, material, source, verifier, claim):
    flipped = {uri: flip_in_claim(token, claim) for uri, token in material.status_lists.items()}
    case = material.case("ACTIVE", status_lists=flipped)
    judge(verifier, f"status list ({source})", f"one bit of payload ({claim})", case, BAD_LIST_SIGNATURE[verifier])


@VERIFIERS
def test_one_flipped_bit_of_the_status_list_signature_is_noticed(judge, material, source, verifier):
    flipped = {uri: flip_in_token(token, 2, 17) for uri, token in material.status_lists.items()}
    case = material.case("ACTIVE", status_lists=flipped)
    judge(verifier, f"status list ({source})", "one bit of signature", case, BAD_LIST_SIGNATURE[verifier])


@VERIFIERS
def test_an_es256_record_is_accepted(judge, issuer, issued, verifier):
    case = issued.case("ACTIVE", record=issuer.record(key=es256_signer()))
    judge(verifier, "record (issued)", "active, ES256", case)


@VERIFIERS
def test_a_flipped_es256_signature_is_noticed(judge, issuer, issued, verifier):
    case = issued.case("ACTIVE", record=flip_in_token(issuer.record(key=es256_signer()), 2, 40))
    judge(verifier, "record (issued)", "one bit of signature, ES256", case, BAD_SIGNATURE[verifier])


@VERIFIERS
def test_an_expired_record_is_refused(judge, issuer, issued, verifier):
    past = {"iat": issuer.now - timedelta(minutes=40), "exp": issuer.now - timedelta(minutes=10)}
    case = issued.case("ACTIVE", record=issuer.record(**past))
    judge(verifier, "record (issued)", "expired", case, "expired")


@VERIFIERS
def test_a_record_from_the_future_is_refused(judge, issuer, issued, verifier):
    case = issued.case("ACTIVE", record=issuer.record(iat=issuer.now + timedelta(hours=2)))
    judge(verifier, "record (issued)", "issued in the future", case, "not yet valid|iat")


@VERIFIERS
def test_a_record_signed_by_a_stranger_is_refused(judge, issuer, issued, verifier):
    refusal = {SD_JWT: "none of the trusted keys", OPENVC: "KeyResolutionFailed.* no key with kid"}[verifier]
    case = issued.case("ACTIVE", record=issuer.record(key=signer("a stranger")))
    judge(verifier, "record (issued)", "signed with an unknown key", case, refusal)


@VERIFIERS
def test_an_expired_status_list_is_refused(judge, issuer, issued, verifier):
    old = issuer.status_list(at=issuer.now - timedelta(hours=2))
    case = issued.case("ACTIVE", status_lists={f"{HOME}/status-lists/1": old})
    judge(verifier, "status list (issued)", "expired", case, "expired")


@VERIFIERS
def test_a_status_list_of_another_uri_is_refused(judge, issuer, issued, verifier):
    refusals = {SD_JWT: NotChecked("does not compare sub with the URI"), OPENVC: "StatusListError.* sub"}
    other = issuer.status_list(uri=f"{HOME}/status-lists/2")
    case = issued.case("ACTIVE", status_lists={f"{HOME}/status-lists/1": other})
    judge(verifier, "status list (issued)", "another list", case, refusals[verifier])


@VERIFIERS
def test_a_status_list_signed_by_a_stranger_is_refused(judge, issuer, issued, verifier):
    forged = issuer.status_list(key="a stranger")
    case = issued.case("ACTIVE", status_lists={f"{HOME}/status-lists/1": forged})
    judge(verifier, "status list (issued)", "signed with an unknown key", case, "none of the trusted keys")


def test_code_3_is_refused_or_reported(judge, issued):
    """0x03 is for the application to read (Token Status List, section 7.1): one library refuses, one reports the code."""
    case = issued.case("UNRECOGNISED")
    judge(SD_JWT, "record (issued)", "code 3, cannot conclude", case, "status 3")
    assert judge(OPENVC, "record (issued)", "code 3, cannot conclude", case)["status"] == 3


@VERIFIERS
def test_every_code_is_read_where_it_was_set(tools, table, issuer, issued, verifier):
    expected = {0: 3, 1: 2, 2: 1, 3: 0, 4: 3, LIST_SIZE - 2: 1, LIST_SIZE - 1: 2}
    codes = StatusList.of_size(LIST_SIZE)
    for idx, code in expected.items():
        codes.set(idx, code)
    lists = {uri: issuer.status_list(codes=codes) for uri in issued.status_lists}
    cases = [issued.case("ACTIVE", record=issuer.record_with_index(idx), status_lists=lists) for idx in expected]
    read = [verdict["status"] for verdict in tools.ask(verifier, cases)]
    right = read == list(expected.values())
    table.add(
        "status list (issued)", "codes 0 to 3, both ends", verifier, ACCEPTED if right else REFUSED, f"read {read}"
    )
    assert right, read
