"""The write points of the gateway's edge. Its folder is a copy: what goes wrong there costs a reading of the feed anew."""

import os
import sqlite3
from collections.abc import Callable
from typing import Any

from breaker import Breaker, Patch, disk_error, io_error
from write_points import Meets, WritePoint

from gateway.verification import delta
from gateway.verification.folder import Folder
from gateway.verification.records import RecordStore
from gateway.verification.snapshot import SnapshotWriter

JOURNAL, SNAPSHOT, MARK, RECORDS = (f"edge {what}" for what in ("journal", "snapshot", "checkpoint", "records"))

EDGE_POINTS = tuple(WritePoint(name, "7", Meets.FOLLOWER) for name in (JOURNAL, SNAPSHOT, MARK, RECORDS))


def install_at_edge(breaker: Breaker, patch: Patch) -> None:
    """Put a breaker under every write of an edge."""
    patch(delta, "os", _Descriptors(breaker))
    patch(SnapshotWriter, "commit", _around(breaker, SNAPSHOT, SnapshotWriter.commit, io_error))
    patch(Folder, "put_checkpoint", _around(breaker, MARK, Folder.put_checkpoint, io_error))
    patch(RecordStore, "_keep", _around(breaker, RECORDS, RecordStore._keep, disk_error))


class _Descriptors:
    """`os`, but what is written to the journal passes the breaker: its writer must see the failure, not its caller."""

    def __init__(self, breaker: Breaker) -> None:
        self._breaker = breaker

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def pwrite(self, descriptor: int, data: bytes, offset: int) -> int:
        self._breaker.before(JOURNAL, io_error)
        written = os.pwrite(descriptor, data, offset)
        self._breaker.after(JOURNAL, io_error)
        return written


def _around(
    breaker: Breaker, point: str, write: Callable[..., None], error: Callable[[], OSError | sqlite3.Error]
) -> Callable[..., None]:
    def written(*arguments: Any) -> None:
        breaker.before(point, error)
        write(*arguments)
        breaker.after(point, error)

    return written
