"""Statements on who reported: a table apart, read one at a time."""

from datetime import datetime

from sqlalchemy import delete, insert, select, update
from sqlmodel import SQLModel, col

from registry.access.tables import IdempotencyRow
from registry.database import ReadTx, WriteTx
from registry.signals.model import Reporter
from registry.signals.tables import ErasedReporterRow, ReporterRow

_TABLE = SQLModel.metadata.tables[str(ReporterRow.__tablename__)]
_COLUMNS = [_TABLE.c[name] for name in Reporter.__slots__]


async def store(tx: WriteTx, made: Reporter) -> None:
    """Insert a reporter."""
    await tx.execute(insert(ReporterRow), [{name: getattr(made, name) for name in Reporter.__slots__}])


async def of_signal(tx: ReadTx, signal_id: str) -> Reporter | None:
    """Who reported a signal; None for who did not say, or was erased."""
    row = (await tx.execute(select(*_COLUMNS).where(_TABLE.c.signal_id == signal_id))).first()
    return None if row is None else Reporter(*row)


async def signal_of(tx: WriteTx, reporter_id: str) -> str | None:
    """The signal a reporter made, erased or not."""
    for row in (ReporterRow, ErasedReporterRow):
        found: str | None = await tx.scalar(select(col(row.signal_id)).where(col(row.id) == reporter_id))
        if found is not None:
            return found
    return None


async def erased_at(tx: WriteTx, reporter_id: str) -> datetime | None:
    """When a reporter was erased."""
    found: datetime | None = await tx.scalar(
        select(col(ErasedReporterRow.erased_at)).where(col(ErasedReporterRow.id) == reporter_id)
    )
    return found


async def erase(tx: WriteTx, reporter_id: str, signal_id: str, *, now: datetime) -> None:
    """Delete a reporter, and what could be guessed from: the digest of what was sent."""
    await tx.execute(delete(ReporterRow).where(col(ReporterRow.id) == reporter_id))
    await tx.execute(insert(ErasedReporterRow), [{"id": reporter_id, "signal_id": signal_id, "erased_at": now}])
    sent = (col(IdempotencyRow.result_id) == signal_id) & (col(IdempotencyRow.operation) == "reportSignal")
    await tx.execute(update(IdempotencyRow).where(sent).values(input_digest=b""))
