"""Suspect issuers in status lists: what would be 0 becomes 3 when a list is built, and 0 again once the doubt is lifted.

Nothing is stored for it: a mandate's event is all there is, and has the lists of its authority made anew (`status.outdate`),
at commit, because it may lower trust, and when it is logged, because only then it may raise it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, true
from sqlmodel import col

from goodstanding.mandates import MandateEvent, Window, lost_key_window, suspicion, suspicion_of_all
from goodstanding.standing import public_history
from registry.accreditations.tables import AccreditationRow
from registry.database import ReadTx
from registry.issuance import ledger
from registry.issuance.ledger import batches
from registry.issuance.tables import EventRow, StatusEntryRow

Mandates = Mapping[tuple[str, str], Sequence[MandateEvent]]
"""By who opened an accreditation and its scheme, the mandates of the line as their events tell them."""


_opener: ColumnElement[str] = func.coalesce(col(AccreditationRow.opened_by), col(AccreditationRow.authority_id))


async def doubted_entries(tx: ReadTx, list_id: str, mandates: Mandates, now: datetime) -> list[int]:
    """The indices of a list that say 0 and rest on an issuer who is suspect now."""
    found: list[int] = []
    for line, events in mandates.items():
        if suspicion_of_all(events, now) is not None:
            found += await _good_entries(tx, list_id, line)
        elif (window := lost_key_window(events)) is not None:
            found += await _suspects(tx, await _good_entries(tx, list_id, line, window), events, now)
    return found


async def _good_entries(
    tx: ReadTx, list_id: str, line: tuple[str, str], window: Window | None = None
) -> dict[int, str]:
    """Index -> number of the entries that say 0; with a window, of those with a decision first logged within it."""
    number = col(StatusEntryRow.number)
    statement = (
        select(col(StatusEntryRow.idx), number)
        .join(AccreditationRow, col(AccreditationRow.number) == number)
        .where(col(StatusEntryRow.list_id) == list_id, col(StatusEntryRow.code) == 0)
        .where(_opener == line[0], col(AccreditationRow.scheme_id) == line[1])
    )
    if window is not None:
        logged = col(EventRow.logged_at)
        within = [logged > window.after] if window.after else []
        within += [logged < window.before] if window.before else []
        decided = exists().where(col(EventRow.number) == number, or_(logged.is_(None), and_(true(), *within)))
        statement = statement.where(decided)
    return {row.idx: row.number for row in await tx.execute(statement)}


async def _suspects(tx: ReadTx, entries: Mapping[int, str], events: Sequence[MandateEvent], now: datetime) -> list[int]:
    """Those of the entries that rest on a decision which counts and was first logged when the key was not safe."""
    suspects: set[str] = set()
    for some in batches(list(dict.fromkeys(entries.values()))):
        times = await _first_logged(tx, some)
        for number, history in (await ledger.history(tx, some)).items():
            if suspicion(events, public_history(history, now), now, first_logged=times.get) is not None:
                suspects.add(number)
    return [idx for idx, number in entries.items() if number in suspects]


async def _first_logged(tx: ReadTx, numbers: Sequence[str]) -> dict[int, datetime | None]:
    """Log index -> when this registry first saw it covered by a time cosignature."""
    statement = select(col(EventRow.log_index), col(EventRow.logged_at)).where(
        col(EventRow.number).in_(numbers), col(EventRow.log_index).is_not(None)
    )
    return {index: at for index, at in await tx.execute(statement) if index is not None}
