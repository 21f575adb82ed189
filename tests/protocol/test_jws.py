import json
import warnings
from dataclasses import dataclass, field
from datetime import UTC, datetime

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from hypothesis import given, settings
from hypothesis import strategies as st
from register_simulator import NOW, signer

from goodstanding.canonical import b64u, unb64u
from goodstanding.errors import EventError, TokenError
from goodstanding.jws import EARLIEST, LATEST, check_times, read_jws, sign_jws, verify_jws
from goodstanding.keys import P256_ORDER, PemSigner

TYP = "example+jwt"
EXP = 4_000_000_000  # PyJWT reads the real clock: a time to come for it as well
CLAIMS = {"sub": "someone", "exp": EXP}
ED = signer("ed")
EC = PemSigner(generate_private_key(SECP256R1()))
KEYS = {key.kid: key.public_jwk for key in (ED, EC)}
NEUTRAL = bytes([1]) + bytes(31)  # the curve's neutral element: as a public key it fits any message


def header(signer=ED, **changes):
    value = {"alg": signer.alg, "kid": signer.kid, "typ": TYP} | changes
    return json.dumps({name: entry for name, entry in value.items() if entry is not None}).encode()


def claims(**changes):
    return json.dumps(CLAIMS | changes).encode()


def compact(head, body, key=ED, *, encode=b64u, spoil=lambda signature: signature):
    """A token signed as it is, however it was put together."""
    signed = f"{encode(head)}.{encode(body)}"
    return f"{signed}.{b64u(spoil(key.sign(signed.encode())))}"


def padded(data):
    return b64u(data) + "=" * (-len(b64u(data)) % 4)


def other_s(signature):
    """The other signature that ECDSA accepts for the same message."""
    s = P256_ORDER - int.from_bytes(signature[32:])
    return signature[:32] + s.to_bytes(32)


@dataclass
class Case:
    """A token to refuse, why, and whether PyJWT would take it."""

    reason: str
    token: str
    pyjwt: bool
    keys: dict = field(default_factory=lambda: KEYS)


def small_order():
    jwk = ED.public_jwk | {"x": b64u(NEUTRAL)}
    token = compact(header(), claims(), spoil=lambda _: NEUTRAL + bytes(32))
    return Case("KEY_REFUSED", token, pyjwt=True, keys={ED.kid: jwk})


def needing_padding(body):
    """JSON whose base64url takes padding, so that the padded spelling differs."""
    return next(text for text in (body, body + b" ", body + b"  ") if len(text) % 3)


GOOD = compact(header(), claims())
CASES = {
    "padded signature": Case("NOT_BASE64URL", GOOD + "==", pyjwt=True),
    "padded payload": Case(
        "NOT_BASE64URL", compact(header(), needing_padding(claims()), encode=padded), pyjwt=True
    ),
    "padded header": Case(
        "NOT_BASE64URL", compact(needing_padding(header()), claims(), encode=padded), pyjwt=True
    ),
    "loose bits in signature": Case("NOT_BASE64URL", GOOD[:-1] + chr(ord(GOOD[-1]) + 1), pyjwt=False),
    "standard alphabet": Case("NOT_BASE64URL", GOOD[:-2] + "+/", pyjwt=False),
    "space before": Case("NOT_COMPACT", " " + GOOD, pyjwt=False),
    "newline after": Case("NOT_COMPACT", GOOD + "\n", pyjwt=False),
    "two segments": Case("NOT_COMPACT", GOOD.rpartition(".")[0], pyjwt=False),
    "four segments": Case("NOT_COMPACT", GOOD + ".e30", pyjwt=False),
    "empty": Case("NOT_COMPACT", "", pyjwt=False),
    "empty signature": Case("NOT_COMPACT", GOOD.rpartition(".")[0] + ".", pyjwt=False),
    "beyond ASCII": Case("NOT_BASE64URL", "é" + GOOD, pyjwt=False),
    "too large": Case("TOO_LARGE", compact(header(), claims(sub="x" * 16_384)), pyjwt=True),
    "name twice in header": Case(
        "DUPLICATE_NAME", compact(header()[:-1] + b',"typ":"%s"}' % TYP.encode(), claims()), pyjwt=True
    ),
    "name twice in payload": Case(
        "DUPLICATE_NAME", compact(header(), b'{"sub":"me",' + claims()[1:]), pyjwt=True
    ),
    "name twice deep in payload": Case(
        "DUPLICATE_NAME", compact(header(), b'{"act":{"a":1,"a":2},' + claims()[1:]), pyjwt=True
    ),
    "header is an array": Case("NOT_JSON", compact(b"[]", claims()), pyjwt=False),
    "payload is an array": Case("NOT_JSON", compact(header(), b"[]"), pyjwt=False),
    "payload is not JSON": Case("NOT_JSON", compact(header(), b"{"), pyjwt=False),
    "payload in UTF-16": Case("NOT_JSON", compact(header(), claims().decode().encode("utf-16")), pyjwt=True),
    "NaN in payload": Case("NOT_JSON", compact(header(), claims(n=float("nan"))), pyjwt=True),
    "float in payload": Case("NOT_JSON", compact(header(), claims(exp=EXP + 0.5)), pyjwt=True),
    "a thousand levels": Case("NOT_JSON", compact(header(), b'{"n":' + b"[" * 1000 + b"]" * 1000 + b"}"), pyjwt=False),
    "critical header": Case("CRITICAL_HEADER", compact(header(crit=["exp"]), claims()), pyjwt=False),
    "critical b64": Case("CRITICAL_HEADER", compact(header(crit=["b64"], b64=True), claims()), pyjwt=True),
    "b64": Case("UNENCODED_PAYLOAD", compact(header(b64=True), claims()), pyjwt=True),
    "no typ": Case("WRONG_TYP", compact(header(typ=None), claims()), pyjwt=True),
    "another typ": Case("WRONG_TYP", compact(header(typ="statuslist+jwt"), claims()), pyjwt=True),
    "typ in capitals": Case("WRONG_TYP", compact(header(typ=TYP.upper()), claims()), pyjwt=True),
    "alg none": Case("WRONG_ALG", compact(header(alg="none"), claims()), pyjwt=False),
    "no alg": Case("WRONG_ALG", compact(header(alg=None), claims()), pyjwt=False),
    "alg is an array": Case("WRONG_ALG", compact(header(alg=["EdDSA"]), claims()), pyjwt=False),
    "alg not pinned": Case("WRONG_ALG", compact(header(alg="HS256"), claims()), pyjwt=False),
    "no kid": Case("NO_KID", compact(header(kid=None), claims()), pyjwt=True),
    "kid is a number": Case("NO_KID", compact(header(kid=7), claims()), pyjwt=False),
    "unknown kid": Case("UNKNOWN_KEY", compact(header(kid="mine"), claims()), pyjwt=True),
    "key in the header": Case(
        "UNKNOWN_KEY",
        compact(header(signer("eve"), jwk=signer("eve").public_jwk, jku="https://eve.example"), claims(), signer("eve")),
        pyjwt=False,
    ),
    "alg of another key": Case("KEY_MISMATCH", compact(header(alg="ES256"), claims()), pyjwt=False),
    "small-order key": small_order(),
    "signature cut short": Case("SIGNATURE_LENGTH", compact(header(), claims(), spoil=lambda s: s[:63]), pyjwt=False),
    "signature too long": Case("SIGNATURE_LENGTH", compact(header(), claims(), spoil=lambda s: s + b"x"), pyjwt=False),
    "ES256 in DER length": Case(
        "SIGNATURE_LENGTH", compact(header(EC), claims(), EC, spoil=lambda s: b"0" * 7 + s), pyjwt=False
    ),
    "ES256 with high s": Case("HIGH_S", compact(header(EC), claims(), EC, spoil=other_s), pyjwt=True),
    "ES256 with r = 0": Case(
        "SIGNATURE_RANGE", compact(header(EC), claims(), EC, spoil=lambda s: bytes(32) + s[32:]), pyjwt=False
    ),
    "ES256 with s = 0": Case(
        "SIGNATURE_RANGE", compact(header(EC), claims(), EC, spoil=lambda s: s[:32] + bytes(32)), pyjwt=False
    ),
    "ES256 with s = n": Case(
        "SIGNATURE_RANGE", compact(header(EC), claims(), EC, spoil=lambda s: s[:32] + P256_ORDER.to_bytes(32)),
        pyjwt=False,
    ),
    "another's signature": Case("BAD_SIGNATURE", compact(header(), claims(), signer("eve")), pyjwt=False),
    "no exp": Case("NO_EXPIRY", compact(header(), b'{"sub":"someone"}'), pyjwt=True),
    "exp is huge": Case("BAD_TIME", compact(header(), claims(exp=10**12)), pyjwt=True),
    "exp is text": Case("BAD_TIME", compact(header(), claims(exp=str(EXP))), pyjwt=True),
    "exp is null": Case("BAD_TIME", compact(header(), claims(exp=None)), pyjwt=False),
    "exp is true": Case("BAD_TIME", compact(header(), claims(exp=True)), pyjwt=False),
    "exp before 2000": Case("BAD_TIME", compact(header(), claims(exp=EARLIEST - 1)), pyjwt=False),
    "exp after 2100": Case("BAD_TIME", compact(header(), claims(exp=LATEST + 1)), pyjwt=True),
    "iat is true": Case("BAD_TIME", compact(header(), claims(iat=True)), pyjwt=True),
    "nbf is text": Case("BAD_TIME", compact(header(), claims(nbf="1700000000")), pyjwt=True),
    "nbf is negative": Case("BAD_TIME", compact(header(), claims(nbf=-1)), pyjwt=True),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_token_is_refused_with_its_reason(case):
    with pytest.raises(TokenError) as refused:
        verify_jws(case.token, typ=TYP, keys=case.keys)

    assert refused.value.reason == case.reason
    assert refused.value.message
    assert str(refused.value) == refused.value.message


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_the_rule_is_needed_where_pyjwt_would_accept(case):
    """If PyJWT grows stricter this fails, and tells which rule has become a second lock on the same door."""
    jwk = case.keys[EC.kid] if case.token.startswith(b64u(header(EC))) else case.keys[ED.kid]
    key = jwt.PyJWK({name: value for name, value in jwk.items() if name != "alg"}, jwk["alg"])

    assert accepted_by_pyjwt(case.token, key) is case.pyjwt


def accepted_by_pyjwt(token, key):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            jwt.decode(token, key, algorithms=["EdDSA", "ES256"])
    except jwt.PyJWTError:
        return False
    return True


@pytest.mark.parametrize("key", [ED, EC], ids=["EdDSA", "ES256"])
def test_what_is_signed_verifies(key):
    token = sign_jws(CLAIMS, typ=TYP, signer=key, header={"x": "1"})

    jws = verify_jws(token, typ=TYP, keys=KEYS, algs=(key.alg,))

    assert jws.payload == CLAIMS
    assert jws.header == {"alg": key.alg, "kid": key.kid, "typ": TYP, "x": "1"}
    assert accepted_by_pyjwt(token, jwt.PyJWK(key.public_jwk))


def test_bytes_are_signed_as_they_are():
    token = sign_jws(claims(), typ=TYP, signer=ED)

    assert unb64u(token.split(".")[1]) == claims()


def test_a_pinned_algorithm_excludes_the_others():
    token = sign_jws(CLAIMS, typ=TYP, signer=EC)

    with pytest.raises(TokenError, match="accepted: EdDSA") as refused:
        verify_jws(token, typ=TYP, keys=KEYS, algs=("EdDSA",))
    assert refused.value.reason == "WRONG_ALG"


def test_keys_beside_the_token_are_ignored():
    """Not a source of keys, and not a fault either: the token counts by the key the reader trusts."""
    eve = signer("eve").public_jwk
    token = sign_jws(
        CLAIMS, typ=TYP, signer=ED, header={"jwk": eve, "jku": "https://eve.example", "x5u": "x", "x5c": ["x"]}
    )

    assert verify_jws(token, typ=TYP, keys=KEYS).payload == CLAIMS


@pytest.mark.parametrize("name", ["alg", "kid", "typ"])
def test_a_callers_header_cannot_change_what_is_pinned(name):
    token = sign_jws(CLAIMS, typ=TYP, signer=ED, header={name: "other"})

    assert verify_jws(token, typ=TYP, keys=KEYS).header[name] != "other"


@pytest.mark.parametrize(
    ("payload", "options", "reason"),
    [
        ({"sub": "someone"}, {}, "NO_EXPIRY"),
        (CLAIMS | {"iat": True}, {}, "BAD_TIME"),
        (CLAIMS | {"sub": "x" * 16_384}, {}, "TOO_LARGE"),
        (CLAIMS, {"header": {"crit": ["x"]}}, "CRITICAL_HEADER"),
    ],
)
def test_nothing_is_signed_that_would_be_refused(payload, options, reason):
    with pytest.raises(TokenError) as refused:
        sign_jws(payload, typ=TYP, signer=ED, **options)
    assert refused.value.reason == reason


def test_floats_are_not_signed():
    with pytest.raises(EventError):
        sign_jws(CLAIMS | {"score": 0.5}, typ=TYP, signer=ED)


def test_a_status_list_may_be_larger_than_other_tokens():
    token = sign_jws(CLAIMS | {"sub": "x" * 100_000}, typ="statuslist+jwt", signer=ED)

    assert verify_jws(token, typ="statuslist+jwt", keys=KEYS)
    with pytest.raises(TokenError, match="at most 16384"):
        verify_jws(token, typ="statuslist+jwt", keys=KEYS, max_bytes=16_384)


def test_reading_vouches_for_nothing():
    token = compact(header(typ=None, alg="none"), b'{"sub":"eve"}', signer("eve"))

    assert read_jws(token).payload == {"sub": "eve"}


@pytest.mark.parametrize(
    ("times", "leeway", "reason"),
    [
        ({}, 0, None),
        ({"exp": 1}, 0, None),
        ({"exp": 0}, 0, "EXPIRED"),
        ({"exp": 0}, 600, "EXPIRED"),
        ({"nbf": 0, "iat": 0}, 0, None),
        ({"nbf": 1}, 0, "NOT_YET_VALID"),
        ({"iat": 1}, 0, "NOT_YET_VALID"),
        ({"iat": 60, "nbf": 60}, 60, None),
        ({"iat": 61}, 60, "NOT_YET_VALID"),
    ],
)
def test_times_are_judged_against_now(times, leeway, reason):
    now = int(NOW.timestamp())
    payload = {"exp": now + 600} | {name: now + offset for name, offset in times.items()}
    if reason is None:
        check_times(payload, NOW, leeway)
        return
    with pytest.raises(TokenError) as refused:
        check_times(payload, NOW, leeway)
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(5, "5 seconds ago"), (300, "5 minutes ago"), (7200, "2 hours ago"), (5 * 86_400, "5 days ago")],
)
def test_a_person_is_told_how_long_ago_it_expired(seconds, words):
    with pytest.raises(TokenError, match=words):
        check_times({"exp": int(NOW.timestamp()) - seconds}, NOW)


TOKENS = [sign_jws(CLAIMS | {"n": [1, {"a": "é"}]}, typ=TYP, signer=key) for key in (ED, EC)]


@settings(max_examples=300, deadline=None)
@given(token=st.sampled_from(TOKENS), data=st.data())
def test_no_altered_token_verifies(token, data):
    place = data.draw(st.integers(0, len(token) - 1))
    drop = data.draw(st.integers(0, 3))
    insert = data.draw(st.text(alphabet="AQgwz019-_=. \n{}é", max_size=3))
    altered = token[:place] + insert + token[place + drop :]
    if altered != token:
        with pytest.raises(TokenError):
            verify_jws(altered, typ=TYP, keys=KEYS)


@settings(max_examples=200, deadline=None)
@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)))  # fmt: skip
def test_any_header_and_payload_end_in_a_token_or_a_token_error(value):
    """Even properly signed, and of whatever shape, nothing but TokenError comes out."""
    for head, body in ((json.dumps(value).encode(), claims()), (header(), json.dumps(value).encode())):
        with pytest.raises(TokenError):
            verify_jws(compact(head, body), typ=TYP, keys=KEYS)


def test_a_time_is_read_in_seconds_of_utc():
    assert datetime.fromtimestamp(EARLIEST, UTC) == datetime(2000, 1, 1, tzinfo=UTC)
    assert datetime.fromtimestamp(LATEST, UTC) == datetime(2100, 1, 1, tzinfo=UTC)
