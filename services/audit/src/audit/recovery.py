"""What the sequencer does first: bring the files up to the tree row, or refuse to go on.

1. The database must be this log's, and not behind what is published: a restored backup must not fork the log. What
   witnesses have seen is asked before (`cosigning.py`).
2. The files' right edge is read as of the published checkpoint, whose root it must have. Where a file of it is
   missing, all are made again from the rows.
3. The rows beyond must lead to the root in the tree row; then what is missing is written, and where a file exists
   with other bytes, the log stops.
4. Only then is the checkpoint published, signed again. A size must not be dated before it could be seen: where an
   older checkpoint is published, nobody saw the newer one, and its first note is replaced by this one.
"""

import asyncio

from sqlalchemy import delete, func, insert, select

from audit.database import Database, alone
from audit.edge import Edge
from audit.errors import LogStopped
from audit.faults import Fault
from audit.growth import grown, last
from audit.publication import Publication
from audit.store import Store
from audit.tables import CHECKPOINTS, TREE
from audit.tile_files import discard_partial, named, read_tile
from goodstanding.checkpoint import Checkpoint
from goodstanding.errors import LogError
from goodstanding.merkle import EMPTY_ROOT
from goodstanding.tiles import ENTRIES_LEVEL, TILE_WIDTH, Tile, decode_bundle, tile_hashes

TREE_ID = 1
"""Key of the one row of `tree`."""


_KEEP_NAME = (
    "A log never changes its name: set GOODSTANDING_LOG_ORIGIN to it, or begin a new log with a new database and folder"
)


async def tree_row(database: Database, origin: str, advice: str) -> Checkpoint:
    """Read the tree row, which an empty database gets; LogStopped, with what to do, when it is another log's."""
    async with database.write() as tx:
        await alone(tx, "tree")
        row = (await tx.execute(select(TREE).where(TREE.c.id == TREE_ID))).one_or_none()
        if row is None:
            await tx.execute(insert(TREE).values(id=TREE_ID, origin=origin, size=0, root=EMPTY_ROOT))
            return Checkpoint(origin, 0, EMPTY_ROOT)
    if row.origin != origin:
        raise LogStopped(f"this database holds the log {row.origin}, not {origin}. {advice}")
    return Checkpoint(row.origin, row.size, row.root)


class Recovery:
    """One recovery; the caller holds the publication's lock."""

    def __init__(
        self, *, origin: str, database: Database, store: Store, publication: Publication, fault: Fault
    ) -> None:
        self._origin = origin
        self._database = database
        self._store = store
        self._publication = publication
        self._fault = fault

    async def run(self) -> Edge:
        """Return the edge of the tree row, with everything up to it published.

        Raises LogStopped when a rule of this module is broken, ClockWentBackwards when something has to be
        signed, OSError and SQLAlchemyError.
        """
        tree = await tree_row(self._database, self._origin, _KEEP_NAME)
        current = await asyncio.to_thread(self._publication.current)
        published = Checkpoint(self._origin, 0, EMPTY_ROOT) if current is None else current.checkpoint
        _forbid_fork(tree, published)
        edge = await asyncio.to_thread(self._edge_of_files, published)
        if edge is None:  # rule 2: start over, after a look at whether the rows are those that were published
            _require(await last(self._database, Edge.empty(), published.size), published)
            edge = Edge.empty()
        _require(await last(self._database, edge, tree.size), tree)
        edge = await self._write(edge, tree.size)
        if current is None or published.size < tree.size:
            await self._publish(tree, published, unseen=current is not None)
        return edge

    def _edge_of_files(self, published: Checkpoint) -> Edge | None:
        """Read the right edge as of the published checkpoint; None when a file of it is missing."""
        try:
            edge = _read_edge(self._store, published.size)
        except LogError as error:
            raise LogStopped(f"a published file is altered: {error}. {_RESTORE}") from error
        if edge is not None:
            _require(edge, published)
        return edge

    async def _write(self, edge: Edge, size: int) -> Edge:
        async for reached, full in grown(self._database, edge, size):
            await asyncio.to_thread(self._store.create, named(full.items()))
            await asyncio.to_thread(discard_partial, self._store, full)
            edge = reached
        await asyncio.to_thread(self._store.create, named(edge.partial_files().items()))
        self._fault("recovery written")
        return edge

    async def _publish(self, tree: Checkpoint, published: Checkpoint, *, unseen: bool) -> None:
        """Publish the tree row's checkpoint; its first note stays unless nobody can have seen it (rule 4)."""
        async with self._database.read() as tx:
            newest = int(await tx.scalar(select(func.max(CHECKPOINTS.c.cosigned_at))) or 0)
        note, cosigned_at = await asyncio.to_thread(self._publication.sign, tree, newest)
        own = CHECKPOINTS.c.size == tree.size
        async with self._database.write() as tx:
            await tx.execute(select(TREE.c.id).where(TREE.c.id == TREE_ID).with_for_update())
            if unseen:
                await tx.execute(delete(CHECKPOINTS).where(own))
            if await tx.scalar(select(CHECKPOINTS.c.size).where(own)) is None:
                row = {"size": tree.size, "note": note.decode(), "cosigned_at": cosigned_at}
                await tx.execute(insert(CHECKPOINTS).values(row))
        self._fault("recovery signed")
        await asyncio.to_thread(self._publication.publish, note, published)
        self._fault("recovery published")


_FORK = (
    "Going on would fork the log. Restore a newer backup, or fetch back what is missing with: audit catch-up "
    "(docs/backup.md); do not touch the checkpoint"
)
_RESTORE = "Restore the log's folder and database to a state that belongs together, then start again"


def _forbid_fork(tree: Checkpoint, published: Checkpoint) -> None:
    if published.size > tree.size:
        raise LogStopped(
            f"the database ends at size {tree.size}, but size {published.size} has been published: it was restored "
            f"from an older backup. {_FORK}"
        )
    if published.size == tree.size:
        _require_root(tree.root, published)


def _require(edge: Edge, checkpoint: Checkpoint) -> None:
    _require_root(edge.root(), checkpoint)


def _require_root(root: bytes, checkpoint: Checkpoint) -> None:
    if root != checkpoint.root:
        raise LogStopped(f"the log's entries do not have the root signed for size {checkpoint.size}. {_RESTORE}")


def _read_edge(store: Store, size: int) -> Edge | None:
    """Read the unfinished bundle and tiles of a tree from its files; LogError when one is malformed."""
    entries: tuple[bytes, ...] = ()
    if width := size % TILE_WIDTH:
        data = read_tile(store, Tile(ENTRIES_LEVEL, size // TILE_WIDTH, width))
        if data is None:
            return None
        entries = tuple(decode_bundle(data))
    levels: list[tuple[bytes, ...]] = []
    while size:
        size, width = divmod(size, TILE_WIDTH)
        hashes: tuple[bytes, ...] = ()
        if width:
            tile = Tile(len(levels), size, width)
            if (data := read_tile(store, tile)) is None:
                return None
            hashes = tuple(tile_hashes(tile, data))
        levels.append(hashes)
    return Edge(sum(len(level) << 8 * height for height, level in enumerate(levels)), entries, tuple(levels))
