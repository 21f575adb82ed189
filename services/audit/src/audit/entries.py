"""Appending: a batch of entries is stored whole or not at all, and an entry once only.

1. An event id that is known with the same bytes is accepted again and stored once; with other bytes the batch is
   refused.
2. A leaf's `prev` is the hash of its subject's newest leaf, null only for the subject's first.
3. What is stored waits for the sequencer in the order in which it was submitted.
4. Appends come one after another, also those of several processes: two that bring the same entry, or the first of the
   same subject, would not see each other otherwise.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import bindparam, insert, select, update

from audit.database import Database, WriteTx, alone
from audit.entry import Entry, Submission, check
from audit.errors import EntryConflict, PrevMismatch
from audit.tables import ENTRIES, SUBJECTS
from goodstanding.canonical import b64u, format_time
from goodstanding.clock import Clock

MAX_BATCH = 1000
"""Entries accepted in one append."""


class Entries:
    """The writing end of the log. `appended` is set after each commit, so that the sequencer need not poll."""

    def __init__(self, database: Database, clock: Clock, appended: asyncio.Event) -> None:
        self._database = database
        self._clock = clock
        self._appended = appended

    async def append(self, submissions: Sequence[Submission]) -> int:
        """Store a batch and return how many entries were accepted, those already known included.

        At most `MAX_BATCH`, in an order in which each subject's `prev` hold. Raises EntryRefused,
        EntryConflict or PrevMismatch, in which case nothing of the batch is stored.
        """
        if len(submissions) > MAX_BATCH:
            raise ValueError(f"{len(submissions)} entries in one batch; at most {MAX_BATCH} are accepted")
        # Hashing a full batch takes tens of milliseconds: not on the event loop.
        entries = await asyncio.to_thread(lambda: [check(submission) for submission in submissions])
        async with self._database.write() as tx:
            await alone(tx, "append")
            known = await _known(tx, entries)
            fresh = _continue_chains(entries, known, await _heads(tx, {entry.subject for entry in entries}))
            await self._store(tx, fresh)
            await move_heads(tx, {entry.subject: entry.leaf_hash for entry in fresh})
        self._appended.set()
        return len(entries)

    async def _store(self, tx: WriteTx, fresh: Sequence[Entry]) -> None:
        if not fresh:
            return
        now = format_time(self._clock())
        rows = [
            {
                "event_id": entry.event_id,
                "leaf": entry.submission.leaf,
                "leaf_hash": entry.leaf_hash,
                "body": entry.submission.body,
                "salt": entry.submission.salt,
                "submitted_at": now,
            }
            for entry in fresh
        ]
        await tx.execute(insert(ENTRIES), rows)


def _continue_chains(entries: Sequence[Entry], known: dict[str, bytes], heads: dict[bytes, bytes]) -> list[Entry]:
    """Return the entries that are new, in order, after rules 1 and 2; `known` and `heads` grow on the way."""
    fresh: list[Entry] = []
    for entry in entries:
        if (leaf_hash := known.get(entry.event_id)) is not None:
            if leaf_hash != entry.leaf_hash:
                raise EntryConflict(
                    entry.event_id,
                    f"event {entry.event_id} is already in the log with other bytes; an event never changes, "
                    "record a new one",
                )
            continue
        if entry.prev != (head := heads.get(entry.subject)):
            raise PrevMismatch(
                entry.event_id,
                f"event {entry.event_id} names {_named(entry.prev)} as its subject's previous leaf, but that is "
                f"{_named(head)}; submit a subject's events in order",
            )
        known[entry.event_id] = heads[entry.subject] = entry.leaf_hash
        fresh.append(entry)
    return fresh


def _named(leaf_hash: bytes | None) -> str:
    return "none" if leaf_hash is None else b64u(leaf_hash)


async def _known(tx: WriteTx, entries: Sequence[Entry]) -> dict[str, bytes]:
    """Leaf hashes of those event ids that the log already holds."""
    ids = {entry.event_id for entry in entries}
    found = await tx.execute(select(ENTRIES.c.event_id, ENTRIES.c.leaf_hash).where(ENTRIES.c.event_id.in_(ids)))
    return {row.event_id: row.leaf_hash for row in found}


async def _heads(tx: WriteTx, subjects: Collection[bytes]) -> dict[bytes, bytes]:
    """Newest leaf hash of each subject that has one."""
    query = select(SUBJECTS.c.subject, SUBJECTS.c.head).where(SUBJECTS.c.subject.in_(subjects))
    return {row.subject: row.head for row in await tx.execute(query)}


async def move_heads(tx: WriteTx, newest: Mapping[bytes, bytes]) -> None:
    """Move at most a batch of subjects on: subject -> hash of its newest leaf."""
    before = await _heads(tx, newest.keys())
    first = [{"subject": subject, "head": head} for subject, head in newest.items() if subject not in before]
    moved = [{"of": subject, "to": head} for subject, head in newest.items() if subject in before]
    if first:
        await tx.execute(insert(SUBJECTS), first)
    if moved:
        statement = update(SUBJECTS).where(SUBJECTS.c.subject == bindparam("of")).values(head=bindparam("to"))
        await tx.execute(statement, moved)
