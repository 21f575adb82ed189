"""What must hold of what readers were told."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from facts import Probe
from invariants import GOOD, Rule, Violation


def misled(
    probes: Iterable[Probe], suspended: Mapping[str, float], outages: Sequence[tuple[float, float]], bound: float
) -> list[Violation]:
    """Good standing read about a number later than `bound` after its suspension was acknowledged (number -> when).

    The bound's clock stands still while a process that answers lies dead (`outages`, not overlapping): nobody can
    be told anything then. Probes of an edge that is not ready count as well: wrong is wrong.
    """
    found = []
    for probe in probes:
        if probe.verdict == GOOD and probe.number in suspended:
            late = lateness(suspended[probe.number], probe.asked, outages)
            if late > bound:
                found.append(Violation(Rule.NOT_MISLED, f"{probe.number} was good {late:.1f} s after its suspension"))
    return found


def lateness(since: float, until: float, outages: Sequence[tuple[float, float]]) -> float:
    """Seconds from `since` to `until`, those of the outages between them left out."""
    lost = sum(max(0.0, min(until, end) - max(since, begin)) for begin, end in outages)
    return until - since - lost


def untouched(probes: Iterable[Probe], numbers: Collection[str], share: float) -> list[Violation]:
    """Of what a ready edge was asked about these numbers, at least `share` was answered good standing: silence was not."""
    answers = [probe.verdict for probe in probes if probe.number in numbers and probe.ready]
    good = sum(answer == GOOD for answer in answers)
    if good >= share * len(answers):
        return []
    others = Counter(answer for answer in answers if answer != GOOD)
    return [Violation(Rule.UNTOUCHED, f"{good} of {len(answers)} answers were good; the others: {dict(others)}")]
