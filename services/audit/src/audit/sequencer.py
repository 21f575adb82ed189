"""Step 5 of the issuance cycle: entries get their place in the log. The one writer of tree, tiles and checkpoint.

In one transaction:
    5a  lock the tree row; it must be where this sequencer left it
    5b  take entries without an index, in the order of submission, a bounded number
        (never "seq greater than the last": on PostgreSQL a smaller seq may become visible later)
    5c  in the same statement, give them the next indices; then extend the tree
    5d  sign the checkpoint, as the log and as its time cosigner
    5e  compare and swap the tree's size, keep the size's first time-cosigned note, commit
Then, with nothing to lose, because all of it can be made again from the rows:
    5f  write bundles, then tiles by ascending level, never over an existing file, each synced
    5w  collect the cosignatures of witnesses, for a bounded time (`cosigning.py`)
    5g  replace the file `checkpoint`: only now is anything published
    5h  forget the partial files of bundles and tiles that have become full

A death between 5a and 5e leaves the rows as they were. One between 5e and 5g is made good by `recovery.py` before
the next transaction begins.
"""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from operator import attrgetter
from time import perf_counter

import structlog
from sqlalchemy import BigInteger, bindparam, func, insert, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.sql.dml import ReturningUpdate

from audit.cosigning import Cosigning
from audit.database import Database, WriteTx
from audit.edge import Edge, Files, files_between, grow
from audit.errors import ClockWentBackwards, LogStopped, Superseded, Unavailable
from audit.faults import Fault
from audit.outages import explained
from audit.publication import Publication
from audit.recovery import TREE_ID, Recovery
from audit.store import Store
from audit.tables import CHECKPOINTS, ENTRIES, TREE
from audit.tile_files import discard_partial, named
from audit.waiting import first_of
from goodstanding.checkpoint import Checkpoint
from goodstanding.errors import KeyAway

BATCH = 2000
"""Most entries that get an index in one step."""

POLL_SECONDS = 1.0
"""How often entries of another process are looked for; those of this process wake the sequencer."""

MAX_PAUSE_SECONDS = 5.0
"""Longest pause after a failure of disk, database or the keys' device."""

Observe = Callable[[int, float], None]
"""Told of each step that took entries in: how many, and in how many seconds."""

_log = structlog.get_logger("audit.sequencer")


def nobody(_: int, __: float) -> None:
    """Observe nothing."""


@dataclass(frozen=True, slots=True)
class _Committed:
    """What a committed transaction leaves to be published."""

    edge: Edge
    full: Files
    note: bytes


class Sequencer:
    """Takes entries into the log.

    `stopped` says why it will not go on, None while it does; `trouble` why its last step failed and is tried again, None
    when it did not fail.
    """

    def __init__(
        self,
        *,
        origin: str,
        database: Database,
        store: Store,
        publication: Publication,
        cosigning: Cosigning,
        appended: asyncio.Event,
        fault: Fault,
        observe: Observe = nobody,
    ) -> None:
        self.stopped: str | None = None
        self.trouble: str | None = None
        self._observe = observe
        self._origin = origin
        self._database = database
        self._store = store
        self._publication = publication
        self._cosigning = cosigning
        self._appended = appended
        self._fault = fault
        self._recovery = Recovery(origin=origin, database=database, store=store, publication=publication, fault=fault)
        # The edge as of the last step that came to its end; None makes the next step recover first.
        # Guarded by the publication's lock.
        self._edge: Edge | None = None

    @property
    def ready(self) -> bool:
        """Whether everything committed is published and the next step can begin at once."""
        return self.stopped is None and self._edge is not None

    async def run(self, stop: asyncio.Event) -> None:
        """Take entries into the log as they come, until `stop` is set or a person must look (`stopped`)."""
        pause = 0.1
        while not stop.is_set() and self.stopped is None:
            self._appended.clear()
            try:
                taken = await self.step()
                pause, self.trouble = 0.1, None
            except LogStopped as error:
                _log.error("the log has stopped", why=str(error))
            except ClockWentBackwards as error:
                _log.warning("nothing is signed", why=str(error))
                await first_of(stop, seconds=POLL_SECONDS)
            except (OSError, SQLAlchemyError, Unavailable, KeyAway) as error:
                self.trouble = explained(error)
                _log.warning("a step failed and is tried again", why=self.trouble, pause=pause)
                await first_of(stop, seconds=pause)
                pause = min(pause * 2, MAX_PAUSE_SECONDS)
            else:
                if not taken:
                    await first_of(stop, self._appended, seconds=POLL_SECONDS)

    async def step(self) -> int:
        """Take one batch from row to publication; return how many entries, 0 when none waits.

        The first step, and the first after a failure, makes good what a crash left. Raises LogStopped, after
        which every step does, ClockWentBackwards, KeyAway, OSError and SQLAlchemyError.
        """
        if self.stopped is not None:
            raise LogStopped(self.stopped)
        async with self._publication.lock:
            try:
                return await self._step()
            except LogStopped as error:
                self.stopped = str(error)
                raise

    async def _step(self) -> int:
        begun = perf_counter()
        self._publication.require_going_on()
        edge, self._edge = self._edge, None  # whatever fails from here on, memory is not what the rows say
        if edge is None:
            await self._cosigning.probe()
            edge = await self._recovery.run()
        committed = await self._commit(edge)
        if committed is not None:
            await asyncio.to_thread(self._write, edge, committed)
            note = await self._cosigning.cosigned(committed.note)  # 5w
            await asyncio.to_thread(self._publish, edge, committed, note)
        self._edge = edge if committed is None else committed.edge
        if taken := self._edge.size - edge.size:
            self._observe(taken, perf_counter() - begun)
        return taken

    async def _commit(self, edge: Edge) -> _Committed | None:
        async with self._database.write() as tx:
            await self._lock_tree(tx, edge)
            leaves = await self._assign(tx, edge)
            if not leaves:
                return None
            new, full = grow(edge, leaves)
            checkpoint = self._checkpoint(new)
            before = self._checkpoint(edge)
            note, cosigned_at = await asyncio.to_thread(self._publication.sign_after, before, checkpoint)  # 5d
            self._fault("5d signed")
            await self._swap(tx, edge, checkpoint)
            await tx.execute(insert(CHECKPOINTS).values(size=new.size, note=note.decode(), cosigned_at=cosigned_at))
            self._fault("5e swapped")
        self._fault("5e committed")
        return _Committed(new, full, note)

    async def _lock_tree(self, tx: WriteTx, edge: Edge) -> None:
        # 5a
        size = await tx.scalar(select(TREE.c.size).where(TREE.c.id == TREE_ID).with_for_update())
        self._fault("5a locked")
        if size != edge.size:
            raise Superseded(_superseded(edge))

    async def _assign(self, tx: WriteTx, edge: Edge) -> list[bytes]:
        """Return the leaves of those that got an index, in order."""
        # 5b, 5c
        rows = (await tx.execute(_ASSIGN, {"size": edge.size})).all()
        self._fault("5c assigned")
        return [row.leaf for row in sorted(rows, key=attrgetter("log_index"))]

    async def _swap(self, tx: WriteTx, edge: Edge, checkpoint: Checkpoint) -> None:
        # 5e
        swap = update(TREE).where(TREE.c.id == TREE_ID, TREE.c.size == edge.size)
        result = await tx.execute(swap.values(size=checkpoint.size, root=checkpoint.root))
        if result.rowcount != 1:
            raise Superseded(_superseded(edge))

    def _write(self, edge: Edge, committed: _Committed) -> None:
        """Write bundles and tiles; runs in a thread, because it waits for the disk."""
        self._store.create(self._files(edge, committed))  # 5f
        self._fault("5f synced")

    def _publish(self, edge: Edge, committed: _Committed, note: bytes) -> None:
        """Publish the checkpoint; runs in a thread too."""
        self._publication.publish(note, self._checkpoint(edge))  # 5g
        self._fault("5g published")
        discard_partial(self._store, committed.full)  # 5h

    def _checkpoint(self, edge: Edge) -> Checkpoint:
        return Checkpoint(self._origin, edge.size, edge.root())

    def _files(self, edge: Edge, committed: _Committed) -> Iterator[tuple[str, bytes]]:
        for path, data in named(files_between(edge, committed.edge, committed.full)):
            yield path, data
            self._fault(f"5f wrote {path}")


def _assigning() -> ReturningUpdate[tuple[int, bytes]]:
    """The statement of 5b and 5c: the oldest entries that wait get the indices from `size` on."""
    waiting = select(ENTRIES.c.seq).where(ENTRIES.c.log_index.is_(None)).order_by(ENTRIES.c.seq).limit(BATCH).subquery()
    place = func.row_number().over(order_by=waiting.c.seq) - 1
    taken = select(waiting.c.seq, place.label("place")).subquery()
    index = bindparam("size", type_=BigInteger) + taken.c.place
    assign = update(ENTRIES).where(ENTRIES.c.seq == taken.c.seq).values(log_index=index)
    return assign.returning(ENTRIES.c.log_index, ENTRIES.c.leaf)


_ASSIGN = _assigning()


def _superseded(edge: Edge) -> str:
    return (
        f"another sequencer has moved this log beyond size {edge.size}. Run one sequencer per log; stop the other "
        "one, then start this one again"
    )
