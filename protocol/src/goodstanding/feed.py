r"""A log's feed, line by line: what its bytes say, before any checkpoint vouches for them.

A page of the feed (NDJSON)::

    {"index":0,"leaf":"<b64u>","body":"<b64u>","salt":"<b64u>"}
    {"index":1,"leaf":"<b64u>","erased_by":"0198…"}
    {"checkpoint":"r.example/log\n2\n…\n\n— r.example/log …\n— r.example/log/time …\n"}

Every failure here is a LogError. `mirror.py` says what becomes of the lines.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from goodstanding.canonical import parse_json, unb64u, unb64u_ascii
from goodstanding.errors import BodyMissing, EventError, FeedGap, LogError
from goodstanding.events import Leaf, open_event
from goodstanding.merkle import leaf_hash
from goodstanding.note import MAX_NOTE_SIZE
from goodstanding.number import prefix_of

MAX_LINE: Final = 2 * MAX_NOTE_SIZE
"""Bytes of the longest line of a feed: a checkpoint with every newline escaped."""

MAX_PAGE: Final = 64 * 1024 * 1024
"""Bytes of the longest page: about 2,000 entries with the largest bodies."""

_ENTRY = {"index", "leaf", "body", "salt"}
_ERASED = {"index", "leaf", "erased_by"}
# An entry's line as logs write it, split at its quotes, without the four values.
_FRAME = [b"{", b"index", b"leaf", b":", b",", b"body", b":", b",", b"salt", b":", b"}"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One log entry whose body opens its leaf; without a body, `erased_by` names the event said to have erased it."""

    index: int
    leaf: Leaf
    leaf_bytes: bytes
    hash: bytes  # of the leaf, 32 bytes
    body: Mapping[str, Any] | None
    body_bytes: bytes | None
    erased_by: str | None = None


def split_page(page: bytes) -> list[bytes]:
    """The lines of a page; LogError when it is too long or its last line was cut off."""
    if len(page) > MAX_PAGE:
        raise LogError(f"a page of {len(page)} bytes; at most {MAX_PAGE} are read")
    if page and not page.endswith(b"\n"):
        raise LogError("the page was cut off in the middle of a line")
    return page.splitlines()


def read_line(line: bytes, expected: int, prefix: str) -> Entry | bytes:
    """The entry that a line holds, or the note of the checkpoint that it holds instead.

    LogError when it holds neither, when the entry's index is not the expected one, when leaf, body and salt do not
    fit together, and when a decision's number has another prefix.
    """
    parts = line.split(b'"')
    if len(parts) == 15 and parts[2] == b":%d," % expected:
        frame = [*parts[:2], *parts[3:5], *parts[6:9], *parts[10:13], parts[14]]
        if frame == _FRAME:  # no need for a JSON reader: what stands between the quotes must be base64url
            return _entry(expected, parts[5], parts[9], parts[13], prefix)
    return _read_json(line, expected, prefix)


def _read_json(line: bytes, expected: int, prefix: str) -> Entry | bytes:
    try:
        members = parse_json(line, max_bytes=MAX_LINE)
    except EventError as error:
        raise LogError(f"a line of the feed cannot be read: {error}") from error
    if not isinstance(members, dict):
        raise LogError("a line of the feed is not a JSON object")
    if members.keys() == {"checkpoint"} and isinstance(members["checkpoint"], str):
        # A lone surrogate becomes bytes that are no UTF-8, for the note's reader to refuse.
        return members["checkpoint"].encode("utf-8", "surrogatepass")
    if {"index", "leaf"} <= members.keys() < _ENTRY:
        raise BodyMissing(
            f"entry {str(members['index'])[:20]} of the feed lacks its body or its salt, without a reason"
        )
    if members.keys() not in (_ENTRY, _ERASED):
        raise LogError(f"a line of the feed holds {', '.join(map(repr, sorted(members)))[:200]}")
    _check_index(members["index"], expected)
    if "erased_by" in members:
        return _erased(expected, members)
    leaf, body, salt = (_ascii(expected, members[name]) for name in ("leaf", "body", "salt"))
    return _entry(expected, leaf, body, salt, prefix)


def _check_index(index: Any, expected: int) -> None:
    if type(index) is not int or index != expected:
        what = "repeats" if type(index) is int and index < expected else "jumps to"
        raise FeedGap(f"the feed {what} entry {str(index)[:20]}; entry {expected} is next")


def _ascii(index: int, text: Any) -> bytes:
    if not isinstance(text, str) or not text.isascii():
        raise _refused(index, "not base64url without padding")
    return text.encode("ascii")


def _entry(index: int, leaf: bytes, body: bytes, salt: bytes, prefix: str) -> Entry:
    """Open an entry with its body."""
    try:
        leaf_bytes, body_bytes = unb64u_ascii(leaf), unb64u_ascii(body)
        opened, facts = open_event(leaf_bytes, body_bytes, unb64u_ascii(salt))
    except EventError as error:
        raise _refused(index, error) from error
    if opened.kind == "decision" and prefix_of(facts["number"]) != prefix:
        raise _refused(index, f"{facts['number']} is not a number of this log, whose prefix is {prefix}")
    return Entry(index, opened, leaf_bytes, leaf_hash(leaf_bytes), facts, body_bytes)


def _erased(index: int, members: Mapping[str, Any]) -> Entry:
    """Read an entry whose body is gone."""
    try:
        encoded = unb64u(members["leaf"])
        leaf, erasure = Leaf.decode(encoded), members["erased_by"]
    except EventError as error:
        raise _refused(index, error) from error
    if leaf.kind == "erasure" or not isinstance(erasure, str):
        raise _refused(index, "an erased entry names its erasure event, and an erasure event is never erased")
    return Entry(index, leaf, encoded, leaf_hash(encoded), None, None, erasure)


def _refused(index: int, why: object) -> LogError:
    return LogError(f"entry {index} of the feed is refused: {why}")
