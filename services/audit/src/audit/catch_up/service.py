"""`audit catch-up`: a database that was restored from an older backup gets back what was published since.

1. The rows and, after them, the published bundles must lead to the signed root before anything is written.
2. A published entry without a row gets one; one that still waits for its index gets that.
3. Bodies and salts are in no tile: they come from copies of the feed, or from the registry (`copies.py`). A log that is
   not behind gets those it lacks, too.
4. When no body is missing, one transaction moves subjects and tree, and keeps the first note of each size that the
   copies hold. Until then the log stays behind what is published and signs nothing: run it again with more copies.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from sqlalchemy import insert, select, update

from audit.catch_up.copies import Copy
from audit.catch_up.rows import BATCH, give_bodies, give_rows, require_bodies, waiting_subjects
from audit.database import Database, WriteTx
from audit.edge import Edge, grow
from audit.entries import move_heads
from audit.errors import LogStopped
from audit.fsck.report import Progress
from audit.fsck.rows import Verify
from audit.growth import last
from audit.publication import CHECKPOINT
from audit.recovery import TREE_ID, tree_row
from audit.store import Store
from audit.tables import CHECKPOINTS, ENTRIES, TREE
from audit.tile_files import read_tile
from goodstanding.checkpoint import Checkpoint, VerifiedCheckpoint
from goodstanding.errors import LogError
from goodstanding.events import Leaf
from goodstanding.merkle import CompactRange, leaf_hash
from goodstanding.tiles import ENTRIES_LEVEL, TILE_WIDTH, Tile, decode_bundle, tile_path

MAX_NOTES: Final = 200_000
"""Most notes of checkpoints that are taken from copies."""


@dataclass(slots=True)
class Caught:
    """From where to where the database has come, and how many bodies or names of erasures it was given."""

    old: int
    new: int
    bodies: int


class CatchUp:
    """One catching up; nothing else may write to this log meanwhile."""

    def __init__(self, store: Store, database: Database, verify: Verify, progress: Progress) -> None:
        self._store = store
        self._database = database
        self._verify = verify
        self._progress = progress
        self._notes: dict[int, VerifiedCheckpoint] = {}

    async def run(self, copies: Iterable[Copy | bytes]) -> Caught:
        """Catch up with what is published. Raises LogStopped, LogError, Unavailable and OSError."""
        published = await asyncio.to_thread(self._published)
        tree = await tree_row(self._database, published.checkpoint.origin, "Restore a backup of this one")
        if tree.size >= published.checkpoint.size:
            return Caught(tree.size, tree.size, await self._give_bodies(copies))
        held = await self._require(tree, published.checkpoint)
        await self._give_rows(tree.size, published.checkpoint.size)
        bodies = await self._give_bodies(copies)
        self._keep(published)
        await self._finish(held, published.checkpoint)
        return Caught(tree.size, published.checkpoint.size, bodies)

    def _published(self) -> VerifiedCheckpoint:
        note = self._store.read(CHECKPOINT)
        if note is None:
            raise LogStopped(
                "no checkpoint is published here. Fetch the published files of the log from a mirror first"
            )
        return self._verify(note)

    async def _require(self, tree: Checkpoint, published: Checkpoint) -> CompactRange:
        """Rule 1; return the tree that the database holds."""
        held = edge = await last(self._database, Edge.empty(), tree.size)
        if edge.root() == tree.root:
            async for start, leaves in self._bundles(tree.size, published.size):
                edge, _ = await asyncio.to_thread(grow, edge, leaves)
                self._progress("verified", start, published.size)
        if edge.root() != published.root:
            raise LogStopped(
                f"the database's {tree.size} entries and the published ones after them do not have the root signed for "
                f"size {published.size}: nothing was written. Run: audit fsck"
            )
        return held.compact()

    async def _give_rows(self, old: int, new: int) -> None:
        """Rule 2."""
        async for start, leaves in self._bundles(old, new):
            async with self._database.write() as tx:
                await give_rows(tx, start, leaves)
            self._progress("rows", start, new)

    async def _bundles(self, old: int, new: int) -> AsyncIterator[tuple[int, list[bytes]]]:
        """Yield the published entries from index `old` on, bundle by bundle, with the index of the first."""
        for number in range(old // TILE_WIDTH, -(-new // TILE_WIDTH)):
            tile = Tile(ENTRIES_LEVEL, number, min(TILE_WIDTH, new - number * TILE_WIDTH))
            data = await asyncio.to_thread(read_tile, self._store, tile)
            entries = [] if data is None else decode_bundle(data)
            if len(entries) != tile.width:
                raise LogError(f"{tile_path(tile)} is missing or cut off; fetch it from a mirror of the log")
            start = max(old, number * TILE_WIDTH)
            yield start, entries[start - number * TILE_WIDTH :]

    async def _give_bodies(self, copies: Iterable[Copy | bytes]) -> int:
        """Rule 3; return how many rows were given something."""
        given, count = iter(copies), 0
        while some := await asyncio.to_thread(lambda: list(islice(given, BATCH))):
            for note in some:
                if isinstance(note, bytes):
                    self._keep(self._verified(note))
            async with self._database.write() as tx:
                count += await give_bodies(tx, {copy.event_id: copy for copy in some if isinstance(copy, Copy)})
        return count

    def _verified(self, note: bytes) -> VerifiedCheckpoint:
        try:
            return self._verify(note)
        except LogError as error:
            raise LogError(f"the copies hold a checkpoint that is not one of this log: {error}") from error

    def _keep(self, note: VerifiedCheckpoint) -> None:
        """Keep the earliest note of each size."""
        size = note.checkpoint.size
        kept = self._notes.get(size)
        if kept is None or _seconds(note) < _seconds(kept):
            self._notes[size] = note
        if len(self._notes) > MAX_NOTES:
            raise LogError(f"the copies hold more than {MAX_NOTES} checkpoints; give them in parts")

    async def _finish(self, held: CompactRange, published: Checkpoint) -> None:
        """Rule 4."""
        missing = ENTRIES.c.log_index.between(held.size, published.size - 1)
        async with self._database.write() as tx:
            size = await tx.scalar(select(TREE.c.size).where(TREE.c.id == TREE_ID).with_for_update())
            if size != held.size:
                raise LogStopped("another process has moved this log meanwhile; run one at a time")
            await require_bodies(tx, missing)
            tree = await self._move(tx, held, published.size)
            if tree.root() != published.root:
                raise LogStopped(f"the rows do not have the root signed for size {published.size}. Run: audit fsck")
            moved = update(TREE).where(TREE.c.id == TREE_ID)
            await tx.execute(moved.values(size=published.size, root=published.root))

    async def _move(self, tx: WriteTx, tree: CompactRange, new: int) -> CompactRange:
        """Move subjects on and store notes, up to the end; return the tree reached."""
        waiting = await waiting_subjects(tx)
        for start in range(tree.size, new, BATCH):
            some = select(ENTRIES.c.leaf).where(ENTRIES.c.log_index.between(start, min(start + BATCH, new) - 1))
            leaves = (await tx.scalars(some.order_by(ENTRIES.c.log_index))).all()
            newest = {Leaf.decode(leaf).subject: leaf_hash(leaf) for leaf in leaves}
            for subject in newest.keys() & waiting.keys():
                raise LogStopped(
                    f"event {waiting[subject]} waits for its index, but its subject went on without it. Remove its row "
                    "from the table entries, and look in the registry at what became of it"
                )
            await move_heads(tx, newest)
            tree = await self._keep_notes(tx, tree, [leaf_hash(leaf) for leaf in leaves])
        return tree

    async def _keep_notes(self, tx: WriteTx, tree: CompactRange, hashes: Sequence[bytes]) -> CompactRange:
        start, kept = tree.size, []
        for size in sorted(size for size in self._notes if start < size <= start + len(hashes)):
            tree, note = tree.append(hashes[tree.size - start : size - start]), self._notes[size]
            if note.checkpoint.root != tree.root():
                raise LogStopped(
                    f"the copies hold a signed checkpoint of size {size} of another tree: this log has been forked. "
                    "Keep them, and tell everyone who relies on the log"
                )
            kept.append({"size": size, "note": note.note.decode(), "cosigned_at": _seconds(note)})
        if kept:
            await tx.execute(insert(CHECKPOINTS), kept)
        return tree.append(hashes[tree.size - start :])


def _seconds(note: VerifiedCheckpoint) -> int:
    assert note.time is not None  # the verifier asks for one
    return int(note.time.timestamp())
