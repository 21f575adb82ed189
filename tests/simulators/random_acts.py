"""Acts to propose for a chain of decisions. Dice choose among what there is: more often what gets somewhere."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import naive_standing as naive

from goodstanding.decisions import Decision, Generation, Scope
from goodstanding.transitions import LIVE, Basis, Effect, MeasureKind, Opens, Standing, Transition

T = TypeVar("T")

START = datetime(2026, 1, 1, tzinfo=UTC)
LIST = "https://registry.example/status-lists/1"
NUMBER = "TEST-7K3M9QXR-23"

THROWS = 9  # dice for one act
ROWS = tuple(reversed(naive.ROWS.values()))
OFFSETS = (0, 0, 0, 0, -1, -2, -4, -9, 1, 3, 7)  # in days from the one it is decided on
LENGTHS = (None, None, 1, 3, 8)  # of a measure
VALIDITY = (None, None, 5, 12, 25)
LISTED = (*[Standing.ACTIVE] * 8, *[Standing.PROVISIONAL] * 3, *[Standing.SUSPENDED] * 3, None, *Standing)
DULL = frozenset({  # where a history ends, or starts anew, or stays as it is
    "list", "refuse", "withdraw_application", "surrender", "terminate", "merge", "split", "unlist", "relist", "unrecognise",
    "defer", "lodge_appeal", "reissue", "change_scope", "renew",
})  # fmt: skip
RARE = frozenset(
    {"end_stay", "decide_appeal", "withdraw_appeal", "lift_conditions", "end_suspension"}
)  # hard to get to


class Dice:
    """Bytes that were drawn, read as choices; used up, they say the first."""

    def __init__(self, drawn: bytes) -> None:
        self._left = iter(drawn)

    def pick(self, options: Sequence[T]) -> T:
        """One of these."""
        return options[next(self._left, 0) % len(options)]

    def once_in(self, count: int) -> bool:
        """True that rarely."""
        return self.pick(range(count)) == count - 1


def day(count: int) -> datetime:
    """Days are the only instants here, so that many things happen at the same one."""
    return START + timedelta(days=count)


def opening_act(dice: Dice) -> Decision:
    """An application, or a row of a list."""
    return filled(naive.ROWS[dice.pick(("apply", "apply", "list"))], [], 0, 0, dice)


def act_that_fits(chain: Sequence[Decision], today: int, dice: Dice) -> Decision:
    """An act that may start where it takes effect; whether what comes later bears it is another matter."""
    at = max(0, today + dice.pick(OFFSETS))
    rows = naive.starting(naive.in_effect(chain, day(at)), day(at))
    rows += [row for row in rows if row.act not in DULL] * 3
    rows += [row for row in rows if row.act in RARE] * 8
    return filled(dice.pick(rows or ROWS), chain, today, at, dice)


def any_act(chain: Sequence[Decision], today: int, dice: Dice) -> Decision:
    """An act of any row."""
    return filled(dice.pick(ROWS), chain, today, today + dice.pick(OFFSETS), dice)


def filled(row: Transition, chain: Sequence[Decision], today: int, at: int, dice: Dice) -> Decision:
    """A decision of this row on this day, with members that are mostly right."""
    opens = row.effect is Effect.OPENS_MEASURE
    closes, corrects = targets(row, chain, at, dice)
    length = 8 if row.ends else dice.pick(LENGTHS) if opens or row.act == "defer" else None
    return Decision(
        event_id=f"{len(chain)}-{row.act}", number=NUMBER, act=row.act, basis=Basis.DECIDED, effective_from=day(at),
        decided_at=day(today), effective_until=None if length is None else day(at + length),
        closes=closes, corrects=corrects, listed=dice.pick(LISTED) if row.effect is Effect.LISTING else None,
        suspensive=opens and row.measure is MeasureKind.APPEAL and dice.pick((True, False)),
        redirect=NUMBER if row.act in ("merge", "split") else None,
        generation=claims(len(chain), at, dice) if states_claims(row, chain, at, corrects) else None,
    )  # fmt: skip


def targets(row: Transition, chain: Sequence[Decision], at: int, dice: Dice) -> tuple[str | None, tuple[str, ...]]:
    """What an act closes and what it corrects."""
    every, wrong = [one.event_id for one in chain] or ["nothing"], dice.once_in(5)
    if row.effect is Effect.VOIDS:
        right = [one.event_id for one in naive.counting(chain)][-4:] or every
        some = {dice.pick(every if wrong else right), dice.pick(right)}
        return None, () if wrong and dice.once_in(2) else tuple(sorted(some))
    if row.effect is Effect.CLOSES_MEASURE:
        right = naive.open_measures(naive.in_effect(chain, day(at)), row.measure, day(at))
        return dice.pick([None, *every] if wrong or not right else right), ()
    return None, (every[-1],) if wrong and dice.once_in(4) else ()


def states_claims(row: Transition, chain: Sequence[Decision], at: int, corrects: Sequence[str]) -> bool:
    """Whether an act opens a generation: a correction does where there is something to state after it."""
    if row.opens is not Opens.IF_LIVE:
        return row.opens is Opens.ALWAYS
    left = [one for one in naive.in_effect(chain, day(at)) if one.event_id not in corrects]
    return naive.shown(left, day(at)) in {*LIVE, Standing.SUSPENDED}


def claims(place: int, at: int, dice: Dice) -> Generation:
    """Claims under an index of their own, valid from that day on."""
    length = dice.pick(VALIDITY)
    return Generation(f"claims-{place}", Scope(), day(at), None if length is None else day(at + length), LIST, place)
