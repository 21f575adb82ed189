"""Erasing: the body and the salt of logged entries are deleted, and the entry names the event that had them erased.

1. Leaf and index stay: the tree, every checkpoint and every proof are what they were.
2. The erasure event is published before anything is erased. A follower that misses a body will find who had it erased.
3. Only what was logged before it is erased by it, and never an erasure event: what was done stays visible.
4. Erasing again changes nothing; the first erasure event stays the one that is named.

Which events an erasure event names is in its body, which this service does not read. It is told; followers compare.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, select, update

from audit.database import Database
from audit.errors import ErasureRefused, NotLogged, QuestionRefused
from audit.reader import MAX_LOOKUP, Reader
from audit.tables import ENTRIES
from goodstanding.events import Leaf

KIND = "erasure"

Found = Mapping[str, Row[Any, Any, Any]]  # event id -> event_id, leaf, log_index


class Erasures:
    """Deletes bodies and salts."""

    def __init__(self, database: Database, reader: Reader) -> None:
        self._database = database
        self._reader = reader

    async def erase(self, erasure: str, event_ids: Sequence[str]) -> int:
        """Erase at most `MAX_LOOKUP` events for a published erasure event; return how many had a body still.

        Raises QuestionRefused, NotLogged while the erasure event is not published, ErasureRefused.
        """
        if not 0 < len(event_ids) <= MAX_LOOKUP:
            raise QuestionRefused(f"{len(event_ids)} events to erase; 1 to {MAX_LOOKUP} at a time are accepted")
        published = (await self._reader.snapshot()).checkpoint.size
        async with self._database.write() as tx:
            columns = (ENTRIES.c.event_id, ENTRIES.c.leaf, ENTRIES.c.log_index)
            covered = ENTRIES.c.event_id.in_({erasure, *event_ids}) & (ENTRIES.c.log_index < published)
            _check({row.event_id: row for row in await tx.execute(select(*columns).where(covered))}, erasure, event_ids)
            these = ENTRIES.c.event_id.in_(set(event_ids)) & ENTRIES.c.erased_by.is_(None)
            gone = await tx.execute(update(ENTRIES).where(these).values(body=None, salt=None, erased_by=erasure))
        return gone.rowcount


def _check(found: Found, erasure: str, event_ids: Sequence[str]) -> None:
    """Rules 2 and 3."""
    by = found.get(erasure)
    if by is None:
        raise NotLogged(f"the erasure event {erasure} is not in a published checkpoint yet; erase once it is")
    if Leaf.decode(by.leaf).kind != KIND:
        raise ErasureRefused(erasure, f"event {erasure} is no erasure event; log one that names what is to be erased")
    for event_id in event_ids:
        entry = found.get(event_id)
        if entry is None or entry.log_index > by.log_index:
            raise ErasureRefused(event_id, f"event {event_id} was not logged before the erasure event {erasure}")
        if Leaf.decode(entry.leaf).kind == KIND:
            raise ErasureRefused(event_id, f"event {event_id} is an erasure event, and those are never erased")
