"""What must hold of the registry's rows, alone and beside the log's entries."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence

from facts import Accreditation, Decided, Event, Heard, Issued, Key, Listed
from invariants import Rule, Violation

from goodstanding.events import Leaf
from goodstanding.merkle import leaf_hash
from goodstanding.transitions import TRANSITIONS

FOUR_EYES = frozenset(row.act for row in TRANSITIONS if row.four_eyes)


def kept(heard: Iterable[Heard], ids: Collection[str]) -> list[Violation]:
    """`ids` are those of all organisations, proposals, lists and events."""
    return [Violation(Rule.KEPT, f"{each.key} was answered {each.result}, which is gone") for each in heard
            if each.result not in ids]  # fmt: skip


def one_act(heard: Iterable[Heard], keys: Iterable[Key], decided: Iterable[Decided]) -> list[Violation]:
    """A key has one answer, always the same; a decision is some key's. `decided`: about the clients' numbers only."""
    answers: dict[str, set[str]] = defaultdict(set)
    for each in heard:
        answers[each.key].add(each.result)
    results, made = Counter[tuple[str, str]](), set[str]()
    for key in keys:
        results[key.operation, key.result] += 1
        made.add(key.result)
        if key.key in answers:
            answers[key.key].add(key.result)
    found = [f"{key} has the answers {', '.join(sorted(all_))}" for key, all_ in answers.items() if len(all_) > 1]
    found += [f"{result} is the result of {times} keys" for (_, result), times in results.items() if times > 1]
    found += [f"{one.act} of {one.number} ({one.event_id}) was asked for by nobody" for one in decided
              if one.event_id not in made]  # fmt: skip
    return [Violation(Rule.ONE_ACT, what) for what in found]


def one_open(accreditations: Iterable[Accreditation]) -> list[Violation]:
    places: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for each in accreditations:
        if each.open:
            places[each.authority, each.organisation, each.scheme].append(each.number)
    return [Violation(Rule.ONE_OPEN, f"{', '.join(numbers)} are open for {' '.join(place)}")
            for place, numbers in places.items() if len(numbers) > 1]  # fmt: skip


def listed_once(lists: Iterable[Listed]) -> list[Violation]:
    return [Violation(Rule.LISTED_ONCE, f"{one.list_id} has {one.listings} listings and made {len(one.numbers)}")
            for one in lists if len(one.numbers) != one.listings]  # fmt: skip


def two_persons(decided: Iterable[Decided]) -> list[Violation]:
    found = []
    for one in decided:
        needs = one.four_eyes or one.act in FOUR_EYES
        if needs and (not one.proposer or not one.approver or one.proposer == one.approver):
            found.append(Violation(Rule.TWO_PERSONS, f"{one.act} of {one.number} has {one.proposer}, {one.approver}"))
    return found


def logged_once(entries: Sequence[bytes], events: Iterable[Event], issued: Iterable[Issued]) -> list[Violation]:
    """`entries` are the log's, in order: no event twice, and what claims a place in the log is at that place."""
    times = Counter(Leaf.decode(entry).event_id for entry in entries)
    found = [f"{event_id} is in the log {count} times" for event_id, count in times.items() if count > 1]
    found += [f"{event.event_id} is not at index {event.log_index}" for event in events
              if event.log_index is not None and _at(entries, event.log_index) != event.leaf]  # fmt: skip
    issues = Counter[str]()
    for record in issued:
        issues[record.jti] += 1
        entry = _at(entries, record.log_index)
        if entry is None or leaf_hash(entry) != record.leaf_hash:
            found.append(f"the record {record.jti} proves nothing at index {record.log_index}")
    found += [f"the record {jti} was issued {count} times" for jti, count in issues.items() if count > 1]
    return [Violation(Rule.LOGGED_ONCE, what) for what in found]


def registered(entries: Iterable[bytes], events: Iterable[Event]) -> list[Violation]:
    leaves = {event.event_id: event.leaf for event in events}
    found = []
    for entry in entries:
        leaf = Leaf.decode(entry)
        if leaf.kind == "decision" and leaves.get(leaf.event_id) != entry:
            found.append(Violation(Rule.REGISTERED, f"the registry does not know {leaf.event_id} as it was logged"))
    return found


def all_logged(entries: Iterable[bytes], events: Iterable[Event]) -> list[Violation]:
    """To be asked once the register says that nothing is on its way, or has had its time."""
    logged = {Leaf.decode(entry).event_id for entry in entries}
    return [Violation(Rule.ALL_LOGGED, f"{event.kind} {event.event_id} of {event.number} is not in the log")
            for event in events if event.event_id not in logged or event.log_index is None]  # fmt: skip


def _at(entries: Sequence[bytes], index: int) -> bytes | None:
    return entries[index] if 0 <= index < len(entries) else None
