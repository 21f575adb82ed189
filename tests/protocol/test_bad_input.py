"""What hostile artefacts are refused with, each for its own reason, at a cost that does not depend on their maker."""

import hmac
import json
import time
import zlib
from datetime import timedelta

import pytest
from edwards import L
from register_simulator import HOME, NOW, Register, decision, signer

from goodstanding import Trust, VerdictKind, Verifier, verify_record, verify_status_list
from goodstanding.canonical import b64u, canonical_bytes, unb64u
from goodstanding.errors import TokenError
from goodstanding.jws import sign_jws
from goodstanding.record import sign_record

REGISTER = Register()
ENTRY = REGISTER.record_entry(decision())
PAYLOAD = REGISTER.payload(ENTRY)
RECORD = REGISTER.record(ENTRY)
LIST = REGISTER.status_list()
URI = f"{HOME}/status-lists/1"
AUTHORITY, STATUS, EVE, OTHER = signer("aut_labour"), signer("status"), signer("eve"), signer("aut_other")
KEYS = {AUTHORITY.kid: AUTHORITY.public_jwk}
HEADER = {"alg": "EdDSA", "kid": AUTHORITY.kid, "typ": "dc+sd-jwt"}
NEUTRAL = bytes([1]) + bytes(31)


def token(header=HEADER, payload=PAYLOAD, key=AUTHORITY.sign, *, raw=None):
    """A record signed however its maker likes; `raw` stands for the payload's bytes."""
    body = json.dumps(payload).encode() if raw is None else raw
    signed = f"{b64u(json.dumps(header).encode())}.{b64u(body)}"
    return f"{signed}.{b64u(key(signed.encode()))}~"


def with_header(**changes):
    return token(HEADER | changes)


def with_claims(**changes):
    return token(payload=PAYLOAD | changes)


def by_public_key(message):
    """HMAC under the bytes of the public key, which a verifier that trusts `alg` would check it with."""
    return hmac.digest(canonical_bytes(AUTHORITY.public_jwk), message, "sha256")


def respelled(message):
    """The signature with the group order added to S."""
    made = AUTHORITY.sign(message)
    return made[:32] + (int.from_bytes(made[32:], "little") + L).to_bytes(32, "little")


def loose_bits(text):
    """The same bytes in base64url that nobody writes: the two bits behind the last byte are set."""
    bare = text.removesuffix("~")
    return bare[:-1] + chr(ord(bare[-1]) + 1) + "~"


RECORDS = {
    "alg none": (token(HEADER | {"alg": "none"}, key=lambda _: b""), "NOT_COMPACT"),
    "alg none with a signature": (with_header(alg="none"), "WRONG_ALG"),
    "HS256 under the public key": (token(HEADER | {"alg": "HS256"}, key=by_public_key), "WRONG_ALG"),
    "ES256 for an Ed25519 key": (with_header(alg="ES256"), "KEY_MISMATCH"),
    "kid that is a path": (with_header(kid="../../../../dev/null"), "UNKNOWN_KEY"),
    "kid that is a statement": (with_header(kid="' OR 1=1 --"), "UNKNOWN_KEY"),
    "kid that is an address": (token(HEADER | {"kid": "https://eve.example/key"}, key=EVE.sign), "UNKNOWN_KEY"),
    "kid that is an object": (with_header(kid={"k": "v"}), "NO_KID"),
    "jku": (token(HEADER | {"kid": EVE.kid, "jku": "https://eve.example/jwks"}, key=EVE.sign), "UNKNOWN_KEY"),
    "x5u": (token(HEADER | {"kid": EVE.kid, "x5u": "https://eve.example/c"}, key=EVE.sign), "UNKNOWN_KEY"),
    "jwk": (token(HEADER | {"kid": EVE.kid, "jwk": EVE.public_jwk}, key=EVE.sign), "UNKNOWN_KEY"),
    "jwk under a trusted kid": (token(HEADER | {"jwk": EVE.public_jwk}, key=EVE.sign), "BAD_SIGNATURE"),
    "another authority's key": (token(HEADER | {"kid": OTHER.kid}, key=OTHER.sign), "UNKNOWN_KEY"),
    "unknown crit": (with_header(crit=["https://eve.example/extension"]), "CRITICAL_HEADER"),
    "empty crit": (with_header(crit=[]), "CRITICAL_HEADER"),
    "b64 false": (with_header(b64=False), "UNENCODED_PAYLOAD"),
    "b64 false and crit": (with_header(b64=False, crit=["b64"]), "CRITICAL_HEADER"),
    "claim twice": (token(raw=b'{"iss":"x",' + canonical_bytes(PAYLOAD)[1:]), "DUPLICATE_NAME"),
    "S beyond the order": (token(key=respelled), "SIGNATURE_RANGE"),
    "R of small order": (token(key=lambda m: NEUTRAL + AUTHORITY.sign(m)[32:]), "SIGNATURE_RANGE"),
    "loose bits": (loose_bits(RECORD), "NOT_BASE64URL"),
    "oversized": (token(payload=PAYLOAD | {"note": "x" * 20_000}), "TOO_LARGE"),
    "a gigabyte's worth of dots": ("." * 16_000 + "~", "NOT_COMPACT"),
    "deep": (token(raw=b'{"a":' * 2000 + b"1" + b"}" * 2000), "NOT_JSON"),
    "many tildes": (RECORD + "~" * 5_000, "NOT_SD_JWT"),
    "exp as text": (with_claims(exp="4102444800"), "BAD_TIME"),
    "exp of 1e308": (token(raw=canonical_bytes(PAYLOAD | {"exp": 7}).replace(b'"exp":7', b'"exp":1e308')), "NOT_JSON"),
    "exp of 4000 digits": (
        token(raw=canonical_bytes(PAYLOAD | {"exp": 7}).replace(b'"exp":7', b'"exp":' + b"9" * 4_400)), "NOT_JSON",
    ),
    "exp that is true": (with_claims(exp=True), "BAD_TIME"),
    "a status list as a record": (LIST + "~", "WRONG_TYP"),
    "a status list by the authority": (sign_jws(PAYLOAD, typ="statuslist+jwt", signer=AUTHORITY) + "~", "WRONG_TYP"),
    "an access token as a record": (sign_jws(PAYLOAD, typ="at+jwt", signer=AUTHORITY) + "~", "WRONG_TYP"),
}  # fmt: skip

SMALL_KEY = {AUTHORITY.kid: AUTHORITY.public_jwk | {"x": b64u(NEUTRAL)}}


def listing(data, **changes):
    """A status list signed by its rightful key that says what no registry would."""
    second = int(NOW.timestamp())
    content = {"bits": 2, "lst": b64u(data)} | changes
    payload = {"sub": URI, "iat": second, "exp": second + 3600, "ttl": 60, "status_list": content}
    return sign_jws(payload, typ="statuslist+jwt", signer=STATUS)


BOMB = zlib.compress(bytes(64 * 1024 * 1024), 9)  # 64 MB in 64 KB
LISTS = {
    "zip bomb": (listing(BOMB), "LIST_TOO_LARGE"),
    "bits of another width": (listing(zlib.compress(b"x"), bits=8), "BAD_LIST"),
    "not zlib": (listing(b"x" * 1000), "BAD_LIST"),
    "cut off": (listing(zlib.compress(bytes(1000))[:-1]), "BAD_LIST"),
    "something behind its end": (listing(zlib.compress(bytes(16)) + zlib.compress(b"\xff" * 16)), "BAD_LIST"),
    "a record as a list": (RECORD.removesuffix("~"), "WRONG_TYP"),
    "the list of another address": (REGISTER.status_list(uri=f"{HOME}/status-lists/2"), "WRONG_LIST"),
    "signed by the authority": (REGISTER.status_list(key="aut_labour"), "UNKNOWN_KEY"),
    "expired": (REGISTER.status_list(at=NOW - timedelta(hours=2)), "EXPIRED"),
}


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


@pytest.mark.parametrize("name", RECORDS)
def test_a_bad_record_costs_no_more_than_a_few_honest_ones(name, honest):
    assert cpu(lambda: refused(lambda: verify_record(RECORDS[name][0], KEYS))) < 5 * honest


@pytest.mark.parametrize("name", LISTS)
def test_a_bad_list_costs_no_more_than_the_greatest_honest_one(name):
    greatest = listing(zlib.compress(bytes(4 * 1024 * 1024), 9))
    honest = cpu(lambda: read_list(greatest))

    assert cpu(lambda: refused(lambda: read_list(LISTS[name][0]))) < 3 * honest


def test_signing_again_gives_the_record_that_the_cases_alter():
    """Or they would all be refused for what they have in common."""
    assert verify_record(token(), KEYS).body == verify_record(sign_record(PAYLOAD, AUTHORITY), KEYS).body
    assert unb64u(LIST.split(".")[2])
