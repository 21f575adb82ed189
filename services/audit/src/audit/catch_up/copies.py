"""Entries as somebody else has kept them: pages of the feed, or the registry's events, one JSON object a line.

    {"index":0,"leaf":"<base64url>","body":"<base64url>","salt":"<base64url>"}
    {"leaf":"<base64url>","erased_by":"<event id>"}
    {"checkpoint":"<note>"}

The index is not needed: a leaf names its event. What a copy says is held against leaf and root by whoever uses it.
"""

import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from goodstanding.canonical import parse_json, unb64u
from goodstanding.errors import EventError, LogError
from goodstanding.events import Leaf, commitment
from goodstanding.feed import MAX_LINE


@dataclass(frozen=True, slots=True)
class Copy:
    """One entry whose body and salt open its leaf, or that names the event that had them erased."""

    event_id: str
    leaf: bytes
    body: bytes | None
    salt: bytes | None
    erased_by: str | None


def read_copies(file: Path) -> Iterator[Copy | bytes]:
    """Yield the entries of a file, and the notes of the checkpoints in it. Raises LogError and OSError."""
    with file.open("rb") as lines:
        number = 0
        while line := lines.readline(MAX_LINE + 1):
            number += 1
            try:
                yield _read(parse_json(line, max_bytes=MAX_LINE))
            except (EventError, LogError) as error:
                raise LogError(f"line {number} of {file} is not one of a feed: {error}") from error


def _read(members: Any) -> Copy | bytes:
    if not isinstance(members, dict) or not all(isinstance(value, str | int) for value in members.values()):
        raise LogError("it is no JSON object of texts")
    if isinstance(note := members.get("checkpoint"), str):
        return note.encode("utf-8", "surrogatepass")
    encoded = unb64u(_text(members, "leaf"))
    leaf = Leaf.decode(encoded)
    if "erased_by" in members:
        return Copy(leaf.event_id, encoded, None, None, _text(members, "erased_by"))
    body, salt = unb64u(_text(members, "body")), unb64u(_text(members, "salt"))
    if not hmac.compare_digest(leaf.commitment, commitment(salt, body)):
        raise LogError("body and salt do not open the leaf")
    return Copy(leaf.event_id, encoded, body, salt, None)


def _text(members: dict[str, Any], name: str) -> str:
    if not isinstance(value := members.get(name), str):
        raise LogError(f"it has no {name}")
    return value
