"""Statements of catching up, each within a transaction of its caller."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final

from sqlalchemy import ColumnElement, bindparam, func, insert, select, update

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


async def give_bodies(tx: WriteTx, copies: dict[str, Copy], old: int) -> None:
    """Give bodies to the rows that lack them, and the name of their erasure to those that were erased."""
    lacking = (ENTRIES.c.log_index >= old, ENTRIES.c.body.is_(None), ENTRIES.c.erased_by.is_(None))
    query = select(ENTRIES.c.event_id, ENTRIES.c.leaf).where(ENTRIES.c.event_id.in_(list(copies)), *lacking)
    given = [
        {"of": row.event_id, "b": copy.body, "s": copy.salt, "e": copy.erased_by}
        for row in await tx.execute(query)
        if (copy := copies[row.event_id]).leaf == row.leaf
    ]
    if given:
        values: dict[str, Any] = {"body": bindparam("b"), "salt": bindparam("s"), "erased_by": bindparam("e")}
        await tx.execute(update(ENTRIES).where(ENTRIES.c.event_id == bindparam("of")).values(values), given)


async def require_bodies(tx: WriteTx, these: ColumnElement[bool]) -> None:
    """Every entry has its body, or a logged erasure event that explains why not."""
    lacking = (these, ENTRIES.c.body.is_(None), ENTRIES.c.erased_by.is_(None))
    count, first = (await tx.execute(select(func.count(), func.min(ENTRIES.c.log_index)).where(*lacking))).one()
    if count:
        raise LogStopped(
            f"the bodies of {count} entries are still missing, the first one that of entry {first}. Run it again with "
            "--bodies and a copy of the feed after the entry before, or what `registry events` prints"
        )
    erased = (await tx.execute(select(ENTRIES.c.log_index, ENTRIES.c.erased_by).where(these, _erased()))).all()
    for some in _parts([row.erased_by for row in erased]):
        logged = await logged_erasures(tx, some)
        for row in erased:
            if row.erased_by in some and logged.get(row.erased_by, -1) <= row.log_index:
                raise LogStopped(
                    f"a copy says that event {row.erased_by} erased entry {row.log_index}, but no such erasure event was "
                    "logged after it. Give a copy that has its body"
                )


def _erased() -> ColumnElement[bool]:
    return ENTRIES.c.erased_by.is_not(None)


def _parts(names: Iterable[str]) -> Iterator[list[str]]:
    left = iter(dict.fromkeys(names))
    while some := list(islice(left, BATCH)):
        yield some


async def waiting_subjects(tx: WriteTx) -> dict[bytes, str]:
    """Subject -> one of its events that waits for its index."""
    rows = await tx.execute(select(ENTRIES.c.leaf, ENTRIES.c.event_id).where(ENTRIES.c.log_index.is_(None)))
    return {Leaf.decode(row.leaf).subject: row.event_id for row in rows}
