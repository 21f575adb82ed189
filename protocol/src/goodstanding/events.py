"""Events: the public body, the leaf that commits to it, and the salt that keeps the leaf opaque.

A leaf as it is logged (canonical JSON, at most 512 bytes)::

    {"commitment":"…","event_id":"0198…","kind":"decision","prev":null,
     "recorded_at":"2026-05-04T09:00:00.000Z","subject":"…","v":1}

``commitment`` is HMAC-SHA256 keyed with the event's own 32 random bytes over the body's canonical bytes: without
salt and body a leaf says nothing about anyone. ``prev`` is the RFC 6962 hash of the same subject's previous leaf.
"""

import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from goodstanding.bodies import KINDS, uuid7
from goodstanding.canonical import (
    b64u,
    format_time,
    parse_json,
    parse_time,
    unb64u,
    unb64u_checked,
    written_plainly,
)
from goodstanding.errors import EventError
from goodstanding.merkle import leaf_hash

MAX_BODY = 10_000
MAX_LEAF = 512
LEAF_VERSION = 1
SALT_BYTES = 32
SUBJECT_BYTES = 16

Body = Mapping[str, Any]

_LEAF_MEMBERS = {"v", "kind", "event_id", "subject", "prev", "recorded_at", "commitment"}

_HASH = rb"([\w-]{42}[AEIMQUYcgkosw048])"  # 32 bytes in base64url, no bits set beyond the last
_LEAF = re.compile(
    rb'\{"commitment":"' + _HASH + rb'","event_id":"([0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})",'
    rb'"kind":"([a-z]+)","prev":(?:null|"' + _HASH + rb'"),"recorded_at":"([\d:.TZ-]{24})","subject":"([\w-]{21}[AQgw])","v":1\}'
)  # fmt: skip


def new_event_id(now: datetime) -> str:
    """A UUID of version 7 (RFC 9562 section 5.7): 48 bits of Unix milliseconds, then random bits."""
    value = int(now.timestamp() * 1000) << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    digits = f"{value:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def new_salt() -> bytes:
    """32 random bytes, one salt per event."""
    return secrets.token_bytes(SALT_BYTES)


def new_subject() -> bytes:
    """16 random bytes that stand for one accreditation (or entity) in the log."""
    return secrets.token_bytes(SUBJECT_BYTES)


def encode_body(body: Body) -> bytes:
    """Check a body against its kind and return its canonical bytes, at most 10,000. EventError says what is wrong."""
    checked = dict(body)
    _check_body(checked)
    data = written_plainly(checked)
    if len(data) > MAX_BODY:
        raise EventError(f"the body is {len(data)} bytes; at most {MAX_BODY} are logged. Shorten texts or lists")
    return data


def _check_body(body: dict[str, Any]) -> None:
    members = KINDS.get(str(body.get("kind")))
    if members is None:
        raise EventError(f"unknown kind of event {str(body.get('kind'))[:40]!r}; known: {', '.join(sorted(KINDS))}")
    members("", body)
    if body["kind"] == "decision":
        _one_generation(body)


def _one_generation(body: Body) -> None:
    """A decision opens a generation (accreditation with status), belongs to one, or does neither."""
    if ("accreditation" in body) != ("status" in body):
        raise EventError("accreditation and status come together: they open a generation")
    if "accreditation" in body and "generation" in body:
        raise EventError("a decision opens a generation or belongs to one, not both")
    if "accreditation" in body and body["accreditation"]["organisation"]["id"] != body["organisation"]:
        raise EventError("accreditation.organisation.id differs from organisation")


def decode_body(data: bytes) -> dict[str, Any]:
    """Read a body; bytes that ``encode_body`` would not write again are refused with EventError."""
    body = parse_json(data, max_bytes=MAX_BODY, unique=False)
    if not isinstance(body, dict):
        raise EventError("a body is a JSON object")
    _check_body(body)
    if written_plainly(body) != data:
        raise EventError("the body is not in canonical form (RFC 8785)")
    return body


def commitment(salt: bytes, body: bytes) -> bytes:
    """HMAC-SHA256(salt, body); the salt must be exactly 32 bytes."""
    if len(salt) != SALT_BYTES:
        raise EventError(f"a salt has exactly {SALT_BYTES} bytes, not {len(salt)}")
    return hmac.digest(salt, body, "sha256")


@dataclass(frozen=True, slots=True)
class Leaf:
    """What the log stores for one event."""

    kind: str
    event_id: str
    subject: bytes  # 16 bytes
    prev: bytes | None  # RFC 6962 hash of the subject's previous leaf
    recorded_at: datetime
    commitment: bytes  # 32 bytes

    def encode(self) -> bytes:
        """The canonical bytes that become the log entry; EventError beyond 512."""
        data = written_plainly(
            {
                "v": LEAF_VERSION,
                "kind": self.kind,
                "event_id": self.event_id,
                "subject": b64u(self.subject),
                "prev": None if self.prev is None else b64u(self.prev),
                "recorded_at": format_time(self.recorded_at),
                "commitment": b64u(self.commitment),
            }
        )
        if len(data) > MAX_LEAF:
            raise EventError(f"the leaf is {len(data)} bytes; at most {MAX_LEAF} fit")
        return data

    @classmethod
    def decode(cls, data: bytes) -> "Leaf":
        """Read a leaf strictly; EventError when ``encode`` would not write these bytes."""
        if (match := _LEAF.fullmatch(data)) and len(data) <= MAX_LEAF and (leaf := cls._matched(*match.groups())):
            return leaf
        value = parse_json(data, max_bytes=MAX_LEAF)
        if not isinstance(value, dict) or value.keys() != _LEAF_MEMBERS:
            raise EventError(f"a leaf has exactly the members {', '.join(sorted(_LEAF_MEMBERS))}")
        if value["v"] is not LEAF_VERSION or value["kind"] not in KINDS:
            raise EventError("unknown leaf version or kind")
        uuid7("event_id", value["event_id"])
        leaf = cls(
            kind=value["kind"],
            event_id=value["event_id"],
            subject=_exactly(SUBJECT_BYTES, "subject", value["subject"]),
            prev=None if value["prev"] is None else _exactly(32, "prev", value["prev"]),
            recorded_at=parse_time(value["recorded_at"]),
            commitment=_exactly(32, "commitment", value["commitment"]),
        )
        if leaf.encode() != data:
            raise EventError("the leaf is not in canonical form (RFC 8785)")
        return leaf

    @classmethod
    def _matched(
        cls, committed: bytes, event_id: bytes, kind: bytes, prev: bytes | None, at: bytes, subject: bytes
    ) -> "Leaf | None":
        """A leaf in the one form that `encode` writes, member by member: no need to write it again to compare."""
        if kind.decode() not in KINDS:
            return None
        return cls(
            kind.decode(),
            event_id.decode(),
            unb64u_checked(subject),
            None if prev is None else unb64u_checked(prev),
            parse_time(at.decode()),
            unb64u_checked(committed),
        )

    def hash(self) -> bytes:
        """The RFC 6962 leaf hash of the encoded leaf."""
        return leaf_hash(self.encode())


def _exactly(size: int, name: str, text: str) -> bytes:
    data = unb64u(text)
    if len(data) != size:
        raise EventError(f"{name} must be {size} bytes, not {len(data)}")
    return data


@dataclass(frozen=True, slots=True)
class SealedEvent:
    """An event ready to be stored and logged: exact bytes of body and leaf, and the salt between them."""

    event_id: str
    kind: str
    body: bytes
    leaf: bytes
    salt: bytes

    @property
    def leaf_hash(self) -> bytes:
        """The RFC 6962 leaf hash; the next event of the subject names it as ``prev``."""
        return leaf_hash(self.leaf)


def seal(body: Body, *, subject: bytes, prev: bytes | None, recorded_at: datetime, salt: bytes) -> SealedEvent:
    """Check a body, commit to it under the salt and make its leaf. EventError when the body is not well formed."""
    encoded = encode_body(body)
    leaf = Leaf(body["kind"], body["event_id"], subject, prev, recorded_at, commitment(salt, encoded))
    return SealedEvent(body["event_id"], body["kind"], encoded, leaf.encode(), salt)


def open_event(leaf: bytes, body: bytes, salt: bytes) -> tuple[Leaf, dict[str, Any]]:
    """Open a leaf with its body and salt: the commitment must hold, and kind and event id must agree."""
    read, opened = Leaf.decode(leaf), decode_body(body)
    if not hmac.compare_digest(read.commitment, commitment(salt, body)):
        raise EventError(f"the body shown for event {read.event_id} is not the one its leaf commits to")
    if (read.kind, read.event_id) != (opened["kind"], opened["event_id"]):
        raise EventError(f"the body of event {read.event_id} calls itself {opened['kind']} {opened['event_id']}")
    return read, opened
