"""Checkpoints and proofs that travel (C2SP tlog-checkpoint, tlog-cosignature, tlog-proof).

A checkpoint is a signed note whose text says how large the log's tree is and what its root is:

    goodstanding.example/log
    9
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

    — goodstanding.example/log Az3grlgt…TOAYQ8=
    — goodstanding.example/log/time jWbPPwAAAABk…fZ+qnA==

A tlog-proof carries one entry's inclusion proof and the checkpoint it leads to:

    c2sp.org/tlog-proof@v1
    extra <base64, unauthenticated; the line is optional>
    index 4
    gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=
    (one hash per line, from the leaf's sibling to the root's child)

    (the checkpoint, verbatim)

What verifying a checkpoint enforces:

1. it is a well-formed note, and its text a well-formed checkpoint;
2. the origin is the name of the log's key;
3. the log signed it, and no line of any configured key fails to verify;
4. the log's time cosigner signed it, where one is configured: its latest time counts;
5. a witness is *outside* only with a public key that is neither the log's nor its time cosigner's, and
   one public key counts once.
"""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from goodstanding.errors import LogError
from goodstanding.merkle import EMPTY_ROOT, HASH_SIZE, verify_inclusion
from goodstanding.note import (
    COSIGNATURE_V1,
    ED25519,
    MAX_NOTE_SIZE,
    Note,
    VerifiedSignature,
    VerifierKey,
    decode_base64,
    decode_text,
    verify_note,
)

MAX_TREE_SIZE = 2**63 - 1
"""Leaves of the largest tree."""

MAX_EXTRA_SIZE = 8 * 1024
"""Bytes of the longest extra data a tlog-proof may carry."""

MAX_PROOF_SIZE = MAX_NOTE_SIZE + 16 * 1024
"""Bytes of the longest tlog-proof that is read: a checkpoint, extra data in base64, 63 hashes."""

_HEADER = "c2sp.org/tlog-proof@v1"
_MAX_PROOF_HASHES = 63
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Size and 32-byte root of the log named `origin`; extension lines, if any, are kept as they are.

    Raises LogError for an empty or multi-line member, a size outside 0 to 2**63 - 1, a root that is not
    32 bytes long, and a root other than the empty tree's for size 0.
    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for line in (self.origin, *self.extensions):
            if not line or "\n" in line:
                raise LogError("origin and extensions of a checkpoint are lines, and not empty")
        if not 0 <= self.size <= MAX_TREE_SIZE:
            raise LogError(f"a log cannot have {self.size} entries")
        if len(self.root) != HASH_SIZE:
            raise LogError(f"the root has {len(self.root)} bytes instead of {HASH_SIZE}")
        if self.size == 0 and self.root != EMPTY_ROOT:
            raise LogError("the root is not that of an empty log")

    @classmethod
    def parse(cls, text: bytes) -> Self:
        """Read a checkpoint from a note's text; raises LogError."""
        match decode_text(text).split("\n")[:-1]:
            case [origin, size, root, *extensions]:
                return cls(origin, _decimal(size), _hash(root), tuple(extensions))
        raise LogError("a checkpoint has three lines at least: origin, size, root")

    def text(self) -> bytes:
        """Return the note text to sign, its last newline included."""
        lines = (self.origin, str(self.size), base64.b64encode(self.root).decode(), *self.extensions)
        return "".join(f"{line}\n" for line in lines).encode()


@dataclass(frozen=True, slots=True)
class VerifiedCheckpoint:
    """A checkpoint that `verify_checkpoint` accepted, with the bytes it was read from.

    `time` is what the log's own time cosigner says, aware and in UTC, None when none was asked for;
    `outside` are the keys of the outside witnesses among the signers.
    """

    checkpoint: Checkpoint
    time: datetime | None
    note: bytes
    outside: tuple[VerifierKey, ...]

    @property
    def cosigners(self) -> tuple[str, ...]:
        """The names of the outside witnesses among the signers."""
        return tuple(key.name for key in self.outside)


@dataclass(frozen=True, slots=True)
class TlogProof:
    """Index of an entry, its inclusion proof (32-byte hashes), and the signed checkpoint's bytes.

    `extra` is whatever an application put beside the proof: nothing vouches for it. Raises LogError for
    an index outside 0 to 2**63 - 2, more than 63 hashes, hashes of another length, and more than 8 KB
    of extra data.
    """

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes = b""

    def __post_init__(self) -> None:
        if not 0 <= self.index < MAX_TREE_SIZE:
            raise LogError(f"a log cannot have an entry {self.index}")
        if len(self.hashes) > _MAX_PROOF_HASHES:
            raise LogError(f"the inclusion proof is too long: {len(self.hashes)} hashes")
        if any(len(item) != HASH_SIZE for item in self.hashes):
            raise LogError(f"a hash of the inclusion proof does not have {HASH_SIZE} bytes")
        if not self.checkpoint:
            raise LogError("the proof has no checkpoint")
        if len(self.extra) > MAX_EXTRA_SIZE:
            raise LogError(f"{len(self.extra)} bytes of extra data are too many")

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a `.tlog-proof`, verifying nothing; raises LogError."""
        if len(data) > MAX_PROOF_SIZE:
            raise LogError(f"a proof of {len(data)} bytes is too long")
        head, separator, checkpoint = data.partition(b"\n\n")
        if not separator:
            raise LogError("the proof has no checkpoint after an empty line")
        header, *lines = decode_text(head + b"\n").split("\n")[:-1]
        if header != _HEADER:
            raise LogError(f"the proof does not start with {_HEADER}")
        extra = decode_base64(lines.pop(0).removeprefix("extra ")) if _starts(lines, "extra ") else b""
        if not _starts(lines, "index "):
            raise LogError("the proof does not say the entry's index")
        index = _decimal(lines.pop(0).removeprefix("index "))
        return cls(index, tuple(map(_hash, lines)), checkpoint, extra)

    def encode(self) -> bytes:
        """Return the bytes of the `.tlog-proof`."""
        lines = [_HEADER]
        if self.extra:
            lines.append(f"extra {base64.b64encode(self.extra).decode()}")
        lines.append(f"index {self.index}")
        lines.extend(base64.b64encode(item).decode() for item in self.hashes)
        return "".join(f"{line}\n" for line in lines).encode() + b"\n" + self.checkpoint


def verify_checkpoint(
    data: bytes, *, log: VerifierKey, time_cosigner: VerifierKey | None, witnesses: Sequence[VerifierKey] = ()
) -> VerifiedCheckpoint:
    """Read a signed checkpoint and check it against the keys configured for its log.

    `log` is a key of type 0x01; `time_cosigner` and `witnesses` are of type 0x04. Raises LogError when
    a rule of this module is broken.
    """
    cosigners = [*witnesses] if time_cosigner is None else [time_cosigner, *witnesses]
    if log.type != ED25519 or any(key.type != COSIGNATURE_V1 for key in cosigners):
        raise LogError("a log needs a key of type 0x01, cosigners need keys of type 0x04")
    note = Note.parse(data)
    checkpoint = Checkpoint.parse(note.text)
    if checkpoint.origin != log.name:
        raise LogError(f"the checkpoint is not one of {log.name}")
    verified = verify_note(note, [log, *cosigners])
    if all(signature.key != log for signature in verified):
        raise LogError(f"the checkpoint is not signed by {log.name}")
    time = None if time_cosigner is None else _time(verified, time_cosigner)
    return VerifiedCheckpoint(checkpoint, time, data, _outside(verified, log, time_cosigner))


def verify_tlog_proof(
    proof: TlogProof,
    leaf_hash: bytes,
    *,
    log: VerifierKey,
    time_cosigner: VerifierKey | None,
    witnesses: Sequence[VerifierKey] = (),
) -> VerifiedCheckpoint:
    """Check the proof's checkpoint, then that the 32-byte leaf hash is in its tree; raises LogError."""
    verified = verify_checkpoint(proof.checkpoint, log=log, time_cosigner=time_cosigner, witnesses=witnesses)
    tree = verified.checkpoint
    verify_inclusion(leaf_hash, proof.index, tree.size, proof.hashes, tree.root)
    return verified


def _time(verified: Sequence[VerifiedSignature], time_cosigner: VerifierKey) -> datetime:
    """Time at which the log's time cosigner signed; LogError when it did not, or after the year 9999."""
    seconds = next((signature.time for signature in verified if signature.key == time_cosigner), None)
    if seconds is None:
        raise LogError(f"the checkpoint carries no time of {time_cosigner.name}")
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):
        raise LogError(f"the checkpoint's time {seconds} is out of range") from None


def _outside(
    verified: Sequence[VerifiedSignature], log: VerifierKey, time_cosigner: VerifierKey | None
) -> tuple[VerifierKey, ...]:
    """The signers whose public key is not the log's own: a cosignature does not sign its name."""
    own = {key.public_key for key in (log, time_cosigner) if key is not None}
    keys: dict[bytes, VerifierKey] = {}
    for signature in verified:
        keys.setdefault(signature.key.public_key, signature.key)
    return tuple(key for public_key, key in keys.items() if public_key not in own)


def _starts(lines: Sequence[str], word: str) -> bool:
    return bool(lines) and lines[0].startswith(word)


def _decimal(number: str) -> int:
    if _DECIMAL.fullmatch(number) is None:
        raise LogError("a size or index is a decimal number without leading zeros, below 2**63")
    return int(number)


def _hash(encoded: str) -> bytes:
    data = decode_base64(encoded)
    if len(data) != HASH_SIZE:
        raise LogError(f"a hash has {len(data)} bytes instead of {HASH_SIZE}")
    return data
