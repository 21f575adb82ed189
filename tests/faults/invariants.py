"""What must hold after every fault: pure functions over what was read from outside; none of them reads anything.

Each takes rows, notes, files or answers, and returns one `Violation` per thing that is wrong. No violation means that
the rule holds *for what was read*: whether enough was read is for the caller to see to.

What is read is read in this order, or a healthy register looks broken: what clients were told and what checkpoints
were seen, then the log's files, then the registry's rows.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from facts import Accreditation, Decided, Event, Heard, Issued, Key, Probe

from goodstanding.checkpoint import Checkpoint
from goodstanding.errors import LogError
from goodstanding.events import Leaf
from goodstanding.merkle import EMPTY_ROOT, HASH_SIZE, consistency_proof, leaf_hash, root, verify_consistency
from goodstanding.tiles import (
    ENTRIES_LEVEL,
    TILE_WIDTH,
    Tile,
    decode_bundle,
    encode_bundle,
    parent_hash,
    tile_hash_reader,
    tile_path,
    tiles_for,
)  # fmt: skip
from goodstanding.transitions import TRANSITIONS

GOOD = "IN_GOOD_STANDING"
FOUR_EYES = frozenset(row.act for row in TRANSITIONS if row.four_eyes)


class Rule(StrEnum):
    """What is never traded."""

    KEPT = "what was acknowledged is there"
    ONE_OPEN = "one open accreditation per authority, organisation and scheme"
    ONE_ACT = "one act per idempotency key"
    LOGGED_ONCE = "an event and a signed record are in the log once, where they say"
    REGISTERED = "every decision in the log has its event in the registry"
    ALL_LOGGED = "every event reaches the log"
    PREFIX = "every checkpoint seen is a prefix of every later one"
    COMPLETE = "a published checkpoint has its files, and they have its root"
    NOT_MISLED = "nobody reads good standing later than the bound after a suspension"
    UNTOUCHED = "who was not suspended still reads good standing"
    TWO_PERSONS = "two persons per decision that needs them"
    GOES_ON = "the log goes on without a person"


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that is wrong."""

    rule: Rule
    what: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.what}"


# --- the registry's rows


def kept(heard: Iterable[Heard], ids: Collection[str]) -> list[Violation]:
    """`ids` are those of all organisations, proposals and events."""
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


def two_persons(decided: Iterable[Decided]) -> list[Violation]:
    found = []
    for one in decided:
        needs = one.four_eyes or one.act in FOUR_EYES
        if needs and (not one.proposer or not one.approver or one.proposer == one.approver):
            found.append(Violation(Rule.TWO_PERSONS, f"{one.act} of {one.number} has {one.proposer}, {one.approver}"))
    return found


# --- registry and log


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


# --- the log's files


def prefixes(seen: Sequence[Checkpoint], final: Checkpoint, files: Mapping[str, bytes]) -> list[Violation]:
    """Each checkpoint seen, in this order, against the tiles of the final one: sizes grow, roots are its prefixes'.

    Two trees that are both a prefix of a third are prefixes of each other, in the order of their sizes.
    """
    found, greatest = [], 0
    for each in (*seen, final):
        if each.size < greatest:
            found.append(f"size {each.size} was shown after size {greatest}")
        greatest = max(greatest, each.size)
    read = tile_hash_reader(lambda tile: _need(files, tile), final.size)
    for each in dict.fromkeys((*seen, final)):
        try:
            _prove_prefix(each, final, read)
        except LogError as error:
            found.append(f"size {each.size} is no prefix of size {final.size}: {error}")
    return [Violation(Rule.PREFIX, what) for what in found]


def _prove_prefix(early: Checkpoint, late: Checkpoint, read) -> None:
    if early.size == 0:
        if early.root != EMPTY_ROOT:
            raise LogError("an empty tree has another root")
        return
    proof = consistency_proof(early.size, late.size, read)
    verify_consistency(early.size, early.root, late.size, late.root, proof)


def complete(published: Checkpoint | None, files: Mapping[str, bytes]) -> list[Violation]:
    """Every bundle and tile of the published size is there, each level is that of the one below, the root is signed."""
    if published is None:
        return []
    try:
        _check_files(published, files)
    except LogError as error:
        return [Violation(Rule.COMPLETE, f"size {published.size}: {error}")]
    return []


def entries_of(size: int, files: Mapping[str, bytes]) -> list[bytes]:
    """The first `size` entries, from their bundles; LogError when one is missing or malformed."""
    entries: list[bytes] = []
    for tile in tiles_for(0, size):
        if tile.level == ENTRIES_LEVEL:
            entries += decode_bundle(_need(files, tile))
    return entries


def _check_files(published: Checkpoint, files: Mapping[str, bytes]) -> None:
    hashes = [leaf_hash(entry) for entry in entries_of(published.size, files)]
    if len(hashes) != published.size or root(hashes) != published.root:
        raise LogError("the entries do not have the root that was signed")
    for tile in tiles_for(0, published.size):
        if tile.level != ENTRIES_LEVEL and _need(files, tile) != _tile_over(hashes, tile):
            raise LogError(f"{tile_path(tile)} has other hashes than what it stands over")


def _tile_over(leaves: Sequence[bytes], tile: Tile) -> bytes:
    """The bytes of a tile, from the leaf hashes."""
    level = list(leaves)
    for _ in range(tile.level):
        full = range(0, len(level) - len(level) % TILE_WIDTH, TILE_WIDTH)
        level = [parent_hash(b"".join(level[start : start + TILE_WIDTH])) for start in full]
    start = tile.index * TILE_WIDTH
    return b"".join(level[start : start + tile.width])


def _need(files: Mapping[str, bytes], tile: Tile) -> bytes:
    """A file, or the beginning of the full one that has replaced it (C2SP tlog-tiles, "Partial tiles")."""
    if (data := files.get(tile_path(tile))) is not None:
        return data
    full = files.get(tile_path(Tile(tile.level, tile.index, TILE_WIDTH)))
    if full is None:
        raise LogError(f"{tile_path(tile)} is missing")
    if tile.level == ENTRIES_LEVEL:
        return encode_bundle(decode_bundle(full)[: tile.width])
    return full[: tile.width * HASH_SIZE]


def _at(entries: Sequence[bytes], index: int) -> bytes | None:
    return entries[index] if 0 <= index < len(entries) else None


# --- what readers were told


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
    """Of the answers about these numbers that a ready edge gave, at least `share` say good standing."""
    answers = [probe.verdict for probe in probes if probe.number in numbers and probe.ready and probe.verdict]
    good = sum(answer == GOOD for answer in answers)
    if good >= share * len(answers):
        return []
    others = Counter(answer for answer in answers if answer != GOOD)
    return [Violation(Rule.UNTOUCHED, f"{good} of {len(answers)} answers were good; the others: {dict(others)}")]
