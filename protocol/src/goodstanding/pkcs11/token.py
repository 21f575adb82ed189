"""Signers whose private key stays in a PKCS#11 token.

Rules
1. Keys are known by label. A token does not keep a label from being given twice, so two processes can make two keys of
   one name at the same moment; neither is ever deleted here. Which of them counts is for the caller to know by its kid.
2. Only a signature that verifies leaves: a fault of the device, or a handle gone astray, is no signature of ours.
"""

import hashlib
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from pkcs11 import Mechanism
from pkcs11.exceptions import NoSuchKey, PKCS11Error

from goodstanding.errors import KeyRefused
from goodstanding.keys import COORDINATE_BYTES, KINDS, PublicKey, es256_signature, public_key
from goodstanding.pkcs11.device import Device, Open
from goodstanding.pkcs11.objects import generate, private_keys, public_jwk


class Token:
    """The keys of one token. Every method waits for the device, so call it in a thread; any number of threads may.

    `module` is the file of the device's PKCS#11 module, `label` the token's, `pin_file` a file with the
    user's PIN. Nothing is opened before it is needed. Every method raises KeyRefused, and KeyAway while the token
    does not answer.
    """

    def __init__(self, module: Path, label: str, pin_file: Path) -> None:
        self._device = Device(module, label, pin_file)

    def find(self, label: str) -> list["Pkcs11Signer"]:
        """The keys of a label, by kid; more than one where two were made at the same moment."""
        return self._device.ask(lambda opened: self._found(opened, label))

    def make(self, label: str, alg: str = "EdDSA") -> list["Pkcs11Signer"]:
        """The keys of a label, one made where there was none, by kid. KeyRefused, too, where they are for another alg."""
        if alg not in KINDS:
            raise KeyRefused(f"no keys for alg {alg!r} here; use one of {', '.join(KINDS)}")
        signers = self._device.ask(lambda opened: self._made(opened, label, alg))
        for signer in signers:
            if signer.alg != alg:
                raise KeyRefused(f"the key {label} in the token is for {signer.alg}, not {alg}")
        return signers

    def _made(self, opened: Open, label: str, alg: str) -> list["Pkcs11Signer"]:
        """After a failure this begins anew, and takes up what was made before it."""
        if found := self._found(opened, label):
            return found
        generate(opened.session, label, alg)
        return self._found(opened, label)

    def _found(self, opened: Open, label: str) -> list["Pkcs11Signer"]:
        signers = []
        for private in private_keys(opened.session, label):
            signer = Pkcs11Signer(self._device, label, public_jwk(opened.session, private, label))
            opened.keys[signer.kid] = private
            signers.append(signer)
        return sorted(signers, key=lambda signer: signer.kid)


class Pkcs11Signer:
    """A private key in a token, of which this process knows the public half. Threads may share it."""

    def __init__(self, device: Device, label: str, jwk: dict[str, str]) -> None:
        self._device = device
        self._label = label
        self._jwk = jwk
        self._public = public_key(jwk)

    @property
    def alg(self) -> str:
        """The JWS algorithm, a name from `KINDS`."""
        return self._jwk["alg"]

    @property
    def kid(self) -> str:
        """The key's name: its RFC 7638 thumbprint."""
        return self._jwk["kid"]

    @property
    def public_jwk(self) -> dict[str, str]:
        """The public key as a JWK with `kid`, `alg` and `use`."""
        return dict(self._jwk)

    def sign(self, data: bytes) -> bytes:
        """Sign: 64 raw bytes, for ES256 r then s with s in the lower half. KeyRefused, KeyAway."""
        return self._device.ask(lambda opened: self._signed(opened, data))

    def _signed(self, opened: Open, data: bytes) -> bytes:
        private = self._private(opened)
        if self.alg == "EdDSA":
            signature = bytes(private.sign(data, mechanism=Mechanism.EDDSA))
        else:
            signature = _lower(bytes(private.sign(hashlib.sha256(data).digest(), mechanism=Mechanism.ECDSA)))
        if not _verifies(self._public, signature, data):  # rule 2
            raise BadSignature
        return signature

    def _private(self, opened: Open) -> Any:
        if self.kid not in opened.keys:
            for private in private_keys(opened.session, self._label):
                opened.keys[public_jwk(opened.session, private, self._label)["kid"]] = private
        if self.kid not in opened.keys:
            raise NoSuchKey(f"the key {self._label} ({self.kid})")
        return opened.keys[self.kid]


class BadSignature(PKCS11Error):
    """The token answered with something that is no signature by its key."""


def _lower(raw: bytes) -> bytes:
    if len(raw) != 2 * COORDINATE_BYTES:
        raise BadSignature
    return es256_signature(int.from_bytes(raw[:COORDINATE_BYTES]), int.from_bytes(raw[COORDINATE_BYTES:]))


def _verifies(public: PublicKey, signature: bytes, data: bytes) -> bool:
    try:
        if isinstance(public, ed25519.Ed25519PublicKey):
            public.verify(signature, data)
        else:
            r, s = signature[:COORDINATE_BYTES], signature[COORDINATE_BYTES:]
            der = encode_dss_signature(int.from_bytes(r), int.from_bytes(s))
            public.verify(der, data, ec.ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True
