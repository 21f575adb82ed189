"""Access tokens of an OpenID Connect provider (RFC 9068): reading what it publishes, verifying what it issued. No I/O.

Rules
1. Issuer and `jwks_uri` are https addresses; http is for this machine alone. A discovery document speaks for the issuer
   it was asked from and for no other.
2. A key set is read once, whole: unusable kinds and keys for other uses are left out; a private member, a key that is too
   weak or a `kid` given twice refuses the set. RSA keys have 2048 to 4096 bits.
3. A token is a JWS as `jws.py` reads one (its rules 1 to 4), of typ `at+jwt`, signed by an alg that the reader pinned, with
   a key that fits it. In a foreign ES256 signature s may lie in either half: nothing here depends on its one spelling.
4. It names issuer, audience, subject, client and its times, and lives no longer than the reader accepts. One that is bound
   to its holder's key (`cnf`) is refused: nobody here asks for the proof.
5. A token whose subject is its client was obtained without a person. It is a client's, whoever else it may call itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from goodstanding import keys as jwk
from goodstanding.addresses import is_address
from goodstanding.canonical import parse_json, unb64u
from goodstanding.ed25519 import signature_problem
from goodstanding.errors import EventError, KeyRefused, TokenError, TrustError
from goodstanding.jws import EARLIEST, LATEST, check_times, read_jws

MAX_DOCUMENT: Final = 64 * 1024  # bytes of a discovery document or a key set
MAX_KEYS: Final = 100
MAX_ID: Final = 200  # characters of a subject or client
RSA_BITS: Final = (2048, 4096)
TYPS: Final = ("at+jwt", "application/at+jwt")
ALGS: Final = ("ES256", "EdDSA", "PS256", "RS256")
DISCOVERY: Final = "/.well-known/openid-configuration"

ProviderKey = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | rsa.RSAPublicKey


@dataclass(frozen=True, slots=True)
class TrustedKey:
    """A key of the provider with the algs it may be used for."""

    key: ProviderKey
    algs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Provider:
    """What a reader of tokens has pinned (rules 3 and 4)."""

    issuer: str
    audience: str
    algs: tuple[str, ...]
    lifetime: float  # seconds
    leeway: int  # seconds the provider's clock may be ahead


@dataclass(frozen=True, slots=True)
class Identity:
    """Whoever a token was issued to."""

    issuer: str
    subject: str
    client: bool  # rule 5


def discovery_address(issuer: str) -> str:
    """Where an issuer publishes what it is."""
    return issuer.rstrip("/") + DISCOVERY


def jwks_address(document: bytes, issuer: str) -> str:
    """Where the issuer of this discovery document keeps its keys; TrustError (rule 1)."""
    found = _object(document, "discovery document")
    if found.get("issuer") != issuer:
        raise TrustError(f"the discovery document is of the issuer {str(found.get('issuer'))[:200]!r}, not {issuer!r}")
    address = found.get("jwks_uri")
    if not isinstance(address, str) or not is_address(address):
        raise TrustError(f"the keys of {issuer} are at no address that can be used; https is needed")
    return address


def provider_keys(document: bytes) -> dict[str, TrustedKey]:
    """The keys of a key set (RFC 7517) by kid; TrustError (rule 2)."""
    listed = _object(document, "key set").get("keys")
    if not isinstance(listed, list) or len(listed) > MAX_KEYS:
        raise TrustError(f"the provider's key set is not a list of at most {MAX_KEYS} keys")
    keys: dict[str, TrustedKey] = {}
    for entry in listed:
        if not isinstance(entry, dict) or not isinstance(kid := entry.get("kid"), str) or _is_of_no_use(entry):
            continue
        if kid in keys:
            raise TrustError(f"the provider's key set holds the kid {kid[:60]!r} twice")
        keys[kid] = _trusted(entry, kid)
    return keys


def verify_access_token(token: str, keys: Mapping[str, TrustedKey], provider: Provider, now: datetime) -> Identity:
    """Whoever an access token was issued to (rules 3 to 5); TokenError, reason UNKNOWN_KEY for a key not given."""
    read = read_jws(token)
    _check_header(read.header, provider.algs)
    _check_signature(token, read.header["alg"], _key(read.header, keys))
    return _identity(read.payload, provider, now)


def _object(document: bytes, what: str) -> dict[str, Any]:
    try:
        found = parse_json(document, max_bytes=MAX_DOCUMENT)
    except EventError as error:
        raise TrustError(f"the provider's {what} cannot be read: {error}") from error
    if not isinstance(found, dict):
        raise TrustError(f"the provider's {what} is not a JSON object")
    return found


def _is_of_no_use(entry: Mapping[str, Any]) -> bool:
    kind = entry.get("kty"), entry.get("crv")
    known = kind[0] == "RSA" or kind in [(kty, crv) for kty, crv, _ in jwk.KINDS.values()]
    return not known or entry.get("use", "sig") != "sig" or entry.get("alg", ALGS[0]) not in ALGS


def _trusted(entry: Mapping[str, Any], kid: str) -> TrustedKey:
    try:
        if entry["kty"] == "RSA":
            algs = (entry["alg"],) if "alg" in entry else ("PS256", "RS256")
            return TrustedKey(_rsa(entry), algs)
        return TrustedKey(jwk.public_key(entry), (jwk.algorithm(entry),))
    except KeyRefused as error:
        raise TrustError(f"the provider's key {kid[:60]!r} is refused: {error}") from error


def _rsa(entry: Mapping[str, Any]) -> rsa.RSAPublicKey:
    if "d" in entry:
        raise KeyRefused("it is published with its private half")
    try:
        modulus, exponent = (int.from_bytes(unb64u(entry.get(name, ""))) for name in ("n", "e"))
        key = rsa.RSAPublicNumbers(exponent, modulus).public_key()
    except (EventError, ValueError) as error:
        raise KeyRefused("it is not an RSA key") from error
    if not RSA_BITS[0] <= key.key_size <= RSA_BITS[1]:
        raise KeyRefused(f"it has {key.key_size} bits; accepted: {RSA_BITS[0]} to {RSA_BITS[1]}")
    return key


def _check_header(header: Mapping[str, Any], algs: tuple[str, ...]) -> None:
    if "crit" in header or "b64" in header:
        raise TokenError("CRITICAL_HEADER", "the token demands extensions that are not used here")
    if str(header.get("typ")).lower() not in TYPS:
        raise TokenError("WRONG_TYP", f"the token is of typ {str(header.get('typ'))[:40]!r}, not {TYPS[0]!r}")
    if header.get("alg") not in algs:
        raise TokenError(
            "WRONG_ALG", f"the token's alg is {str(header.get('alg'))[:40]!r}; accepted: {', '.join(algs)}"
        )


def _key(header: Mapping[str, Any], keys: Mapping[str, TrustedKey]) -> ProviderKey:
    kid = header.get("kid")
    if not isinstance(kid, str):
        raise TokenError("NO_KID", "the token does not name its key (kid)")
    if kid not in keys:
        raise TokenError("UNKNOWN_KEY", f"the token names the key {kid[:60]!r}, which the provider has not published")
    if header["alg"] not in keys[kid].algs:
        raise TokenError("KEY_MISMATCH", f"the key {kid[:60]!r} is not for {header['alg']}")
    return keys[kid].key


def _check_signature(token: str, alg: str, key: ProviderKey) -> None:
    signed, _, signature = token.rpartition(".")
    try:
        _VERIFY[alg](key, unb64u(signature), signed.encode("ascii"))
    except InvalidSignature as error:
        raise TokenError(
            "BAD_SIGNATURE", "the signature does not fit: the token was altered, or is another key's"
        ) from error


def _es256(key: Any, signature: bytes, signed: bytes) -> None:
    if len(signature) != 2 * jwk.COORDINATE_BYTES:
        raise InvalidSignature
    halves = (int.from_bytes(signature[:32]), int.from_bytes(signature[32:]))
    key.verify(encode_dss_signature(*halves), signed, ec.ECDSA(SHA256()))


def _eddsa(key: Any, signature: bytes, signed: bytes) -> None:
    if signature_problem(signature):
        raise InvalidSignature
    key.verify(signature, signed)


def _ps256(key: Any, signature: bytes, signed: bytes) -> None:
    key.verify(signature, signed, padding.PSS(padding.MGF1(SHA256()), SHA256.digest_size), SHA256())


def _rs256(key: Any, signature: bytes, signed: bytes) -> None:
    key.verify(signature, signed, padding.PKCS1v15(), SHA256())


_VERIFY: Final[Mapping[str, Callable[[Any, bytes, bytes], None]]] = {
    "ES256": _es256, "EdDSA": _eddsa, "PS256": _ps256, "RS256": _rs256,
}  # fmt: skip


def _identity(claims: Mapping[str, Any], provider: Provider, now: datetime) -> Identity:
    _check_times(claims, provider, now)
    if claims.get("iss") != provider.issuer:
        raise TokenError("WRONG_ISSUER", "the token was issued by somebody else")
    audience = claims.get("aud")
    if provider.audience not in (audience if isinstance(audience, list) else [audience]):
        raise TokenError("WRONG_AUDIENCE", f"the token is not for {provider.audience}")
    if "cnf" in claims:
        raise TokenError(
            "SENDER_CONSTRAINED", "the token is bound to a key of its holder; a plain bearer token is needed"
        )
    subject, client = _text(claims, "sub", "NO_SUBJECT"), _text(claims, "client_id", "NO_CLIENT")
    return Identity(provider.issuer, subject, client=subject == client)


def _check_times(claims: Mapping[str, Any], provider: Provider, now: datetime) -> None:
    for name in ("exp", "iat", "nbf"):
        if name not in claims and name != "nbf":
            raise TokenError("NO_EXPIRY", f"the token has no {name}")
        if type(value := claims.get(name, EARLIEST)) is not int or not EARLIEST <= value <= LATEST:
            raise TokenError("BAD_TIME", f"{name} must be whole seconds between the years 2000 and 2100")
    check_times(claims, now, provider.leeway)
    if claims["exp"] - claims["iat"] > provider.lifetime:
        raise TokenError("TOO_LONG", "the token lives longer than is accepted here")


def _text(claims: Mapping[str, Any], name: str, reason: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= MAX_ID or not value.isprintable():
        raise TokenError(reason, f"the token's {name} is not 1 to {MAX_ID} printable characters")
    return value
