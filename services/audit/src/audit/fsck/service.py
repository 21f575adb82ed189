"""The whole check: checkpoint, then files, then rows. It reads, and changes nothing.

It may run beside a serving log: what is published only grows, and nothing is asked of what is not published yet.
"""

import asyncio
from functools import partial

from audit.database import Database
from audit.fsck.files import check_files
from audit.fsck.report import Do, Progress, Report
from audit.fsck.rows import Verify, check_rows
from audit.fsck.tree import check_tree
from audit.publication import CHECKPOINT
from audit.store import Store
from goodstanding.checkpoint import Checkpoint
from goodstanding.errors import LogError


def quietly(_: str, __: int, ___: int) -> None:
    """Tell nobody of progress."""


async def fsck(store: Store, database: Database | None, verify: Verify, progress: Progress = quietly) -> Report:
    """Check everything that is stored, without the database where there is none. Raises Unavailable and OSError."""
    report = Report()
    checkpoint = await asyncio.to_thread(check_published, store, verify, report, progress)
    if database is not None and checkpoint is not None:
        await check_rows(database, store, checkpoint, verify, report, partial(progress, "rows"))
    return report


def check_published(store: Store, verify: Verify, report: Report, progress: Progress = quietly) -> Checkpoint | None:
    """Check the published files; the verified checkpoint, None when there is none to measure the others by."""
    note = store.read(CHECKPOINT)
    if note is None:
        report.wrong(CHECKPOINT, None, "no checkpoint is published", Do.RESTORE_CHECKPOINT)
        return None
    try:
        checkpoint = verify(note).checkpoint
    except LogError as error:
        report.wrong(CHECKPOINT, 0, f"{error}; nothing else can be measured by it", Do.RESTORE_CHECKPOINT)
        return None
    report.size, report.files = checkpoint.size, report.files + 1
    check_tree(store, checkpoint, report, partial(progress, "files"))
    check_files(store, checkpoint.size, report)
    return checkpoint
