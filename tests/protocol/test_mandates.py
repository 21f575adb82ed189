"""How mandates end, and what that means for answers: expired, withdrawn, key compromised; and lifted again."""

from datetime import UTC, datetime, timedelta

import pytest

from goodstanding.canonical import format_time
from goodstanding.decisions import Decision
from goodstanding.mandates import (
    MandateEvent,
    Window,
    known_mandates,
    line,
    lost_key_window,
    next_turn,
    suspect,
    suspicion,
    suspicion_of_all,
)
from goodstanding.sizes import SizeTable
from goodstanding.transitions import Basis

START = datetime(2026, 1, 1, tzinfo=UTC)


def day(n: float) -> datetime:
    return START + timedelta(days=n)


def mandate(begins: float = 0, end: str | None = None, *, until: float | None = None, since: float | None = None,
            index: int | None = 0) -> MandateEvent:  # fmt: skip
    return MandateEvent(
        "aut_1", "sch_1", day(begins), None if until is None else day(until), end,
        None if since is None else day(since), index,
    )  # fmt: skip


def decision(name: str, at: float, index: int | None, *, corrects: tuple[str, ...] = ()) -> Decision:
    act = "correct" if corrects else "apply"
    return Decision(name, "TEST-1", act, Basis.DECIDED, day(at), day(at), index, corrects=corrects)


@pytest.mark.parametrize(
    ("ended", "at", "first_logged", "since"),
    [
        (mandate(), 50, 1, None),
        (mandate(0, "expired", until=20), 50, 30, None),
        (mandate(0, "withdrawn", until=20, since=10), 9.9, 1, None),
        (mandate(0, "withdrawn", until=20, since=10), 10, 1, 10),
        (mandate(0, "withdrawn", until=20, since=10), 50, None, 10),
        (mandate(0, "withdrawn", until=20), 19, 1, None),  # without a stated time it is the end
        (mandate(0, "withdrawn", until=20), 20, 1, 20),
        (mandate(0, "key_compromised", until=20, since=10), 50, 10, None),
        (mandate(0, "key_compromised", until=20, since=10), 50, 10.1, 10),
        (mandate(0, "key_compromised", until=20, since=10), 5, 10.1, 10),  # whatever day it speaks of
        (mandate(0, "key_compromised", until=20, since=10), 50, None, 10),
        (mandate(0, "key_compromised", until=20), 50, 1, 0),  # all of it
    ],
)
def test_what_an_end_makes_suspect(
    ended: MandateEvent, at: float, first_logged: float | None, since: float | None
) -> None:
    found = suspect([ended], day(at), None if first_logged is None else day(first_logged))

    assert found == (None if since is None else day(since))


@pytest.mark.parametrize(
    ("other", "at", "since"),
    [
        (mandate(30), 29, 10),  # from its own beginning on
        (mandate(30), 30, None),
        (mandate(20), 20, None),
        (mandate(15), 50, 10),  # it ran beside the one that was withdrawn: nothing was given again
        (mandate(30, "expired", until=40), 50, None),
        (mandate(30, "withdrawn", until=40, since=35), 50, 10),  # in doubt itself
    ],
)
def test_another_mandate_lifts_a_withdrawal_from_its_beginning_on(other: MandateEvent, at: float, since: float) -> None:
    ended = mandate(0, "withdrawn", until=20, since=10)

    assert suspect([ended, other], day(at), day(1)) == (None if since is None else day(since))


@pytest.mark.parametrize(("logged", "since"), [(9, None), (11, 10), (29, 10), (30, None), (None, None)])
def test_another_mandate_clears_only_what_is_logged_after_a_compromised_key(
    logged: float | None, since: float | None
) -> None:
    ended = mandate(0, "key_compromised", until=20, since=10)

    found = suspect([ended, mandate(30)], day(50), None if logged is None else day(logged))
    assert found == (None if since is None else day(since))


def test_the_same_mandate_given_again_lifts_everything() -> None:
    events = [mandate(index=0), mandate(0, "key_compromised", until=20, index=5), mandate(index=9)]

    def asked(size: int | None) -> datetime | None:
        return suspicion(events, [decision("a", 1, 1)], day(50), size, first_logged=lambda _: day(1))

    assert [len(known_mandates(events, size)) for size in (0, 1, None)] == [0, 1, 1]
    assert [asked(size) for size in (5, 6, 9, 10, None)] == [None, day(0), day(0), None, None]


def test_doubt_counts_at_once_and_its_end_only_when_it_is_logged() -> None:
    withdrawn = mandate(0, "withdrawn", until=20, since=10, index=3)
    pending = mandate(0, "withdrawn", until=20, since=10, index=None)
    given_again, next_one = mandate(index=None), mandate(30, index=None)

    def asked(*events: MandateEvent) -> datetime | None:
        return suspicion(events, [decision("a", 1, 1)], day(50), first_logged=lambda _: day(1))

    assert asked(mandate(), pending) == day(10)
    assert asked(mandate(), withdrawn, given_again) == day(10)
    assert asked(mandate(), withdrawn, next_one) == day(10)
    assert asked(mandate(), withdrawn, mandate(30, index=7)) is None


def test_an_answer_rests_on_every_decision_that_counts() -> None:
    ended = [mandate(0, "key_compromised", until=20, since=10)]
    good, forged = decision("good", 1, 1), decision("forged", 2, 8)
    times = {1: day(1), 8: day(12), 9: day(21)}

    def asked(*history: Decision, at: float = 50) -> datetime | None:
        return suspicion(ended, history, day(at), first_logged=times.get)

    assert asked(good) is None
    assert asked(good, forged) == day(10)
    assert asked(good, forged, at=1.5) is None  # it has no effect yet
    assert asked(good, decision("sealed late", 3, None)) == day(10)
    corrected = decision("corrected", 30, 9, corrects=("forged",))
    assert asked(good, forged, corrected) == day(10)  # the correction itself comes from the same key
    assert suspicion([*ended, mandate(21)], [good, forged, corrected], day(50), first_logged=times.get) is None


@pytest.mark.parametrize(
    ("events", "window"),
    [
        ([mandate()], None),
        ([mandate(0, "withdrawn", until=20, since=10)], None),
        ([mandate(0, "key_compromised", until=20)], Window(None, None)),
        ([mandate(0, "key_compromised", until=20, since=10)], Window(day(10), None)),
        ([mandate(0, "key_compromised", until=20, since=10), mandate(30, index=9)], Window(day(10), day(30))),
        ([mandate(0, "key_compromised", until=20, since=10), mandate(30, index=None)], Window(day(10), None)),
        ([mandate(0, "key_compromised", until=20), mandate(index=9)], None),
    ],
)
def test_what_may_be_suspect_because_a_key_was_lost_was_logged_within_a_window(
    events: list[MandateEvent], window: Window | None
) -> None:
    assert lost_key_window(events) == window


def test_where_it_does_not_depend_on_when_a_decision_was_logged_all_is_suspect() -> None:
    stated, unstated = mandate(0, "key_compromised", until=20, since=10), mandate(0, "key_compromised", until=20)
    withdrawn = mandate(0, "withdrawn", until=20, since=10)

    assert [suspicion_of_all([one], day(50)) for one in (mandate(), stated, unstated, withdrawn)] == [
        None, None, day(0), day(10),
    ]  # fmt: skip
    assert suspicion_of_all([withdrawn, mandate(30)], day(50)) is None


def test_the_next_turn_is_when_doubt_begins_or_another_mandate_does() -> None:
    events = [mandate(0, "withdrawn", until=20, since=40), mandate(30), mandate(60)]

    assert [next_turn(events, day(at)) for at in (0, 30, 40, 60)] == [day(30), day(40), day(60), None]


def test_events_are_read_from_bodies() -> None:
    data = {"authority": "aut_1", "scheme": "sch_1", "acts": ["grant"], "from": format_time(day(0)),
            "until": format_time(day(20)), "end": "withdrawn", "suspect_from": format_time(day(10))}  # fmt: skip

    assert MandateEvent.from_body(data, 4) == mandate(0, "withdrawn", until=20, since=10, index=4)
    assert MandateEvent.from_body({name: data[name] for name in ("authority", "scheme", "from")}, None) == mandate(
        index=None
    )


def test_an_entry_is_first_logged_when_a_size_that_covers_it_was_first_cosigned() -> None:
    table = SizeTable()
    for size, at in ((2, 1), (5, 4), (6, 3), (9, 8)):  # the log's clock went back once
        table.add(size, day(at), bytes(32))

    assert [table.first_logged(index) for index in (0, 1, 2, 4, 5, 6, 8)] == [day(at) for at in (1, 1, 3, 3, 3, 8, 8)]
    assert table.first_logged(9) is None


# --- authorities that succeed one another


def taken_over(authority: str, *predecessors: str, index: int | None = 0) -> MandateEvent:
    return MandateEvent(authority, "sch_1", day(0), index=index, succeeds=predecessors)


@pytest.mark.parametrize(
    ("events", "opened_by", "size", "expected"),
    [
        ([], "a", None, ("a",)),
        ([taken_over("b", "a")], "a", None, ("a", "b")),
        ([taken_over("b", "a")], "b", None, ("b",)),  # its own are not the predecessor's
        ([taken_over("b", "a", "x"), taken_over("c", "b", index=1)], "a", None, ("a", "b", "c")),
        ([taken_over("b", "a"), taken_over("c", "b", index=1)], "a", 1, ("a", "b")),  # as known then
        ([taken_over("b", "a"), taken_over("a", "b", index=1)], "a", None, ("a", "b")),  # and back again
        ([taken_over("b", "a", index=None)], "a", 5, ("a",)),
    ],
)
def test_the_line_of_an_accreditation(
    events: list[MandateEvent], opened_by: str, size: int | None, expected: tuple[str, ...]
) -> None:
    assert line(events, opened_by, size) == expected


def test_the_mandates_of_a_line_count_as_those_of_one_authority() -> None:
    theirs = mandate(0, "withdrawn", until=20, since=10, index=1)
    ours = MandateEvent("aut_2", "sch_1", day(20), index=2, succeeds=("aut_1",))
    gone = MandateEvent("aut_2", "sch_1", day(20), day(40), "withdrawn", day(30), index=3, succeeds=("aut_1",))
    made = [decision("e1", 1, 0)]

    def doubt(at: float, *events: MandateEvent) -> datetime | None:
        return suspicion(events, made, day(at), first_logged=lambda _: day(1))

    assert (doubt(15, theirs, ours), doubt(20, theirs, ours), doubt(25, theirs)) == (day(10), None, day(10))
    assert doubt(35, theirs, ours, gone) == day(10)  # nobody vouches for it any more
