"""The time of an act: taken once, to the millisecond, as events and rows keep it."""

from collections.abc import Sequence
from datetime import datetime

from goodstanding.clock import Clock
from goodstanding.standing import Decision


def moment(clock: Clock) -> datetime:
    """The time now, cut to whole milliseconds, so that what was written compares equal to what is read again."""
    now = clock()
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def not_before(history: Sequence[Decision], now: datetime) -> datetime:
    """The time now, but never before an earlier decision of the chain, whatever a clock says."""
    return max([now, *(decision.decided_at for decision in history)])
