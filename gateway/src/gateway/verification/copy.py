"""One process's copy of what the machine knows: the newest snapshot, and the deltas behind it as far as they were read.

The process that follows the feed writes what it verifies into the newest delta (`journal`) before it uses it; every
other process reads it from there. So all of them apply the same entries through the same mirror and projection.
"""

import os
from collections.abc import Iterator

from gateway.verification.delta import DeltaReader, DeltaWriter, Stretch, encode_checkpoint, encode_entries
from gateway.verification.folder import Folder
from gateway.verification.heads import PackedHeads
from gateway.verification.projection import Projection
from gateway.verification.sections import Base
from gateway.verification.snapshot import Snapshot
from goodstanding.mirror import Batch, Mirror
from goodstanding.trust import TrustedLog

STEP = 2_000
"""Entries after which reading pauses, so that an event loop can serve others."""


class Copy:
    """Mirror and projection at one tree size."""

    def __init__(self, folder: Folder, log: TrustedLog, base: Base | None = None) -> None:
        self.log = log
        self.projection = Projection(log.prefix, base)
        self.mirror = Mirror(log, self._take, self.base.state(PackedHeads(self.projection)))
        self.read_deltas: list[int] = []  # where those that were read begin; the last one is being read
        self._folder = folder
        self._reader: DeltaReader | None = None
        self.journal: DeltaWriter | None = None  # only in the process that follows the feed
        self.shared = b""  # the newest checkpoint that the others can read
        self._mark = 0  # of the checkpoint beside the deltas

    @classmethod
    def newest(cls, folder: Folder, log: TrustedLog) -> "Copy":
        """A copy from the newest snapshot, no delta read yet; an empty one where there is no snapshot.

        Raises SnapshotRefused, and FileNotFoundError when the snapshot was replaced just now.
        """
        sizes = folder.snapshots()
        return cls.at(folder, log, sizes[-1] if sizes else 0)

    @classmethod
    def at(cls, folder: Folder, log: TrustedLog, size: int) -> "Copy":
        """A copy from the snapshot of this size, as `newest`; 0 is the empty one."""
        return cls(folder, log, Base.of(Snapshot.open(folder.snapshot(size)), log) if size else None)

    @property
    def base(self) -> Base:
        """The snapshot's tables."""
        return self.projection.base

    @property
    def size(self) -> int:
        """The tree size."""
        return self.mirror.size

    @property
    def behind(self) -> int:
        """How many entries lie between the snapshot and here: what is in memory."""
        return self.size - self.base.size

    @property
    def orphaned(self) -> bool:
        """True when the delta being read was removed: what follows is elsewhere."""
        return self._reader is not None and self._reader.removed

    def read(self, limit: int = STEP, until: int | None = None) -> bool:
        """Apply what the deltas hold beyond this copy; True when there may be more.

        Stops behind `limit` entries, or at the size `until`. Raises DeltaDamaged and LogError: then what was read
        before that is applied, and its newest checkpoint is verified.
        """
        done = 0
        try:
            for reader, stretch in self._stretches():
                self.mirror.replay(stretch.entries, stretch.checkpoint)
                reader.end = stretch.end
                done += len(stretch.entries)
                if done >= limit or (until is not None and self.size >= until):
                    return True
        finally:
            if done:
                self._verify()
        self._observe()
        return False

    def read_all(self, until: int | None = None) -> None:
        """Apply all that the deltas hold, or all up to a size."""
        while self.read(until=until) and (until is None or self.size < until):
            pass

    def begin_journal(self) -> None:
        """Become the one that writes: go on behind the last whole stretch. Everything must have been read."""
        start = self.read_deltas[-1] if self.read_deltas else self.size
        self.journal = DeltaWriter(self._folder.delta(start), self.log, self._reader.end if self._reader else 0)
        self.read_deltas = self.read_deltas or [start]
        self.shared = self._newest_note()
        self._close_reader()

    def rotate(self) -> int:
        """Begin a new delta at the present size, and return that."""
        assert self.journal is not None, "only the one that writes begins a delta"
        if self.read_deltas[-1] != self.size:
            self.journal.close()
            self.journal = DeltaWriter(self._folder.delta(self.size), self.log)
            self.read_deltas.append(self.size)
            self.projection.layers.begin(self.size)
        return self.size

    def rebase(self, base: Base) -> bool:
        """Go on from a newer snapshot; False, and nothing done, where what it holds was not read as one stretch."""
        state = self.mirror.state
        sizes, known = base.state(state.heads).sizes, state.sizes
        if not self.projection.rebase(base):
            return False
        sizes.continue_like(known)
        state.sizes = sizes
        return True

    def share(self) -> None:
        """Show the others the newest checkpoint where only this mirror has seen it; OSError when the disk is full."""
        note = self._newest_note()
        if self.journal is not None and note != self.shared:
            self._folder.put_checkpoint(note)
            self.shared = note

    def close(self) -> None:
        """Close the files; what was mapped is given back when nobody uses it any more."""
        self._close_reader()
        if self.journal is not None:
            self.journal.close()
            self.journal = None

    def _take(self, batch: Batch) -> None:
        if self.journal is not None:
            self.journal.append(encode_entries(batch.entries) + encode_checkpoint(batch.checkpoint))
            self.shared = batch.checkpoint.note
        self.projection.apply(batch)

    def _stretches(self) -> Iterator[tuple[DeltaReader, Stretch]]:
        """What is in the delta being read, and in those that begin where one ends."""
        if self._reader is None and not self._open(self.base.size):
            return
        while (reader := self._reader) is not None:
            for stretch in reader.stretches():
                yield reader, stretch
            if self.size == self.read_deltas[-1] or not self._open(self.size):
                return

    def _open(self, size: int) -> bool:
        path = self._folder.delta(size)
        if not os.path.exists(path):  # noqa: PTH110 - asked for twenty times a second
            return False
        reader = DeltaReader(path, self.log)
        self._close_reader()
        self._reader = reader
        self.read_deltas.append(size)
        self.projection.layers.begin(size)
        return True

    def _verify(self) -> None:
        """Whatever the deltas say, the log's keys must have signed what it led to."""
        newest = self.mirror.newest
        if newest is not None:
            self.mirror.state.newest = self.mirror.verified(newest.note)

    def _observe(self) -> None:
        note, self._mark = self._folder.checkpoint(self._mark)
        if note:
            self.mirror.observe(note)

    def _newest_note(self) -> bytes:
        return self.mirror.newest.note if self.mirror.newest else b""

    def _close_reader(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None
