"""Reading the log: what is published, and proofs made from published files alone.

A proof is made against the published checkpoint, never against a tree row nobody has seen. What it is made of was checked
before it leaves: a damaged file becomes an error here instead of a false proof somewhere else (`tree.py`).
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select

from audit.database import Database
from audit.errors import NotLogged, QuestionRefused
from audit.publication import CHECKPOINT
from audit.store import Store
from audit.tables import ENTRIES
from audit.tree import Tree
from goodstanding.checkpoint import Checkpoint, TlogProof
from goodstanding.note import Note

MAX_LOOKUP = 1000
"""Event ids in one look-up."""


@dataclass(frozen=True, slots=True)
class LoggedEntry:
    """An entry that the published checkpoint covers."""

    event_id: str
    index: int
    leaf_hash: bytes


class Snapshot:
    """The log as one published checkpoint shows it."""

    def __init__(self, store: Store, note: bytes, like: "Snapshot | None" = None) -> None:
        """`like` is one made before: what it has read of the same tree is not read again."""
        self.note = note
        self.checkpoint = Checkpoint.parse(Note.parse(note).text)
        self.tree: Tree = like.tree if like and like.checkpoint == self.checkpoint else Tree(store, self.checkpoint)

    def inclusion(self, entry: LoggedEntry) -> list[bytes]:
        """Return the entry's inclusion proof, already verified; StoreDamaged when the files do not give one."""
        return self.tree.inclusion(entry.index, entry.leaf_hash)

    def tlog_proof(self, entry: LoggedEntry, proof: Sequence[bytes] | None = None) -> bytes:
        """Return the entry's proof, made already or not, as a C2SP tlog-proof."""
        hashes = self.inclusion(entry) if proof is None else proof
        return TlogProof(entry.index, tuple(hashes), self.note).encode()

    def consistency(self, old: int, new: int | None) -> list[bytes]:
        """Return the proof that size `new` (default: the published one) extends size `old`.

        Raises QuestionRefused unless 0 < old <= new <= the published size, and StoreDamaged.
        """
        size = self.checkpoint.size
        new = size if new is None else new
        if not 0 < old <= new <= size:
            raise QuestionRefused(f"ask with 0 < from <= to <= {size}, the published size; not from {old} to {new}")
        return self.tree.consistency(old, new)


class Reader:
    """Answers about what is published."""

    def __init__(self, database: Database, store: Store) -> None:
        self._database = database
        self._store = store
        self._newest: Snapshot | None = None  # what was read for it serves the next one of the same tree

    async def file(self, path: str) -> bytes | None:
        """Return a published file, None when there is none."""
        return await asyncio.to_thread(self._store.read, path)

    async def snapshot(self) -> Snapshot:
        """Return the log as published now; NotLogged before the first checkpoint."""
        note = await self.file(CHECKPOINT)
        if note is None:
            raise NotLogged("the log has not published a checkpoint yet; try again in a moment")
        self._newest = Snapshot(self._store, note, self._newest)
        return self._newest

    async def by_event(self, snapshot: Snapshot, event_ids: Sequence[str]) -> dict[str, LoggedEntry]:
        """Return those of at most `MAX_LOOKUP` events that the snapshot covers; QuestionRefused for more."""
        if len(event_ids) > MAX_LOOKUP:
            raise QuestionRefused(f"{len(event_ids)} event ids in one question; at most {MAX_LOOKUP} are answered")
        found = await self._find(snapshot, ENTRIES.c.event_id.in_(set(event_ids)))
        return {entry.event_id: entry for entry in found}

    async def by_index(self, snapshot: Snapshot, index: int) -> LoggedEntry:
        """Return the entry at an index; NotLogged when the snapshot does not cover it."""
        for entry in await self._find(snapshot, ENTRIES.c.log_index == index):
            return entry
        raise NotLogged(
            f"the published checkpoint covers {snapshot.checkpoint.size} entries; there is no entry {index}"
        )

    async def prove(self, snapshot: Snapshot, entries: Iterable[LoggedEntry]) -> dict[str, list[bytes]]:
        """Return event id -> inclusion proof; StoreDamaged."""
        return await asyncio.to_thread(lambda: {entry.event_id: snapshot.inclusion(entry) for entry in entries})

    async def _find(self, snapshot: Snapshot, condition: ColumnElement[bool]) -> list[LoggedEntry]:
        query = select(ENTRIES.c.event_id, ENTRIES.c.log_index, ENTRIES.c.leaf_hash)
        query = query.where(condition, ENTRIES.c.log_index < snapshot.checkpoint.size)
        async with self._database.read() as tx:
            return [LoggedEntry(*row) for row in await tx.execute(query)]
