"""The database against what is published, row by row.

1. Each index has one row, whose leaf is the published entry and whose hash is that leaf's.
2. Body and salt open the leaf; where they are erased, a later erasure event is named and nothing of them is left.
3. Each size's first note is signed, dated as its row says, and has the root that the rows lead to.
4. The tree row is not behind the published checkpoint, and its root is that of the rows.
"""

import hmac
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import Row, select

from audit.database import Database, ReadTx, WriteTx
from audit.erasures import KIND
from audit.fsck.report import Do, Report
from audit.store import Store
from audit.tables import CHECKPOINTS, ENTRIES, TREE
from audit.tile_files import read_tile
from goodstanding.checkpoint import Checkpoint, VerifiedCheckpoint
from goodstanding.errors import EventError, LogError
from goodstanding.events import Leaf, commitment
from goodstanding.merkle import CompactRange, leaf_hash
from goodstanding.tiles import ENTRIES_LEVEL, TILE_WIDTH, Tile, decode_bundle

CHUNK = 4 * TILE_WIDTH
"""Most rows that are held at once; with the longest bodies about ten megabytes."""

ENTRIES_AT, CHECKPOINTS_AT, TREE_AT = "database/entries", "database/checkpoints", "database/tree"

Verify = Callable[[bytes], VerifiedCheckpoint]
"""Checks a note against the log's keys; raises LogError."""

Entry = Row[Any, Any, Any, Any, Any, Any, Any]


async def check_rows(
    database: Database,
    store: Store,
    checkpoint: Checkpoint,
    verify: Verify,
    report: Report,
    progress: Callable[[int, int], None],
) -> None:
    """Check the database of a verified checkpoint. Raises Unavailable and OSError."""
    async with database.read() as tx:
        tree = (await tx.execute(select(TREE))).one_or_none()
    if tree is None or tree.origin != checkpoint.origin:
        held = "no log" if tree is None else f"the log {tree.origin}"
        report.wrong(TREE_AT, None, f"the database holds {held}, not {checkpoint.origin}", Do.RESTORE_ROWS)
        return
    if tree.size < checkpoint.size:
        said = f"the database ends at size {tree.size}, and size {checkpoint.size} is published"
        report.wrong(TREE_AT, None, said, Do.CATCH_UP)
    walk = _Rows(database, store, min(checkpoint.size, tree.size), verify, report)
    while walk.tree.size < tree.size:
        await walk.chunk(min(walk.tree.size + CHUNK, tree.size))
        progress(walk.tree.size, tree.size)
    signed = {tree.root, checkpoint.root} if tree.size == checkpoint.size else {tree.root}
    if signed != {walk.tree.root()}:
        report.wrong(TREE_AT, None, f"the rows do not lead to the root signed for size {tree.size}", Do.RESTORE_ROWS)


class _Rows:
    """One walk over the rows; `tree` is the tree of those behind it."""

    def __init__(self, database: Database, store: Store, published: int, verify: Verify, report: Report) -> None:
        self.tree = CompactRange.empty()
        self._database = database
        self._store = store
        self._published = published
        self._verify = verify
        self._report = report

    async def chunk(self, end: int) -> None:
        """Check the rows up to index `end`."""
        start = self.tree.size
        columns = (
            ENTRIES.c.log_index, ENTRIES.c.event_id, ENTRIES.c.leaf, ENTRIES.c.leaf_hash, ENTRIES.c.body,
            ENTRIES.c.salt, ENTRIES.c.erased_by,
        )  # fmt: skip
        query = select(*columns).where(ENTRIES.c.log_index >= start, ENTRIES.c.log_index < end)
        async with self._database.read() as tx:
            rows = {row.log_index: row for row in await tx.execute(query)}
            erasures = await logged_erasures(tx, [row.erased_by for row in rows.values() if row.erased_by is not None])
            kept = CHECKPOINTS.c.size
            notes = (await tx.execute(select(CHECKPOINTS).where(kept > start, kept <= end).order_by(kept))).all()
        published = self._entries(start, end)
        hashes = []
        for index in range(start, end):
            if (row := rows.get(index)) is None:
                self._say(index, "the entry is missing", Do.RESTORE_ROWS)
            else:
                self._entry(row, published.get(index), erasures)
            leaf = published.get(index, b"") if row is None else row.leaf
            hashes.append(leaf_hash(leaf))
        self._notes(hashes, notes)
        self._report.rows += len(rows)

    def _entries(self, start: int, end: int) -> dict[int, bytes]:
        """Read the published entries, index -> leaf; a bundle that cannot be read was told of before."""
        found: dict[int, bytes] = {}
        for number in range(start // TILE_WIDTH, -(-min(end, self._published) // TILE_WIDTH)):
            width = min(TILE_WIDTH, self._published - number * TILE_WIDTH)
            try:
                data = read_tile(self._store, Tile(ENTRIES_LEVEL, number, width))
                found.update(enumerate([] if data is None else decode_bundle(data), start=number * TILE_WIDTH))
            except LogError:
                continue
        return found

    def _entry(self, row: Entry, published: bytes | None, erasures: dict[str, int]) -> None:
        """Rules 1 and 2."""
        index = row.log_index
        if published is not None and row.leaf != published:
            self._say(index, "the leaf is not the published entry", Do.RESTORE_ROWS)
        if row.leaf_hash != leaf_hash(row.leaf):
            self._say(index, "the hash is not that of the leaf", Do.RESTORE_ROWS)
        try:
            leaf = Leaf.decode(row.leaf)
        except EventError as error:
            self._say(index, f"the leaf cannot be read: {error}", Do.RESTORE_ROWS)
            return
        if leaf.event_id != row.event_id:
            self._say(index, f"the leaf belongs to event {leaf.event_id}, not {row.event_id}", Do.RESTORE_ROWS)
        if row.erased_by is not None:
            self._erased(row, erasures)
        elif row.body is None or row.salt is None:
            self._say(index, "body or salt is missing, and no erasure event is named", Do.FETCH_BODY)
        elif not _opens(leaf, row.body, row.salt):
            self._say(index, "body and salt do not open the leaf", Do.FETCH_BODY)

    def _erased(self, row: Entry, erasures: dict[str, int]) -> None:
        if row.body is not None or row.salt is not None:
            self._say(
                row.log_index, f"erased by event {row.erased_by}, and body or salt is still there", Do.ERASE_AGAIN
            )
        if erasures.get(row.erased_by, -1) <= row.log_index:
            said = f"no erasure event {row.erased_by} was logged after it, which is said to have erased it"
            self._say(row.log_index, said, Do.FETCH_BODY)

    def _notes(self, hashes: Sequence[bytes], notes: Sequence[Row[Any, Any, Any]]) -> None:
        """Rule 3, on the way to the end of the chunk."""
        start = self.tree.size
        for size, same in groupby(notes, key=lambda row: row.size):
            self.tree = self.tree.append(hashes[self.tree.size - start : size - start])
            for row in same:
                if problem := _note_problem(row, self.tree.root(), self._verify):
                    self._report.wrong(CHECKPOINTS_AT, size, problem, Do.RESTORE_ROWS)
        self.tree = self.tree.append(hashes[self.tree.size - start :])

    def _say(self, index: int, wrong: str, do: Do) -> None:
        self._report.wrong(ENTRIES_AT, index, wrong, do)


async def logged_erasures(tx: ReadTx | WriteTx, event_ids: Sequence[str]) -> dict[str, int]:
    """Those of the events that are logged erasure events, with their index."""
    query = select(ENTRIES.c.event_id, ENTRIES.c.leaf, ENTRIES.c.log_index).where(
        ENTRIES.c.event_id.in_(set(event_ids)), ENTRIES.c.log_index.is_not(None)
    )
    return {row.event_id: row.log_index for row in await tx.execute(query) if _kind(row.leaf) == KIND}


def _kind(leaf: bytes) -> str | None:
    try:
        return Leaf.decode(leaf).kind
    except EventError:
        return None


def _opens(leaf: Leaf, body: bytes, salt: bytes) -> bool:
    try:
        return hmac.compare_digest(leaf.commitment, commitment(salt, body))
    except EventError:
        return False


def _note_problem(row: Row[Any, Any, Any], root: bytes, verify: Verify) -> str | None:
    try:
        verified = verify(row.note.encode())
    except LogError as error:
        return f"the first note of size {row.size} does not verify: {error}"
    if (verified.checkpoint.size, verified.checkpoint.root) != (row.size, root):
        return f"the first note of size {row.size} is one of another tree"
    if verified.time is None or int(verified.time.timestamp()) != row.cosigned_at:
        return f"the first note of size {row.size} carries another time than its row"
    return None
