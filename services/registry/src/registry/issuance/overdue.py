"""Lists that are overdue, in status lists: what would be 0 becomes 3 when one is built, and 0 again with the next release.

Nothing is stored for it, as for suspect issuers (`doubt.py`): the events of schemes and of released lists are all there
is (`goodstanding.cadence`), and a status list is made anew when they change and when the next list is due.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, select
from sqlmodel import col

from goodstanding.cadence import Lists, source_stale, stale_from
from goodstanding.standing import fold, public_history
from goodstanding.transitions import TRANSITIONS, Effect
from registry.accreditations.tables import AccreditationRow, DecisionRow
from registry.database import ReadTx
from registry.intake.tables import ListedRow, SnapshotRow
from registry.issuance import ledger
from registry.issuance.ledger import batches
from registry.issuance.tables import StatusEntryRow

_DECIDED_BASES = tuple(row.act for row in TRANSITIONS if row.effect is Effect.BASE)


@dataclass(frozen=True, slots=True)
class Overdue:
    """Indices of a status list that say 0 and rest on a list that is overdue, and when the next one will be."""

    indices: list[int]
    next_turn: datetime | None


async def overdue_entries(
    tx: ReadTx, list_id: str, authority_id: str, under: Mapping[str, Lists], now: datetime
) -> Overdue:
    """What of a status list rests on an overdue list; ``under`` says by scheme what is known of the authority's lists."""
    found: list[int] = []
    turns: list[datetime] = []
    for source in await _sources(tx, authority_id) if under else ():
        for scheme, lists in under.items():
            turn = stale_from(lists, source, now)
            if turn is not None and turn > now:
                turns.append(turn)
            elif turn is not None:
                found += await _resting(tx, list_id, scheme, source, lists, now)
    return Overdue(found, min(turns, default=None))


async def _sources(tx: ReadTx, authority_id: str) -> list[str | None]:
    """The sources of the authority's lists."""
    statement = select(col(SnapshotRow.source)).where(col(SnapshotRow.authority_id) == authority_id).distinct()
    return list(await tx.scalars(statement))


async def _resting(tx: ReadTx, list_id: str, scheme: str, source: str | None, lists: Lists, now: datetime) -> list[int]:
    """The entries that say 0 and are named by this list, without those that a decision has put on another base since."""
    number = col(StatusEntryRow.number)
    decided = exists().where(col(DecisionRow.number) == number, col(DecisionRow.act).in_(_DECIDED_BASES))
    statement = (
        select(col(StatusEntryRow.idx), number, decided.label("decided"))
        .join(AccreditationRow, col(AccreditationRow.number) == number)
        .join(ListedRow, col(ListedRow.number) == number)
        .join(SnapshotRow, col(SnapshotRow.id) == col(ListedRow.snapshot_id))
        .where(col(StatusEntryRow.list_id) == list_id, col(StatusEntryRow.code) == 0)
        .where(col(AccreditationRow.scheme_id) == scheme, col(SnapshotRow.source).is_not_distinct_from(source))
    )
    rows = (await tx.execute(statement)).all()
    fresh: set[str] = set()
    for some in batches([row.number for row in rows if row.decided]):
        for about, history in (await ledger.history(tx, some)).items():
            if source_stale(fold(public_history(history, now), now), lists, now) is None:
                fresh.add(about)
    return [row.idx for row in rows if row.number not in fresh]
