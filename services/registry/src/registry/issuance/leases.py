"""Who runs the background work of this registry: one process at a time, and a slow one never after its turn.

Rules
1. A lease is taken when nobody holds it or its time is over; with every change of holder the fence grows.
2. The row is locked while an effect is written; whoever finds it locked does not wait: its holder is at work.
3. Every effect's transaction calls `hold`, which renews the lease or raises LostLease: a holder that slept through
   its time, and was replaced, writes nothing.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlmodel import col

from registry.database import WriteTx
from registry.inserting import insert_if_new
from registry.issuance.errors import LostLease
from registry.issuance.tables import LeaseRow

TERM = timedelta(seconds=5)  # after a crash, so long until another process takes over


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to run a worker; the fence tells this turn from every other."""

    name: str
    holder: str
    fence: int
    renew_at: datetime  # half way through its term


async def take(tx: WriteTx, name: str, holder: str, now: datetime) -> Lease | None:
    """Take or renew the lease; None while another holds it."""
    named = select(col(LeaseRow.holder), col(LeaseRow.fence), col(LeaseRow.until)).where(col(LeaseRow.name) == name)
    row = (await tx.execute(named.with_for_update(skip_locked=True))).first()
    if row is None:
        first = {"name": name, "holder": holder, "fence": 1, "until": now + TERM}
        at_work = (await tx.execute(named)).first() is not None
        taken = not at_work and await insert_if_new(tx, LeaseRow, first)
        return Lease(name, holder, 1, now + TERM / 2) if taken else None
    if row.holder != holder and row.until > now:
        return None
    fence = row.fence + (row.holder != holder)
    changed = update(LeaseRow).where(col(LeaseRow.name) == name)
    await tx.execute(changed.values(holder=holder, fence=fence, until=now + TERM))
    return Lease(name, holder, fence, now + TERM / 2)


async def hold(tx: WriteTx, lease: Lease, now: datetime) -> None:
    """Renew the lease within an effect's transaction and keep its row locked; LostLease when the fence has moved on."""
    mine = (col(LeaseRow.name) == lease.name) & (col(LeaseRow.fence) == lease.fence)
    renewed = await tx.execute(update(LeaseRow).where(mine).values(until=now + TERM))
    if renewed.rowcount != 1:
        raise LostLease(f"another process has taken over {lease.name}; nothing more is written here")


async def give_up(tx: WriteTx, lease: Lease, now: datetime) -> None:
    """End the lease at once, so that another process need not wait."""
    mine = (col(LeaseRow.name) == lease.name) & (col(LeaseRow.fence) == lease.fence)
    await tx.execute(update(LeaseRow).where(mine).values(until=now))
