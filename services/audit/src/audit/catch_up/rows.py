"""Statements of catching up, each within a transaction of its caller."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, bindparam, func, insert, select, update

from audit.catch_up.copies import Copy
from audit.database import WriteTx
from audit.errors import LogStopped
from audit.fsck.rows import logged_erasures
from audit.tables import ENTRIES
from goodstanding.canonical import format_time
from goodstanding.events import Leaf
from goodstanding.merkle import leaf_hash

BATCH: Final = 500
"""Rows and copies that are looked up at once."""


async def give_rows(tx: WriteTx, start: int, leaves: Sequence[bytes]) -> None:
    """Give rows to entries, and indices to those that wait."""
    decoded = [(index, leaf, Leaf.decode(leaf)) for index, leaf in enumerate(leaves, start=start)]
    columns = (ENTRIES.c.event_id, ENTRIES.c.leaf, ENTRIES.c.log_index)
    found = await tx.execute(select(*columns).where(ENTRIES.c.event_id.in_([leaf.event_id for *_, leaf in decoded])))
    known = {row.event_id: row for row in found}
    fresh, waiting = [], []
    for index, encoded, leaf in decoded:
        row = known.get(leaf.event_id)
        if row is None:
            fresh.append(_row(index, encoded, leaf))
        elif row.leaf != encoded or row.log_index not in (None, index):
            raise LogStopped(f"event {leaf.event_id} is not what was published as entry {index}. Run: audit fsck")
        elif row.log_index is None:
            waiting.append({"of": leaf.event_id, "to": index})
    if fresh:
        await tx.execute(insert(ENTRIES), fresh)
    if waiting:
        statement = update(ENTRIES).where(ENTRIES.c.event_id == bindparam("of")).values(log_index=bindparam("to"))
        await tx.execute(statement, waiting)


def _row(index: int, encoded: bytes, leaf: Leaf) -> dict[str, object]:
    """A row without a body; when it was submitted is forgotten, and not before it was recorded."""
    return {
        "event_id": leaf.event_id, "leaf": encoded, "leaf_hash": leaf_hash(encoded), "log_index": index,
        "submitted_at": format_time(leaf.recorded_at),
    }  # fmt: skip


async def give_bodies(tx: WriteTx, copies: dict[str, Copy]) -> int:
    """Give rows the bodies they lack or hold wrongly, and the name of their erasure to those that were erased.

    Returns how many. A copy opens its leaf, so what a row with the same leaf holds otherwise is wrong.
    """
    columns = (ENTRIES.c.event_id, ENTRIES.c.leaf, ENTRIES.c.log_index, ENTRIES.c.body, ENTRIES.c.salt)
    given = ENTRIES.c.event_id.in_(list(copies)) & ENTRIES.c.log_index.is_not(None) & ENTRIES.c.erased_by.is_(None)
    rows = (await tx.execute(select(*columns).where(given))).all()
    wanted = [row for row in rows if _helps(copies[row.event_id], row)]
    await _require_erasures(tx, copies, {row.event_id: row.log_index for row in wanted})
    if wanted:
        found = ((row.event_id, copies[row.event_id]) for row in wanted)
        parts = [{"of": of, "b": copy.body, "s": copy.salt, "e": copy.erased_by} for of, copy in found]
        values: dict[str, Any] = {"body": bindparam("b"), "salt": bindparam("s"), "erased_by": bindparam("e")}
        await tx.execute(update(ENTRIES).where(ENTRIES.c.event_id == bindparam("of")).values(values), parts)
    return len(wanted)


def _helps(copy: Copy, row: Row[Any, Any, Any, Any, Any]) -> bool:
    if copy.leaf != row.leaf or (copy.body is None and row.body is not None):
        return False
    return copy.body is None or (copy.body, copy.salt) != (row.body, row.salt)


async def _require_erasures(tx: WriteTx, copies: dict[str, Copy], indices: dict[str, int]) -> None:
    """An erasure is believed where its event was logged later."""
    by = {event_id: name for event_id in indices if (name := copies[event_id].erased_by) is not None}
    logged = await logged_erasures(tx, list(by.values())) if by else {}
    for event_id, name in by.items():
        if logged.get(name, -1) <= indices[event_id]:
            raise LogStopped(
                f"a copy says that event {name} erased entry {indices[event_id]}, but no such erasure event was logged "
                "after it. Give a copy that has its body"
            )


async def require_bodies(tx: WriteTx, these: ColumnElement[bool]) -> None:
    """Every entry has its body, or names its erasure."""
    lacking = (these, ENTRIES.c.body.is_(None), ENTRIES.c.erased_by.is_(None))
    count, first = (await tx.execute(select(func.count(), func.min(ENTRIES.c.log_index)).where(*lacking))).one()
    if count:
        raise LogStopped(
            f"the bodies of {count} entries are still missing, the first one that of entry {first}. Run it again with "
            "--bodies and a copy of the feed after the entry before, or what `registry events` prints"
        )


async def waiting_subjects(tx: WriteTx) -> dict[bytes, str]:
    """Subject -> one of its events that waits for its index."""
    rows = await tx.execute(select(ENTRIES.c.leaf, ENTRIES.c.event_id).where(ENTRIES.c.log_index.is_(None)))
    return {Leaf.decode(row.leaf).subject: row.event_id for row in rows}
