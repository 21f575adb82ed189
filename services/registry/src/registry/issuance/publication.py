"""The projection of events into status codes, due times and the columns lists are filtered by.

It runs in the transaction of a decision (step 3 of the issuance cycle), so that what lowers trust reaches the list at
commit, and again when events are logged or a due time comes, so that everything else does. It can be repeated at any
time: same events, same clock, same rows.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, insert, select
from sqlmodel import col

from goodstanding.standing import Decision, index_codes, public_history
from goodstanding.status_list import MAX_LIFETIME
from registry.accreditations import projection
from registry.accreditations.current import turns
from registry.clock import not_before
from registry.database import WriteTx
from registry.issuance import ledger, status
from registry.issuance.ledger import batches
from registry.issuance.tables import DueRow

BOUNDARY = "BOUNDARY"  # something begins or ends by itself
LONGEST = timedelta(seconds=MAX_LIFETIME)  # no status list token lives longer


async def refresh(tx: WriteTx, numbers: Sequence[str], *, now: datetime) -> None:
    """Bring status codes and due times of these numbers to what their events say at ``now``."""
    await project(tx, await ledger.held_history(tx, numbers), now=now)


async def project(tx: WriteTx, histories: Mapping[str, Sequence[Decision]], *, now: datetime) -> None:
    """`refresh` for who holds the accreditations and has read the histories, pending decisions included.

    What has been decided has come to pass, also where the clock of another machine was ahead (`not_before`): a
    protective change never waits for the slowest clock.
    """
    codes: dict[str, int] = {}
    for history in histories.values():
        codes |= generation_codes(history, not_before(history, now))
    await status.set_codes(tx, list(histories), codes)
    await projection.project(tx, histories, now=now)
    await _plan(tx, histories, now)


def generation_codes(history: Sequence[Decision], now: datetime) -> dict[str, int]:
    """Opening event id -> status code as the public may see it: logged decisions, and pending ones that lower trust."""
    public = public_history(history, now)
    places = index_codes(public, now)
    return {
        opened.event_id: places[opened.status_uri, opened.status_idx]
        for decision in public
        if (opened := decision.generation) is not None
    }


async def _plan(tx: WriteTx, histories: Mapping[str, Sequence[Decision]], now: datetime) -> None:
    """Bring the boundaries still to come up to date. One that has passed stays until the due worker has acted on it."""
    wanted = {
        (number, at) for number, history in histories.items() for at in turns(history) if at > not_before(history, now)
    }
    known: set[tuple[str, datetime]] = set()
    for some in batches(list(histories)):
        planned = select(col(DueRow.number), col(DueRow.at)).where(
            col(DueRow.number).in_(some), col(DueRow.kind) == BOUNDARY, col(DueRow.at) > now
        )
        known |= {(number, at) for number, at in await tx.execute(planned)}
    if gone := known - wanted:
        this = (
            (col(DueRow.number) == bindparam("of_number"))
            & (col(DueRow.kind) == BOUNDARY)
            & (col(DueRow.at) == bindparam("of_time"))
        )
        await tx.execute(delete(DueRow).where(this), [{"of_number": number, "of_time": at} for number, at in gone])
    if new := wanted - known:
        await tx.execute(insert(DueRow), [{"number": number, "kind": BOUNDARY, "at": at} for number, at in new])
        await status.shorten(tx, [(number, at) for number, at in new if at < now + LONGEST])
