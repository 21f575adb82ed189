r"""Signed notes and cosignatures (C2SP signed-note sections "Format" and "Signatures", tlog-cosignature).

    goodstanding.example/log
    9
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

    — goodstanding.example/log Az3grlgt…TOAYQ8=
    — goodstanding.example/log/time jWbPPwAAAABk…fZ+qnA==

Text, an empty line, then one line per signature: em dash, space, key name, space, base64 of the 4-byte
key ID and what the type of key adds:

    0x01    64-byte signature of the text
    0x04    uint64 big-endian seconds since 1970, 64-byte signature of
            "cosignature/v1\ntime <seconds>\n" and the text

    key ID = SHA-256(key name || 0x0A || type || public key)[:4]
    verifier key: goodstanding.example/log+<key ID in hex>+<base64 of type || public key>

What reading a note enforces: at most 64 KB of UTF-8 without control characters other than newline; 1 to
100 signature lines, nothing after the last; base64 in its one canonical form.
"""

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from goodstanding.ed25519 import SIGNATURE_SIZE, public_key_problem, signature_problem
from goodstanding.errors import LogError

ED25519 = 0x01
"""Type of a key that signs the text as it is."""

COSIGNATURE_V1 = 0x04
"""Type of a key that signs the text with a time."""

MAX_NOTE_SIZE = 64 * 1024
"""Bytes of the longest note that is read."""

MAX_SIGNATURES = 100
"""Most signature lines of a note that is read."""

MAX_TIME = 2**63 - 1
"""Latest time a cosignature can carry, in seconds since 1970."""

_KEY_ID_SIZE = 4
_TIME_SIZE = 8
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_VERIFIER_KEY = re.compile(r"([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)")


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key under the name that stands in signature lines; `type` is 0x01 or 0x04.

    Raises LogError for a name with spaces or a plus sign, another type, a key ID that is not the one
    of these members, and a public key that is not canonical or of small order.
    """

    name: str
    key_id: bytes
    type: int
    public_key: bytes

    def __post_init__(self) -> None:
        _check_name(self.name)
        if self.type not in (ED25519, COSIGNATURE_V1):
            raise LogError(f"keys of type {self.type:#04x} are not supported")
        if problem := public_key_problem(self.public_key):
            raise LogError(problem)
        if self.key_id != _key_id(self.name, self.type, self.public_key):
            raise LogError(f"the key ID of {self.name} does not belong to its public key")

    @classmethod
    def ed25519(cls, name: str, public_key: bytes) -> Self:
        """Name a 32-byte public key that signs notes (0x01); raises LogError."""
        return cls(name, _key_id(name, ED25519, public_key), ED25519, public_key)

    @classmethod
    def cosigner(cls, name: str, public_key: bytes) -> Self:
        """Name a 32-byte public key that cosigns checkpoints with a time (0x04); raises LogError."""
        return cls(name, _key_id(name, COSIGNATURE_V1, public_key), COSIGNATURE_V1, public_key)

    @classmethod
    def parse(cls, vkey: str) -> Self:
        """Read `name+hex+base64`; raises LogError for anything `encode` does not write."""
        match = _VERIFIER_KEY.fullmatch(vkey)
        if match is None:
            raise LogError("a verifier key is written name+key ID+base64")
        name, key_id, encoded = match.groups()
        material = decode_base64(encoded)
        return cls(name, bytes.fromhex(key_id), material[0], material[1:])

    def encode(self) -> str:
        """Return the verifier key as one line of text, without a newline."""
        material = base64.b64encode(bytes([self.type]) + self.public_key).decode()
        return f"{self.name}+{self.key_id.hex()}+{material}"


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line; `blob` is what follows the 4-byte key ID. Raises LogError when malformed."""

    name: str
    key_id: bytes
    blob: bytes

    def __post_init__(self) -> None:
        _check_name(self.name)
        if len(self.key_id) != _KEY_ID_SIZE or not self.blob:
            raise LogError(f"the signature of {self.name} is too short")

    @classmethod
    def parse(cls, line: str) -> Self:
        """Read one signature line without its newline; raises LogError."""
        match line.split(" "):
            case ["—", name, encoded]:
                data = decode_base64(encoded)
                return cls(name, data[:_KEY_ID_SIZE], data[_KEY_ID_SIZE:])
        raise LogError("a signature line is written em dash, space, key name, space, base64")

    def encode(self) -> str:
        """Return the signature line without its newline."""
        return f"— {self.name} {base64.b64encode(self.key_id + self.blob).decode()}"


@dataclass(frozen=True, slots=True)
class Note:
    """A text, its last newline included, with 1 to 100 signatures that nobody has verified yet.

    Raises LogError when text or number of signatures cannot stand in a note.
    """

    text: bytes
    signatures: tuple[Signature, ...]

    def __post_init__(self) -> None:
        decode_text(self.text)
        if not 1 <= len(self.signatures) <= MAX_SIGNATURES:
            raise LogError(f"a note has 1 to {MAX_SIGNATURES} signatures, not {len(self.signatures)}")

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Split a note into text and signatures, verifying nothing; raises LogError."""
        if len(data) > MAX_NOTE_SIZE:
            raise LogError(f"a note of {len(data)} bytes is too long")
        text, separator, signatures = decode_text(data).rpartition("\n\n")
        lines = signatures.split("\n")[:-1]
        if not separator or not lines:
            raise LogError("the note has no signatures after an empty line")
        return cls(f"{text}\n".encode(), tuple(map(Signature.parse, lines)))

    def encode(self) -> bytes:
        """Return the note's bytes; raises LogError when they exceed 64 KB."""
        lines = "".join(f"{signature.encode()}\n" for signature in self.signatures)
        data = self.text + f"\n{lines}".encode()
        if len(data) > MAX_NOTE_SIZE:
            raise LogError(f"a note of {len(data)} bytes is too long")
        return data


@dataclass(frozen=True, slots=True)
class VerifiedSignature:
    """A key that did sign a note; `time` in seconds since 1970 for a cosignature, otherwise None."""

    key: VerifierKey
    time: int | None


def sign_note(text: bytes, key: VerifierKey, sign: Callable[[bytes], bytes]) -> Signature:
    """Sign a note's text under a key of type 0x01; `sign` returns 64 bytes. Raises LogError."""
    if key.type != ED25519:
        raise LogError(f"{key.name} is a key for cosignatures, not for notes")
    decode_text(text)
    return Signature(key.name, key.key_id, _signed(key, sign, text))


def cosign(text: bytes, key: VerifierKey, sign: Callable[[bytes], bytes], time: int) -> Signature:
    """Sign a checkpoint's text and a time (seconds since 1970) under a key of type 0x04. Raises LogError."""
    if key.type != COSIGNATURE_V1:
        raise LogError(f"{key.name} is a key for notes, not for cosignatures")
    if not 0 <= time <= MAX_TIME:
        raise LogError(f"a cosignature cannot carry the time {time}")
    decode_text(text)
    signature = _signed(key, sign, _cosigned_message(text, time))
    return Signature(key.name, key.key_id, time.to_bytes(_TIME_SIZE, "big") + signature)


def verify_note(note: Note, keys: Sequence[VerifierKey]) -> tuple[VerifiedSignature, ...]:
    """Return which of these keys signed the note, each once, in the order of its lines.

    Lines of other names or key IDs are ignored; a key with several cosignatures counts with its latest
    time. An empty answer means that nobody known signed: the text must not be used. Raises LogError when
    any line of a known key does not verify.
    """
    known = {(key.name, key.key_id): key for key in keys}
    latest: dict[VerifierKey, int | None] = {}
    for signature in note.signatures:
        key = known.get((signature.name, signature.key_id))
        if key is not None:
            time = _verify(note.text, signature, key)
            latest[key] = max(time, latest.get(key) or 0) if time is not None else None
    return tuple(VerifiedSignature(key, time) for key, time in latest.items())


def decode_text(data: bytes) -> str:
    """Decode what may stand in a note: UTF-8, newline its only control character and its end.

    Raises LogError.
    """
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise LogError("the text is not UTF-8") from None
    if _CONTROL.search(text):
        raise LogError("the text contains control characters")
    if not text.endswith("\n"):
        raise LogError("the text does not end in a newline")
    return text


def decode_base64(encoded: str) -> bytes:
    """Decode standard base64 (RFC 4648 section 4), at least one byte, only in the form an encoder writes.

    Raises LogError.
    """
    try:
        data = binascii.a2b_base64(encoded)
    except ValueError:
        data = b""
    if not data or binascii.b2a_base64(data, newline=False) != encoded.encode():  # one spelling: what is written again
        raise LogError("the base64 is malformed or not in canonical form")
    return data


def _verify(text: bytes, signature: Signature, key: VerifierKey) -> int | None:
    """Check one signature line of a known key; return its time, if it carries one."""
    time, message, raw = None, text, signature.blob
    if key.type == COSIGNATURE_V1:
        time, raw = int.from_bytes(raw[:_TIME_SIZE], "big"), raw[_TIME_SIZE:]
        message = _cosigned_message(text, time)
    if len(raw) != SIGNATURE_SIZE or (time is not None and time > MAX_TIME):
        raise LogError(f"the signature of {key.name} is malformed")
    if problem := signature_problem(raw):
        raise LogError(f"the signature of {key.name} does not verify: {problem}")
    try:
        Ed25519PublicKey.from_public_bytes(key.public_key).verify(raw, message)
    except InvalidSignature:
        raise LogError(f"the signature of {key.name} does not verify") from None
    return time


def _cosigned_message(text: bytes, time: int) -> bytes:
    return b"cosignature/v1\ntime %d\n" % time + text


def _signed(key: VerifierKey, sign: Callable[[bytes], bytes], message: bytes) -> bytes:
    signature = sign(message)
    if len(signature) != SIGNATURE_SIZE:
        raise LogError(f"the signer of {key.name} returned {len(signature)} bytes, not {SIGNATURE_SIZE}")
    return signature


def _key_id(name: str, key_type: int, public_key: bytes) -> bytes:
    return sha256(name.encode(errors="surrogateescape") + b"\n" + bytes([key_type]) + public_key).digest()[
        :_KEY_ID_SIZE
    ]


def _check_name(name: str) -> None:
    if not name or "+" in name or _CONTROL.search(name) or any(map(str.isspace, name)):
        raise LogError("a key name is not empty and has neither spaces nor plus signs")
    if any("\ud800" <= character <= "\udfff" for character in name):  # bytes that are no text, as a policy keeps them
        raise LogError("a key name is UTF-8")
