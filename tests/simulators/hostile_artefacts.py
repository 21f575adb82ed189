"""Hostile artefacts: records and status lists to refuse, each with the reason it must be refused for."""

import hmac
import json
import zlib
from datetime import timedelta

from edwards import L
from register_simulator import HOME, NOW, Register, decision, signer

from goodstanding.canonical import b64u, canonical_bytes
from goodstanding.jws import sign_jws

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
