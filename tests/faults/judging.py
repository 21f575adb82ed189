"""All invariants at once, over one house or one set of processes."""

from collections.abc import Collection, Iterable, Mapping, Sequence

import answer_invariants
import log_invariants
import row_invariants
from evidence_read import LogSeen, Rows
from facts import Heard, Probe
from invariants import Rule, Violation

from goodstanding.checkpoint import Checkpoint
from goodstanding.errors import LogError

Outages = Sequence[tuple[float, float]]


def judge_log(seen: Sequence[Checkpoint], log: LogSeen) -> list[Violation]:
    """What the public files and notes alone tell."""
    found = log_invariants.complete(log.published, log.files)
    if log.unreadable:
        return [Violation(Rule.COMPLETE, f"the checkpoint cannot be read: {log.unreadable}")]
    if log.published is not None:
        found += log_invariants.prefixes(seen, log.published, log.files)
    elif seen:
        found.append(Violation(Rule.PREFIX, f"size {seen[-1].size} was shown, and now there is no checkpoint"))
    return found


def judge_rows(heard: Iterable[Heard], rows: Rows, log: LogSeen, numbers: Collection[str]) -> list[Violation]:
    """What the registry's rows tell, alone and beside the log. `numbers` are those of the clients' own acts."""
    heard = list(heard)
    own = [one for one in rows.decided if one.number in numbers]
    found = [
        *row_invariants.kept(heard, rows.ids),
        *row_invariants.one_act(heard, rows.keys, own),
        *row_invariants.one_open(rows.accreditations),
        *row_invariants.listed_once(rows.lists),
        *row_invariants.two_persons(rows.decided),
    ]
    try:
        entries = log_invariants.entries_of(log.published.size if log.published else 0, log.files)
    except LogError:  # `judge_log` says what is missing
        return found
    return [
        *found,
        *row_invariants.logged_once(entries, rows.events, rows.issued),
        *row_invariants.registered(entries, rows.events),
    ]


def judge_end(rows: Rows, log: LogSeen) -> list[Violation]:
    """What must hold once everything had its time to come to rest."""
    found = []
    if rows.waiting or rows.unsigned:
        what = f"{rows.waiting} events are still on their way, {rows.refused} refused; {rows.unsigned} records unsigned"
        found.append(Violation(Rule.ALL_LOGGED, what))
    try:
        entries = log_invariants.entries_of(log.published.size if log.published else 0, log.files)
    except LogError:
        return found
    return [*found, *row_invariants.all_logged(entries, rows.events)]


def judge_answers(
    probes: Sequence[Probe], suspended: Mapping[str, float], numbers: Collection[str], outages: Outages, bound: float
) -> list[Violation]:
    """What readers were told; `numbers` are those that nobody touched."""
    return [
        *answer_invariants.misled(probes, suspended, outages, bound),
        *answer_invariants.untouched(probes, numbers, 0.95),
    ]
