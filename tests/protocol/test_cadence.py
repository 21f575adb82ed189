"""When a list is older than its cadence: by the days of lists, by the clock, by what was known then."""

from datetime import UTC, datetime, timedelta

import pytest

from goodstanding.cadence import Cadence, Lists, Released, source_stale, stale_from
from goodstanding.standing import State
from goodstanding.transitions import Basis, Standing

START = datetime(2026, 1, 1, tzinfo=UTC)
HERE, THERE = "https://here.example/list", "https://there.example/list"


def day(n: float) -> datetime:
    return START + timedelta(days=n)


def lists(*cadences: tuple[int | None, float], released: tuple[float, ...] = (), source: str | None = HERE) -> Lists:
    """Events in the order given, all logged: (days, on which day), and the days of which lists speak."""
    told = [Cadence(days, day(at), index) for index, (days, at) in enumerate(cadences)]
    return Lists(told, [Released(source, day(at), len(told) + place) for place, at in enumerate(released)])


@pytest.mark.parametrize(
    ("known", "at", "turn"),
    [
        (lists(), 50, None),
        (lists(released=(1,)), 50, None),  # nobody said how often it comes out
        (lists((7, 10)), 9, None),
        (lists((7, 10)), 10, 17),  # the first list is due one cadence after it was set
        (lists((7, 10), released=(5,)), 50, 17),
        (lists((7, 10), released=(12, 15)), 50, 22),
        (lists((7, 10), released=(12, 15)), 14, 19),  # what was in force then
        (lists((7, 10), released=(15, 12)), 50, 22),  # the newest day, not the last that came
        (lists((7, 10), released=(12,), source=THERE), 50, 17),  # another list
        (lists((7, 10), (30, 12), released=(11,)), 50, 41),
        (lists((30, 10), (7, 40), released=(11,)), 50, 18),  # changed, it still counts from its first setting
        (lists((7, 10), (None, 12)), 50, None),
        (lists((7, 10), (None, 12), (7, 20)), 50, 27),
    ],
)
def test_from_when_a_list_is_stale(known: Lists, at: float, turn: float | None) -> None:
    assert stale_from(known, HERE, day(at)) == (None if turn is None else day(turn))


def test_what_was_not_logged_yet_makes_stale_and_does_not_refresh() -> None:
    pending = Lists([Cadence(7, day(10), None)], [Released(HERE, day(12), None)])

    assert stale_from(pending, HERE, day(50)) == day(17)
    assert stale_from(Lists([Cadence(7, day(10), 0), Cadence(300, day(12), None)]), HERE, day(50)) == day(17)


def test_what_was_known_earlier_is_what_counts_for_that_size() -> None:
    known = lists((7, 10), released=(12, 15))

    assert [stale_from(known, HERE, day(50), size) for size in range(4)] == [None, day(17), day(19), day(22)]


@pytest.mark.parametrize(
    ("basis", "at", "since"),
    [
        (Basis.TRANSCRIBED, 16.9, None),
        (Basis.TRANSCRIBED, 17, 17),
        (Basis.FEED, 17, 17),
        (Basis.DECIDED, 50, None),
    ],
)
def test_only_what_rests_on_a_list_is_stale_with_it(basis: Basis, at: float, since: float | None) -> None:
    state = State(Standing.ACTIVE, day(1), basis, "e1", source=HERE)

    assert source_stale(state, lists((7, 10)), day(at)) == (None if since is None else day(since))
    assert source_stale(None, lists((7, 10)), day(at)) is None
