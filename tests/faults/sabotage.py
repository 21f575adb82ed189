"""Parts made wrong on purpose, one way each: what the harness must find, or it finds nothing worth finding."""

import contextlib
import os
import sqlite3
import stat
from typing import Any

from breaker import Patch
from sqlalchemy import update

import audit.store
import registry.accreditations.service as deciding
import registry.issuance.workers as working
from audit.entries import Entries
from audit.errors import Unavailable
from audit.publication import CHECKPOINT, Publication
from audit.recovery import TREE_ID
from audit.sequencer import Sequencer
from audit.tables import TREE
from registry.clock import moment
from registry.issuance import relay
from registry.issuance.leases import Lease, hold
from registry.issuance.ledger import PROVE, SUBMIT


class _NoSync:
    """`os`, but a file's fsync does nothing."""

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def fsync(self, descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            os.fsync(descriptor)


def bytes_unsynced(patch: Patch) -> None:
    """The store renames files that were never synced."""
    patch(audit.store, "os", _NoSync())


def names_unsynced(patch: Patch) -> None:
    """The store never syncs its folders."""
    patch(audit.store, "_sync_folder", lambda _: None)


def deaf_store(patch: Patch) -> None:
    """The store takes no notice of a write that failed."""
    create = audit.store.FileStore.create

    def deaf(self: audit.store.FileStore, files: Any) -> None:
        for file in files:
            with contextlib.suppress(OSError):
                create(self, [file])

    patch(audit.store.FileStore, "create", deaf)


def accepted_before_commit(patch: Patch) -> None:
    """The log says that it accepts what its database would not take."""
    append = Entries.append

    async def hasty(self: Entries, submissions: Any) -> int:
        with contextlib.suppress(Unavailable):
            await append(self, submissions)
        return len(submissions)

    patch(Entries, "append", hasty)


def no_compare(patch: Patch) -> None:
    """The sequencer neither looks where the tree is nor compares when it moves it."""

    async def unlocked(self: Sequencer, tx: Any, edge: Any) -> None:
        del self, tx, edge

    async def swap(self: Sequencer, tx: Any, edge: Any, checkpoint: Any) -> None:
        del self, edge
        await tx.execute(update(TREE).where(TREE.c.id == TREE_ID).values(size=checkpoint.size, root=checkpoint.root))

    patch(Sequencer, "_lock_tree", unlocked)
    patch(Sequencer, "_swap", swap)


def published_over(patch: Patch) -> None:
    """A checkpoint is signed and published whatever is published already, as long as it is no smaller."""

    def sign_after(self: Publication, before: Any, checkpoint: Any) -> Any:
        del before
        return self.sign(checkpoint)

    def publish(self: Publication, note: bytes, before: Any) -> None:
        del before
        current = self.current()
        self._store.swap(CHECKPOINT, None if current is None else current.note, note)

    patch(Publication, "sign_after", sign_after)
    patch(Publication, "publish", publish)


def index_not_unique(database: str) -> None:
    """Let two entries have one index: the database would stop what the sequencer no longer does."""
    with sqlite3.connect(database) as connection:
        (sql,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'entries'").fetchone()
        indices = connection.execute("SELECT sql FROM sqlite_master WHERE tbl_name = 'entries' AND type = 'index'")
        again = [text for (text,) in indices if text]
        assert "UNIQUE (log_index)" in sql
        connection.execute("ALTER TABLE entries RENAME TO before")
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE tbl_name = 'before' AND sql NOT NULL AND type = 'index'"
        ).fetchall():
            connection.execute(f"DROP INDEX {name}")
        connection.execute(sql.replace("UNIQUE (log_index)", "CHECK (log_index >= 0)"))
        connection.execute("INSERT INTO entries SELECT * FROM before")
        connection.execute("DROP TABLE before")
        for text in again:
            connection.execute(text)
    connection.close()


class _HastyRelay(relay.Relay):
    """Notes events as sent, and then sends them."""

    async def submit(self, lease: Lease) -> int:
        waiting = await self._waiting(SUBMIT)
        if not waiting:
            return 0
        async with self._database.write() as tx:
            await hold(tx, lease, moment(self._clock))
            await relay._move(tx, waiting, PROVE)
        await self._log.submit([row.event for row in waiting])
        return len(waiting)


def sent_before_sending(patch: Patch) -> None:
    """The outbox is marked before the log has the events."""
    patch(working, "Relay", _HastyRelay)


class _NoPublication:
    """`publication`, but a decision publishes nothing."""

    @staticmethod
    async def project(*_: Any, **__: Any) -> None:
        """Leave it to whoever logs the decision."""


def protection_waits(patch: Patch) -> None:
    """What lowers trust reaches the status list only when it is logged."""
    patch(deciding, "publication", _NoPublication)
