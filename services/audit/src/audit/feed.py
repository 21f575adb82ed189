"""The feed: every published entry in order, and for every published size its first time-cosigned checkpoint.

    {"index":0,"leaf":"<base64url>","body":"<base64url>","salt":"<base64url>"}
    {"index":1,"leaf":"<base64url>","erased_by":"<event id>"}
    {"checkpoint":"<note>"}

1. A checkpoint stands after the last entry it covers; a page ends with one, so a follower can apply the whole page.
2. Nothing beyond the published checkpoint is served.
3. A page changes when a body in it is erased, so it is revalidated and never immutable; the ETag follows from what
   can change.
"""

import asyncio
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, func, select

from audit.database import Database, ReadTx
from audit.errors import QuestionRefused
from audit.reader import Reader
from audit.tables import CHECKPOINTS, ENTRIES
from goodstanding.canonical import b64u

PAGE = 2000
"""Entries of a page, unless a single step of the sequencer took more."""

MAX_INDEX = 2**53 - 1


@dataclass(frozen=True, slots=True)
class FeedPage:
    """NDJSON of a page; `body` is None when the asker already has what `etag` names."""

    etag: str
    entries: int
    body: bytes | None


class Feed:
    """Pages of published entries."""

    def __init__(self, database: Database, reader: Reader) -> None:
        self._database = database
        self._reader = reader

    async def page(self, after: int, have: frozenset[str] = frozenset()) -> FeedPage:
        """Return the entries that follow index `after` (-1: from the start); `have` are ETags the asker holds.

        An empty page means that nothing follows yet. Raises QuestionRefused and NotLogged.
        """
        if not -1 <= after <= MAX_INDEX:
            raise QuestionRefused(f"after must be -1 (from the start) or the index of an entry, not {after}")
        published = (await self._reader.snapshot()).checkpoint.size
        start = after + 1
        async with self._database.read() as tx:
            end = await _end(tx, start, published)
            erased = await _erased(tx, start, end)
            etag = _etag(start, end, erased)
            if etag in have:
                return FeedPage(etag, end - start, None)
            entries, checkpoints = await _entries(tx, start, end), await _checkpoints(tx, start, end)
        body = await asyncio.to_thread(lambda: b"".join(_lines(entries, checkpoints)))
        return FeedPage(etag, end - start, body)


async def _end(tx: ReadTx, start: int, published: int) -> int:
    """Size at which the page that begins at `start` ends: that of a published checkpoint, or `start`."""
    size = CHECKPOINTS.c.size
    following = (size > start, size <= published)
    largest = await tx.scalar(select(func.max(size)).where(*following, size <= start + PAGE))
    if largest is None:
        largest = await tx.scalar(select(func.min(size)).where(*following))
    return start if largest is None else int(largest)


async def _erased(tx: ReadTx, start: int, end: int) -> Sequence[Row[Any, Any]]:
    query = select(ENTRIES.c.log_index, ENTRIES.c.erased_by).where(
        ENTRIES.c.erased_by.is_not(None), ENTRIES.c.log_index >= start, ENTRIES.c.log_index < end
    )
    return (await tx.execute(query.order_by(ENTRIES.c.log_index))).all()


async def _entries(tx: ReadTx, start: int, end: int) -> Sequence[Row[Any, Any, Any, Any, Any]]:
    columns = (ENTRIES.c.log_index, ENTRIES.c.leaf, ENTRIES.c.body, ENTRIES.c.salt, ENTRIES.c.erased_by)
    query = select(*columns).where(ENTRIES.c.log_index >= start, ENTRIES.c.log_index < end)
    return (await tx.execute(query.order_by(ENTRIES.c.log_index))).all()


async def _checkpoints(tx: ReadTx, start: int, end: int) -> dict[int, str]:
    query = select(CHECKPOINTS.c.size, CHECKPOINTS.c.note)
    found = await tx.execute(query.where(CHECKPOINTS.c.size > start, CHECKPOINTS.c.size <= end))
    return {row.size: row.note for row in found}


def _etag(start: int, end: int, erased: Sequence[Row[Any, Any]]) -> str:
    """Name a page: an entry never changes but by erasure, and a size's first checkpoint never does."""
    digest = hashlib.sha256(f"{start} {end}".encode())
    for index, erased_by in erased:
        digest.update(f" {index} {erased_by}".encode())
    return f'"{digest.hexdigest()[:32]}"'


def _lines(entries: Sequence[Row[Any, Any, Any, Any, Any]], checkpoints: dict[int, str]) -> Iterator[bytes]:
    for entry in entries:
        yield _entry_line(entry)
        if (note := checkpoints.get(entry.log_index + 1)) is not None:
            yield json.dumps({"checkpoint": note}, ensure_ascii=False).encode() + b"\n"


def _entry_line(entry: Row[Any, Any, Any, Any, Any]) -> bytes:
    start = f'{{"index":{entry.log_index},"leaf":"{b64u(entry.leaf)}"'
    if entry.erased_by is not None:
        return f'{start},"erased_by":"{entry.erased_by}"}}\n'.encode()
    return f'{start},"body":"{b64u(entry.body)}","salt":"{b64u(entry.salt)}"}}\n'.encode()
