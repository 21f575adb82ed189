"""Strict JSON Web Signatures in compact form (RFC 7515, RFC 7519, RFC 8725).

Every refusal is a TokenError; its `reason` is the code in brackets. Rules, in the order they are enforced:

 1. Size before anything else: `MAX_BYTES` per typ [TOO_LARGE].
 2. Three segments of base64url in its one canonical spelling: no `=`, no white space, no loose trailing bits
    [NOT_COMPACT, NOT_BASE64URL].
 3. The header is one JSON object in UTF-8 without repeated names or floats [NOT_JSON, DUPLICATE_NAME].
 4. No `crit` and no `b64`: nothing here needs an extension [CRITICAL_HEADER, UNENCODED_PAYLOAD].
 5. `typ` is exactly the one asked for [WRONG_TYP], and `alg` one that the caller pinned, never `none` [WRONG_ALG].
 6. The key is the caller's key named by `kid` [NO_KID, UNKNOWN_KEY]. `jwk`, `jku`, `x5u`, `x5c` are never looked at.
 7. The key is sound (`keys.py`) [KEY_REFUSED] and of the kind `alg` needs [KEY_MISMATCH].
 8. A signature is 64 bytes; for ES256 0 < r < n and 0 < s ≤ n/2, so that there is one signature, not two
    [SIGNATURE_LENGTH, SIGNATURE_RANGE, HIGH_S]; for EdDSA S and R as `ed25519.py` says [SIGNATURE_RANGE]. It verifies [BAD_SIGNATURE].
 9. The payload, read only now, is a JSON object as in rule 3.
10. `exp` is there [NO_EXPIRY]; `exp`, `iat`, `nbf` are integers between the years 2000 and 2100 [BAD_TIME].
11. `check_times`: now < `exp` [EXPIRED]; `nbf` and `iat` ≤ now, give or take a leeway [NOT_YET_VALID]. No leeway
    stretches `exp`.

PyJWT does the signature primitive only: its decoder accepts a good part of what rules 2–10 refuse.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from jwt.algorithms import Algorithm, ECAlgorithm, OKPAlgorithm

from goodstanding import keys as jwk
from goodstanding.canonical import b64u, canonical_bytes, parse_json, unb64u
from goodstanding.ed25519 import signature_problem
from goodstanding.errors import DuplicateName, EventError, KeyRefused, TokenError
from goodstanding.keys import Signer

DEFAULT_MAX_BYTES: Final = 16 * 1024
MAX_BYTES: Final[Mapping[str, int]] = {  # typ -> longest token that is looked at; all others: DEFAULT_MAX_BYTES
    "statuslist+jwt": 256 * 1024,
    "resolve-response+jwt": 128 * 1024,
}
ALGS: Final = tuple(jwk.KINDS)
SIGNATURE_BYTES: Final = 64
EARLIEST: Final = 946_684_800  # 2000-01-01T00:00:00Z
LATEST: Final = 4_102_444_800  # 2100-01-01T00:00:00Z

_PRIMITIVES: Final[Mapping[str, Algorithm]] = {
    "EdDSA": OKPAlgorithm(),
    "ES256": ECAlgorithm(ECAlgorithm.SHA256, SECP256R1),
}
_SEGMENT = re.compile(r"[^.\s]+")
_TIMES = ("exp", "iat", "nbf")


@dataclass(frozen=True, slots=True)
class Jws:
    """A token's header and payload, vouched for by the key that `kid` names."""

    header: dict[str, Any]
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class UnverifiedJws:
    """A token's header and payload that nobody vouches for, and what `vouch` needs: the bytes signed, the signature."""

    header: dict[str, Any]
    payload: dict[str, Any]
    signed: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class _Segments:
    header: dict[str, Any]
    payload: bytes
    signature: bytes
    signed: bytes


def max_bytes_of(typ: str) -> int:
    """The size cap of a typ, in characters of the compact form."""
    return MAX_BYTES.get(typ, DEFAULT_MAX_BYTES)


def sign_jws(
    payload: bytes | Mapping[str, Any], *, typ: str, signer: Signer, header: Mapping[str, Any] | None = None
) -> str:
    """Sign a payload (a mapping is written canonically) and return the compact form.

    `header` adds members; `alg`, `kid` and `typ` are not its to set. TokenError for what `verify_jws` would refuse.
    """
    if isinstance(payload, Mapping):
        _check_form(payload)
        payload = canonical_bytes(payload)
    protected = {**(header or {}), "alg": signer.alg, "kid": signer.kid, "typ": typ}
    _check_extensions(protected)
    signed = f"{b64u(canonical_bytes(protected))}.{b64u(payload)}"
    token = f"{signed}.{b64u(signer.sign(signed.encode('ascii')))}"
    _check_size(token, max_bytes_of(typ))
    return token


def verify_jws(
    token: str,
    *,
    typ: str,
    keys: Mapping[str, dict[str, Any]],
    algs: tuple[str, ...] = ALGS,
    max_bytes: int | None = None,
) -> Jws:
    """Verify a compact JWS by rules 1–10; `keys` maps kid to public JWK. TokenError names the rule that failed.

    Times are checked for their form only: a caller goes on with `check_times`.
    """
    parts = _split(token, max_bytes_of(typ) if max_bytes is None else max_bytes)
    _check_header(parts.header, typ, algs)
    _check_signature(parts, _key(parts.header, keys))
    payload = _object(parts.payload, "payload")
    _check_form(payload)
    return Jws(parts.header, payload)


def read_jws(token: str, *, max_bytes: int = DEFAULT_MAX_BYTES) -> UnverifiedJws:
    """Read a token by rules 1–3 and 9 WITHOUT verifying it: to show it, or to learn whose key to look for."""
    parts = _split(token, max_bytes)
    return UnverifiedJws(parts.header, _object(parts.payload, "payload"), parts.signed, parts.signature)


def vouch(read: UnverifiedJws, *, typ: str, keys: Mapping[str, dict[str, Any]], algs: tuple[str, ...] = ALGS) -> Jws:
    """Verify by rules 4–8 and 10 what `read_jws` read; for who had to read the payload to know which keys count."""
    _check_header(read.header, typ, algs)
    _check_signature(read, _key(read.header, keys))
    _check_form(read.payload)
    return Jws(read.header, read.payload)


def check_times(payload: Mapping[str, Any], now: datetime, leeway: int = 0) -> None:
    """Rule 11. `leeway` is in seconds and forgives a signer's fast clock in `nbf` and `iat`; never a passed `exp`."""
    second = now.timestamp()
    if second >= payload["exp"]:
        raise TokenError("EXPIRED", f"it expired {_ago(second - payload['exp'])}; fetch a current one")
    for name in ("nbf", "iat"):
        if payload.get(name, 0) > second + leeway:
            raise TokenError(
                "NOT_YET_VALID",
                f"its {name} lies {_ago(payload[name] - second, '')} in the future; check the clock here",
            )


def _ago(seconds: float, ago: str = " ago") -> str:
    for size, unit in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{int(seconds // size)} {unit}{ago}"
    return f"{int(seconds)} seconds{ago}"


def _check_size(token: str, most: int) -> None:
    if len(token) > most:
        raise TokenError("TOO_LARGE", f"the token has {len(token)} characters; at most {most} are accepted")


def _split(token: str, most: int) -> _Segments:
    _check_size(token, most)
    segments = token.split(".")
    if len(segments) != 3 or not all(map(_SEGMENT.fullmatch, segments)):
        raise TokenError(
            "NOT_COMPACT", "a token is three base64url segments with dots between, and nothing around them"
        )
    try:
        header, payload, signature = map(unb64u, segments)
    except EventError as error:
        raise TokenError("NOT_BASE64URL", f"a segment of the token is {error}; it was altered on its way") from error
    signed = token.rpartition(".")[0].encode("ascii")
    return _Segments(_object(header, "header"), payload, signature, signed)


def _object(data: bytes, what: str) -> dict[str, Any]:
    try:
        value = parse_json(data, max_bytes=len(data))
    except DuplicateName as error:
        raise TokenError("DUPLICATE_NAME", f"the token's {what} can be read two ways: {error}") from error
    except EventError as error:
        raise TokenError("NOT_JSON", f"the token's {what} cannot be read: {error}") from error
    if not isinstance(value, dict):
        raise TokenError("NOT_JSON", f"the token's {what} is not a JSON object")
    return value


def _check_extensions(header: Mapping[str, Any]) -> None:
    if "crit" in header:
        raise TokenError("CRITICAL_HEADER", "the token demands extensions (crit) that are not used here")
    if "b64" in header:
        raise TokenError(
            "UNENCODED_PAYLOAD", "the token uses the unencoded-payload option (b64), which is not used here"
        )


def _check_header(header: Mapping[str, Any], typ: str, algs: tuple[str, ...]) -> None:
    _check_extensions(header)
    if header.get("typ") != typ:
        raise TokenError("WRONG_TYP", f"the token is of typ {_shown(header.get('typ'))}, not {typ!r}")
    if header.get("alg") not in algs or header["alg"] not in _PRIMITIVES:
        raise TokenError("WRONG_ALG", f"the token's alg is {_shown(header.get('alg'))}; accepted: {', '.join(algs)}")


def _shown(value: Any) -> str:
    """A header value as an error may quote it: it is a stranger's text of any length."""
    return repr(value)[:60]


def _key(header: Mapping[str, Any], keys: Mapping[str, dict[str, Any]]) -> jwk.PublicKey:
    kid = header.get("kid")
    if not isinstance(kid, str):
        raise TokenError("NO_KID", "the token does not name its key (kid)")
    if kid not in keys:
        raise TokenError("UNKNOWN_KEY", f"the token names the key {_shown(kid)}, which is not among the trusted ones")
    try:
        fits = jwk.algorithm(keys[kid])
        key = jwk.public_key(keys[kid])
    except KeyRefused as error:
        raise TokenError("KEY_REFUSED", f"the key {_shown(kid)} must not be used: {error}") from error
    if header["alg"] != fits:
        raise TokenError("KEY_MISMATCH", f"the token says alg {header['alg']}, but the key {_shown(kid)} is for {fits}")
    return key


def _check_signature(parts: _Segments | UnverifiedJws, key: jwk.PublicKey) -> None:
    alg, signature = parts.header["alg"], parts.signature
    if len(signature) != SIGNATURE_BYTES:
        raise TokenError("SIGNATURE_LENGTH", f"an {alg} signature has {SIGNATURE_BYTES} bytes, not {len(signature)}")
    if alg == "ES256":
        _check_ecdsa(int.from_bytes(signature[:32]), int.from_bytes(signature[32:]))
    elif problem := signature_problem(signature):
        raise TokenError("SIGNATURE_RANGE", problem)
    if not _PRIMITIVES[alg].verify(parts.signed, key, signature):
        raise TokenError("BAD_SIGNATURE", "the signature does not fit: the token was altered, or is another key's")


def _check_ecdsa(r: int, s: int) -> None:
    if not (0 < r < jwk.P256_ORDER and 0 < s < jwk.P256_ORDER):
        raise TokenError("SIGNATURE_RANGE", "r or s of the signature is out of range")
    if s > jwk.P256_ORDER // 2:
        raise TokenError("HIGH_S", "s of the signature is in the upper half: a second spelling of the same signature")


def _check_form(payload: Mapping[str, Any]) -> None:
    if "exp" not in payload:
        raise TokenError("NO_EXPIRY", "the token has no exp; nothing here is valid for ever")
    for name in _TIMES:
        value = payload.get(name, EARLIEST)
        if type(value) is not int or not EARLIEST <= value <= LATEST:  # bool is a kind of int, hence type()
            raise TokenError("BAD_TIME", f"{name} must be whole seconds between the years 2000 and 2100")
