"""The time of an act: taken once, to the millisecond, as events and rows keep it."""

from datetime import datetime

from goodstanding.clock import Clock


def moment(clock: Clock) -> datetime:
    """The time now, cut to whole milliseconds, so that what was written compares equal to what is read again."""
    now = clock()
    return now.replace(microsecond=now.microsecond // 1000 * 1000)
