"""What an operator watches of issuance: how much waits and for how long, and how often each status list has changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlmodel import col

from registry.database import ReadTx
from registry.issuance.tables import EventRow, OutboxRow, StatusListRow

MAX_LISTS = 1_000


@dataclass(frozen=True, slots=True)
class Figures:
    """One look at the database."""

    waiting: Mapping[str, int]  # outbox stage -> rows
    oldest: Mapping[str, datetime]  # outbox stage -> when its oldest event was recorded
    list_versions: Mapping[str, int]  # status list -> version, of the first lists by id


async def read_figures(tx: ReadTx) -> Figures:
    """Look."""
    first = func.min(col(OutboxRow.seq)).label("first")
    per = select(col(OutboxRow.stage), func.count().label("rows"), first).group_by(col(OutboxRow.stage)).subquery()
    oldest = select(per.c.stage, per.c.rows, col(EventRow.recorded_at)).join(EventRow, col(EventRow.seq) == per.c.first)
    waiting = (await tx.execute(oldest)).all()
    lists = select(col(StatusListRow.id), col(StatusListRow.version)).order_by(col(StatusListRow.id)).limit(MAX_LISTS)
    return Figures(
        {stage: rows for stage, rows, _ in waiting},
        {stage: recorded_at for stage, _, recorded_at in waiting},
        {row.id: row.version for row in await tx.execute(lists)},
    )
