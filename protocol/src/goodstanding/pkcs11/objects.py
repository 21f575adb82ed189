"""How a key looks in a token: what is asked for when it is made, and what is demanded when it is found.

Rules
1. A private key is made in the token, and has always been sensitive and never extractable (PKCS #11 3.0, section 4.9):
   one that was ever outside is refused.
2. Its public half is the one public key of its label and id. It is read strictly, and then as any other JWK.
"""

import secrets
import time
from typing import Any, Final

from pkcs11 import Attribute, KeyType, Mechanism, MechanismFlag, ObjectClass, PrivateKey, PublicKey, Session

from goodstanding.canonical import b64u
from goodstanding.errors import KeyRefused
from goodstanding.keys import COORDINATE_BYTES, KINDS, public_key, thumbprint

MAX_TWINS: Final = 16
"""Most keys of one label that are looked at."""

LOOKS, LOOK_SECONDS = 20, 0.05
"""How often, and after how long, a key is looked at again that does not look as it must."""

MAKING: Final = {  # alg -> (type of key, its curve as an OBJECT IDENTIFIER in DER, mechanism that makes it)
    "EdDSA": (KeyType.EC_EDWARDS, bytes.fromhex("06032b6570"), Mechanism.EC_EDWARDS_KEY_PAIR_GEN),
    "ES256": (KeyType.EC, bytes.fromhex("06082a8648ce3d030107"), Mechanism.EC_KEY_PAIR_GEN),
}
_EDWARDS25519_BY_NAME = b"\x13\x0cedwards25519"  # PKCS #11 3.0, section 2.3.10: the curve's PrintableString
_CURVES = {curve: alg for alg, (_, curve, _) in MAKING.items()} | {_EDWARDS25519_BY_NAME: "EdDSA"}

_REQUIRED: Final = {  # rule 1
    Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False, Attribute.ALWAYS_SENSITIVE: True,
    Attribute.NEVER_EXTRACTABLE: True, Attribute.LOCAL: True,
}  # fmt: skip
_PRIVATE: Final = {
    Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False, Attribute.SIGN: True, Attribute.SIGN_RECOVER: False,
    Attribute.DECRYPT: False, Attribute.UNWRAP: False, Attribute.DERIVE: False,
}  # fmt: skip
_STARTS: Final = {  # alg -> what may stand before the coordinates: DER OCTET STRING, DER BIT STRING, nothing
    "EdDSA": (b"\x04\x20", b"\x03\x21\x00", b""),
    "ES256": (b"\x04\x41\x04", b"\x03\x42\x00\x04", b"\x04"),
}


def generate(session: Session, label: str, alg: str) -> None:
    """Have the token make a key pair (rule 1)."""
    kind, curve, mechanism = MAKING[alg]
    parameters = session.create_domain_parameters(kind, {Attribute.EC_PARAMS: curve}, local=True)
    parameters.generate_keypair(
        mechanism=mechanism, store=True, label=label, id=secrets.token_bytes(16),
        capabilities=MechanismFlag.SIGN | MechanismFlag.VERIFY, private_template=_PRIVATE,
    )  # fmt: skip


def private_keys(session: Session, label: str) -> list[PrivateKey]:
    """The private keys of a label; KeyRefused for one that must not be used (rule 1)."""
    found: list[Any] = list(session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY, Attribute.LABEL: label}))
    if len(found) > MAX_TWINS:
        raise KeyRefused(f"the token holds {len(found)} keys named {label}; at most one of them counts: delete others")
    for key in found:
        if wrong := _wrong(key):
            raise KeyRefused(
                f"the key {label} in the token is or was within reach of others (CKA_{', CKA_'.join(wrong)}): it was "
                "not made there to stay; delete it, and let a new one be made"
            )
    return found


def _wrong(key: PrivateKey) -> list[str]:
    """What is not as rule 1 has it. Another process may be making the key just now, so it is looked at for a while."""
    wrong: list[str] = []
    for _ in range(LOOKS):
        wrong = [name.name for name, wanted in _REQUIRED.items() if key[name] is not wanted]
        if not wrong:
            break
        time.sleep(LOOK_SECONDS)
    return wrong


def public_jwk(session: Session, private: PrivateKey, label: str) -> dict[str, str]:
    """The public half of a private key as a JWK with `kid`, `alg` and `use`; KeyRefused (rule 2)."""
    wanted = {Attribute.CLASS: ObjectClass.PUBLIC_KEY, Attribute.LABEL: label, Attribute.ID: private[Attribute.ID]}
    found: list[Any] = list(session.get_objects(wanted))
    if len(found) != 1:
        raise KeyRefused(
            f"the token holds {len(found)} public halves of the key {label}, not one: restore it, or delete it"
        )
    members = _members(found[0], label)
    public_key(members)
    return {**members, "kid": thumbprint(members), "use": "sig"}


def _members(public: PublicKey, label: str) -> dict[str, str]:
    alg = _CURVES.get(curve := public[Attribute.EC_PARAMS])
    if alg is None or public[Attribute.KEY_TYPE] != MAKING[alg][0]:
        raise KeyRefused(
            f"the key {label} in the token is for neither Ed25519 nor P-256 (parameters {curve.hex()[:80]})"
        )
    kty, crv, names = KINDS[alg]
    raw = coordinates(alg, public[Attribute.EC_POINT], len(names) * COORDINATE_BYTES)
    parts = (raw[at : at + COORDINATE_BYTES] for at in range(0, len(raw), COORDINATE_BYTES))
    return {"kty": kty, "crv": crv, **dict(zip(names, map(b64u, parts), strict=True)), "alg": alg}


def coordinates(alg: str, point: bytes, size: int) -> bytes:
    """The coordinates in a CKA_EC_POINT: DER as the standard has it, or bare as some tokens do; KeyRefused."""
    for start in _STARTS[alg]:
        if point.startswith(start) and len(point) == len(start) + size:
            return point[len(start) :]
    raise KeyRefused(f"the token shows a public key of {len(point)} bytes that is no {KINDS[alg][1]} point")
