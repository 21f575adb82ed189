"""Reading the log: what is published, and proofs made from published files alone.

A proof is made against the published checkpoint, never against a tree row nobody has seen. It is checked before it
leaves: a damaged file becomes an error here instead of a false proof somewhere else.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select

from audit.database import Database
from audit.errors import NotLogged, QuestionRefused, StoreDamaged
from audit.publication import CHECKPOINT
from audit.store import Store
from audit.tables import ENTRIES
from audit.tile_files import read_tile
from goodstanding.checkpoint import Checkpoint, TlogProof
from goodstanding.errors import LogError
from goodstanding.merkle import consistency_proof, inclusion_proof, verify_inclusion
from goodstanding.note import Note
from goodstanding.tiles import Tile, tile_hash_reader, tile_path

MAX_LOOKUP = 1000
"""Event ids in one look-up."""


@dataclass(frozen=True, slots=True)
class LoggedEntry:
    """An entry that the published checkpoint covers."""

    event_id: str
    index: int
    leaf_hash: bytes


class Snapshot:
    """The log as one published checkpoint shows it. Every tile is read once, so make one per request."""

    def __init__(self, store: Store, note: bytes) -> None:
        self.note = note
        self.checkpoint = Checkpoint.parse(Note.parse(note).text)
        self._store = store
        self._read = tile_hash_reader(self._tile, self.checkpoint.size)

    def inclusion(self, entry: LoggedEntry) -> list[bytes]:
        """Return the entry's inclusion proof, already verified; StoreDamaged when the files do not give one."""
        size, root = self.checkpoint.size, self.checkpoint.root
        try:
            proof = inclusion_proof(entry.index, size, self._read)
            verify_inclusion(entry.leaf_hash, entry.index, size, proof, root)
        except LogError as error:
            raise StoreDamaged(f"no proof can be made for entry {entry.index}: {error}") from error
        return proof

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
        try:
            return consistency_proof(old, new, self._read)
        except LogError as error:
            raise StoreDamaged(f"no proof can be made from size {old} to {new}: {error}") from error

    def _tile(self, tile: Tile) -> bytes:
        data = read_tile(self._store, tile)
        if data is None:
            raise LogError(f"{tile_path(tile)} is missing from the log's folder; restore it from a backup or a mirror")
        return data


class Reader:
    """Answers about what is published."""

    def __init__(self, database: Database, store: Store) -> None:
        self._database = database
        self._store = store

    async def file(self, path: str) -> bytes | None:
        """Return a published file, None when there is none."""
        return await asyncio.to_thread(self._store.read, path)

    async def snapshot(self) -> Snapshot:
        """Return the log as published now; NotLogged before the first checkpoint."""
        note = await self.file(CHECKPOINT)
        if note is None:
            raise NotLogged("the log has not published a checkpoint yet; try again in a moment")
        return Snapshot(self._store, note)

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
