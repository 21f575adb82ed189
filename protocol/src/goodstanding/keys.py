"""Keys: who may sign what, JSON Web Keys, thumbprints, and the one private-key file format used in-house.

Rules
1. A public JWK (RFC 7517) is read strictly: a kind from `KINDS`, canonical base64url, exact lengths, a point on the
   curve, never a private member. An Ed25519 key of small order or in a second spelling is refused.
2. In a set a key is named by its RFC 7638 thumbprint; a `kid` member that says something else is refused.
3. A JWK may carry `exp` or `revoked {revoked_at, reason}` (OpenID Federation historical keys); from that second on
   it verifies nothing.
4. A private key never leaves its `Signer`. A key file is created whole, synced, mode 0600, never over another.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import tempfile
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Protocol, Self

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from goodstanding.canonical import b64u, canonical_bytes, unb64u
from goodstanding.ed25519 import public_key_problem
from goodstanding.errors import EventError, KeyRefused

PublicKey = ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey
PrivateKey = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey

KINDS: Final = {  # alg -> (kty, crv, coordinates): also the members RFC 7638 hashes, beside kty and crv
    "EdDSA": ("OKP", "Ed25519", ("x",)),
    "ES256": ("EC", "P-256", ("x", "y")),
}
P256_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
COORDINATE_BYTES: Final = 32
MAX_KEY_FILE: Final = 16 * 1024
_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_FORBIDDEN_MODE = stat.S_IRWXO | stat.S_IWGRP | stat.S_IXGRP


class Signer(Protocol):
    """Something that signs without showing its key: a PEM file here, a token in `goodstanding.pkcs11`."""

    @property
    def alg(self) -> str:
        """The JWS algorithm, a name from `KINDS`."""

    @property
    def kid(self) -> str:
        """The key's name: its RFC 7638 thumbprint."""

    @property
    def public_jwk(self) -> dict[str, str]:
        """The public key as a JWK with `kid`, `alg` and `use`."""

    def sign(self, data: bytes) -> bytes:
        """Sign: 64 raw bytes, for ES256 r then s with s in the lower half. KeyAway where a device must be asked."""


def algorithm(jwk: Mapping[str, Any]) -> str:
    """The one algorithm a JWK can serve; KeyRefused for a kind not in `KINDS` or an `alg` that contradicts it."""
    for alg, (kty, crv, _) in KINDS.items():
        if jwk.get("kty") == kty and jwk.get("crv") == crv:
            if jwk.get("alg", alg) != alg:
                raise KeyRefused(f"the key is of kind {crv} but says alg {jwk['alg']!r}; it can only serve {alg}")
            return alg
    raise KeyRefused(f"keys of kind {jwk.get('kty')!r} {jwk.get('crv')!r} are not used here; use Ed25519 or P-256")


def thumbprint(jwk: Mapping[str, Any]) -> str:
    """RFC 7638 SHA-256 thumbprint, base64url: 43 characters."""
    kty, crv, coordinates = KINDS[algorithm(jwk)]
    members = {"kty": kty, "crv": crv} | {name: jwk.get(name) for name in coordinates}
    return b64u(hashlib.sha256(canonical_bytes(members)).digest())


def public_key(jwk: Mapping[str, Any]) -> PublicKey:
    """Read a public JWK (rule 1); KeyRefused says what is wrong with it."""
    alg = algorithm(jwk)
    if _PRIVATE_MEMBERS & jwk.keys():
        raise KeyRefused("this JWK holds a private key; publish the public half only, and replace the key")
    if jwk.get("use", "sig") != "sig":
        raise KeyRefused(f"the key is for use {jwk['use']!r}, not for signatures")
    coordinates = [_coordinate(jwk, name) for name in KINDS[alg][2]]
    return _ed25519(*coordinates) if alg == "EdDSA" else _p256(*coordinates)


def _coordinate(jwk: Mapping[str, Any], name: str) -> bytes:
    try:
        raw = unb64u(jwk.get(name, ""))
    except EventError as error:
        raise KeyRefused(f"member {name!r} of the key is {error}") from error
    if len(raw) != COORDINATE_BYTES:
        raise KeyRefused(f"member {name!r} of the key is {len(raw)} bytes, not {COORDINATE_BYTES}")
    return raw


@lru_cache(maxsize=512)
def _ed25519(raw: bytes) -> PublicKey:
    """Cached, as the next: whether a point is sound takes as long as to verify a signature under it."""
    if problem := public_key_problem(raw):
        raise KeyRefused(f"the Ed25519 public key is refused: {problem}")
    return ed25519.Ed25519PublicKey.from_public_bytes(raw)


@lru_cache(maxsize=512)
def _p256(x: bytes, y: bytes) -> PublicKey:
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + x + y)
    except ValueError as error:
        raise KeyRefused("the P-256 public key is not a point on the curve") from error


def key_set(jwks: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Check public JWKs and arrange them as kid -> JWK; KeyRefused for a bad or repeated one."""
    keys: dict[str, dict[str, Any]] = {}
    for jwk in jwks:
        public_key(jwk)
        ended_at(jwk)
        if jwk.get("kid", kid := thumbprint(jwk)) != kid:
            raise KeyRefused(f"the key calls itself {jwk['kid']!r} but its thumbprint is {kid}")
        if kid in keys:
            raise KeyRefused(f"the key {kid} is listed twice; keep one")
        keys[kid] = dict(jwk)
    return keys


def ended_at(jwk: Mapping[str, Any]) -> int | None:
    """The second (Unix time) from which a JWK verifies nothing (rule 3), or None while it has no end."""
    revoked = jwk.get("revoked", {})
    if not isinstance(revoked, Mapping) or (revoked and "revoked_at" not in revoked):
        raise KeyRefused("member 'revoked' of the key must be an object with revoked_at")
    ends = [jwk["exp"]] if "exp" in jwk else []
    ends += [revoked["revoked_at"]] if revoked else []
    if any(type(end) is not int for end in ends):
        raise KeyRefused("exp and revoked_at of a key are whole seconds since 1970")
    return min(ends, default=None)


def usable(keys: Mapping[str, dict[str, Any]], at: datetime) -> dict[str, dict[str, Any]]:
    """The keys that had neither ended nor been revoked at a time (rule 3)."""
    second = at.timestamp()
    return {kid: jwk for kid, jwk in keys.items() if (end := ended_at(jwk)) is None or second < end}


class PemSigner:
    """A private key in a PKCS#8 PEM file of mode 0600."""

    def __init__(self, key: PrivateKey, kid: str | None = None) -> None:
        self._key = key
        self._public = _public_members(key)
        self.alg = algorithm(self._public)
        self.kid = kid or thumbprint(self._public)

    @property
    def public_jwk(self) -> dict[str, str]:
        """The public key as a JWK with `kid`, `alg` and `use`."""
        return {**self._public, "kid": self.kid, "alg": self.alg, "use": "sig"}

    @property
    def public_bytes(self) -> bytes:
        """The 32 raw bytes of an Ed25519 public key; KeyRefused for another kind."""
        if self.alg != "EdDSA":
            raise KeyRefused(f"signed notes need an Ed25519 key; {self.kid} is for {self.alg}")
        return unb64u(self._public["x"])

    def sign(self, data: bytes) -> bytes:
        """Sign: 64 raw bytes; for ES256 r then s, s brought to the lower half as verifiers here demand."""
        if isinstance(self._key, ed25519.Ed25519PrivateKey):
            return self._key.sign(data)
        return es256_signature(*decode_dss_signature(self._key.sign(data, ec.ECDSA(SHA256()))))

    @classmethod
    def create(cls, path: Path, alg: str = "EdDSA", kid: str | None = None) -> Self:
        """Make a key and its file (rule 4).

        FileExistsError when the path is taken, KeyRefused for an alg not in `KINDS`.
        """
        if alg not in KINDS:
            raise KeyRefused(f"no keys for alg {alg!r} here; use one of {', '.join(KINDS)}")
        key = ed25519.Ed25519PrivateKey.generate() if alg == "EdDSA" else ec.generate_private_key(ec.SECP256R1())
        _write_once(Path(path), key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return cls(key, kid)

    @classmethod
    def load(cls, path: Path, kid: str | None = None) -> Self:
        """Read a key file; KeyRefused when others may read it, or when it holds no usable key."""
        path = Path(path)
        if stat.S_IMODE(path.stat().st_mode) & _FORBIDDEN_MODE:
            raise KeyRefused(
                f"others on this machine can reach the key file {path.name}; chmod 600 it, or make a new key"
            )
        with path.open("rb") as file:
            pem = file.read(MAX_KEY_FILE)
        try:
            key = load_pem_private_key(pem, password=None)
        except (
            ValueError,
            TypeError,
        ) as error:  # the library's own words could quote the file: leave them out
            raise KeyRefused(f"the key file {path.name} is not an unencrypted PEM private key") from error
        if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
            return cls(key, kid)
        if isinstance(key, ed25519.Ed25519PrivateKey):
            return cls(key, kid)
        raise KeyRefused(f"the key file {path.name} holds neither an Ed25519 nor a P-256 key")

    @classmethod
    def load_or_create(cls, path: Path, alg: str = "EdDSA") -> Self:
        """The key in the file, made on first use; two processes starting together end with the same key."""
        if not Path(path).exists():
            with contextlib.suppress(FileExistsError):
                return cls.create(path, alg)
        signer = cls.load(path)
        if signer.alg != alg:
            raise KeyRefused(f"the key file {Path(path).name} holds a key for {signer.alg}, not {alg}")
        return signer


def es256_signature(r: int, s: int) -> bytes:
    """An ES256 signature as it is used here: r then s, 32 bytes each, s brought to the lower half."""
    return r.to_bytes(COORDINATE_BYTES) + min(s, P256_ORDER - s).to_bytes(COORDINATE_BYTES)


def _public_members(key: PrivateKey) -> dict[str, str]:
    if isinstance(key, ed25519.Ed25519PrivateKey):
        raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return {"kty": "OKP", "crv": "Ed25519", "x": b64u(raw)}
    point = key.public_key().public_numbers()
    x, y = point.x.to_bytes(COORDINATE_BYTES), point.y.to_bytes(COORDINATE_BYTES)
    return {"kty": "EC", "crv": "P-256", "x": b64u(x), "y": b64u(y)}


def _write_once(path: Path, data: bytes) -> None:
    """Write a whole file or none: a synced temporary, then a hard link, which fails where a rename would overwrite.

    When this returns, a crash of the machine takes neither the bytes nor a name that leads to them.
    """
    missing = [folder for folder in path.parents if not folder.exists()]
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mkstemp gives mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.link(temporary, path)
    finally:
        Path(temporary).unlink()
    # The folder's own name as well, every time: whoever made the folder may have died before that was synced.
    for folder in dict.fromkeys((path.parent, path.parent.parent, *(made.parent for made in missing))):
        _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
