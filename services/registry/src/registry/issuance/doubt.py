"""Suspect issuers in status lists: what would be 0 becomes 3 when a list is built, and 0 again once the doubt is lifted.

Nothing is stored for it: a mandate's event is all there is, and has the lists of its authority made anew (`status.outdate`),
at commit, because it may lower trust, and when it is logged, because only then it may raise it.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlmodel import col

from goodstanding.mandates import MandateEvent, suspicion, suspicion_of_all
from goodstanding.standing import public_history
from registry.accreditations.tables import AccreditationRow
from registry.database import ReadTx
from registry.issuance import ledger
from registry.issuance.ledger import batches
from registry.issuance.tables import EventRow, StatusEntryRow

Mandates = Mapping[str, Sequence[MandateEvent]]
"""By scheme, the mandates of one authority as their events tell them."""


async def doubted_entries(tx: ReadTx, list_id: str, mandates: Mandates, now: datetime) -> list[int]:
    """The indices of a list that say 0 and rest on an issuer who is suspect now."""
    doubted = {scheme: events for scheme, events in mandates.items() if any(event.doubted for event in events)}
    if not doubted:
        return []
    good = await _good_entries(tx, list_id, doubted)
    wholly = {scheme for scheme, events in doubted.items() if suspicion_of_all(events, now) is not None}
    unsure = {number: doubted[scheme] for _, number, scheme in good if scheme not in wholly}
    suspects = await _suspects(tx, unsure, now)
    return [idx for idx, number, scheme in good if scheme in wholly or number in suspects]


async def _good_entries(tx: ReadTx, list_id: str, schemes: Iterable[str]) -> list[tuple[int, str, str]]:
    """(index, number, scheme) of the entries that say 0."""
    statement = (
        select(col(StatusEntryRow.idx), col(StatusEntryRow.number), col(AccreditationRow.scheme_id))
        .join(AccreditationRow, col(AccreditationRow.number) == col(StatusEntryRow.number))
        .where(col(StatusEntryRow.list_id) == list_id, col(StatusEntryRow.code) == 0)
        .where(col(AccreditationRow.scheme_id).in_(list(schemes)))
    )
    return [(row.idx, row.number, row.scheme_id) for row in await tx.execute(statement)]


async def _suspects(tx: ReadTx, unsure: Mapping[str, Sequence[MandateEvent]], now: datetime) -> set[str]:
    """Those of the numbers where it depends on when their decisions were logged, and one that counts was too late."""
    suspects: set[str] = set()
    for some in batches(list(unsure)):
        times = await _first_logged(tx, some)
        for number, history in (await ledger.history(tx, some)).items():
            public = public_history(history, now)
            if suspicion(unsure[number], public, now, first_logged=times.get) is not None:
                suspects.add(number)
    return suspects


async def _first_logged(tx: ReadTx, numbers: Sequence[str]) -> dict[int, datetime | None]:
    """Log index -> when this registry first saw it covered by a time cosignature."""
    statement = select(col(EventRow.log_index), col(EventRow.logged_at)).where(
        col(EventRow.number).in_(numbers), col(EventRow.log_index).is_not(None)
    )
    return {index: at for index, at in await tx.execute(statement) if index is not None}
