"""The projection as plain objects in dictionaries: what the packed one must agree with.

Rules
1. It is fed verified batches only (`goodstanding.mirror`) and takes any well-formed body: what it cannot use it leaves.
2. An identifier or domain leads to the numbers whose newest accreditation states it; where none does, a *verified*
   identifier of an organisation leads to all its numbers. What an organisation merely claims leads nowhere.
3. A local word is read by the first mapping logged under the version its decision cites, whenever that is.
4. Where a decision was erased, the number keeps nothing but the fact; where an organisation's event was erased, the
   organisation has neither name nor verified identifiers.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from gateway.verification import keys
from goodstanding.cadence import Cadence, Lists, Released
from goodstanding.feed import Entry
from goodstanding.mandates import MandateEvent
from goodstanding.mirror import Batch
from goodstanding.standing import Decision, Scope
from goodstanding.transitions import Standing
from goodstanding.verdict import Labels

Key = tuple[str, str]
"""(scheme, value) of an identifier; a domain has the scheme ``""``."""

Body = Mapping[str, Any]

_STANDINGS = {standing.value: standing for standing in Standing}


@dataclass(slots=True)
class Accreditation:
    """What is known of one number."""

    number: str
    organisation: str
    authority: str
    scheme: str
    decisions: tuple[Decision, ...] = ()
    name: str | None = None  # of the organisation, from the newest accreditation object
    keys: tuple[Key, ...] = ()  # what that object is found by
    erased: bool = False


@dataclass(frozen=True, slots=True)
class Authority:
    """Name and time zone of an authority."""

    name: str
    time_zone: str


class Projection:
    """Everything the edge answers from. `apply` is the consumer of a mirror."""

    def __init__(self) -> None:
        self.accreditations: dict[str, Accreditation] = {}
        self._authorities: dict[str, Authority] = {}
        self._schemes: dict[str, str] = {}  # id -> name
        self._mappings: dict[tuple[str, str], dict[str, Standing]] = {}  # (scheme, mapping version) -> word -> standing
        self._mandates: dict[tuple[str, str], list[MandateEvent]] = {}  # (authority, scheme) -> as their events tell
        self._cadences: dict[str, list[Cadence]] = {}  # scheme -> what each of its events says
        self._released: dict[tuple[str, str], list[Released]] = {}  # (authority, scheme)
        self._unmapped: dict[tuple[str, str], list[str]] = {}  # mapping not yet logged -> numbers that wait for it
        self._organisations: dict[str, tuple[str | None, tuple[Key, ...]]] = {}  # id -> name, verified identifiers
        self._described_by: dict[str, str] = {}  # organisation -> the event that says so
        self._cited: dict[str, tuple[str, str]] = {}  # decision -> the mapping it cites
        self._lost: set[bytes] = set()  # subjects of which a decision was erased before their number was known
        self._numbers_of: dict[str, tuple[str, ...]] = {}  # organisation -> numbers
        self._by_key = Index()  # key -> numbers
        self._by_verified = Index()  # key -> organisations
        self._subjects: dict[bytes, str] = {}  # subject -> number
        self._scopes: dict[Scope, Scope] = {}  # thousands of accreditations share few scopes

    def apply(self, batch: Batch) -> None:
        """Take the entries of a verified batch, in order."""
        for entry in batch.entries:
            self._apply(entry)

    def called(self, known: Accreditation, issuer: str | None = None) -> Labels:
        """The names and the time zone an answer about this accreditation carries; ids where no name is known."""
        decider = issuer or known.authority
        authority = self._authorities.get(decider)
        return Labels(
            organisation_name=known.name or self._organisations.get(known.organisation, (None, ()))[0],
            authority=authority.name if authority else decider,
            scheme=self._schemes.get(known.scheme, known.scheme),
            time_zone=authority.time_zone if authority else "UTC",
        )

    def by_number(self, number: str) -> Accreditation | None:
        return self.accreditations.get(number)

    def decisions(self, known: Accreditation) -> tuple[Decision, ...]:
        return known.decisions

    def mandates(self, known: Accreditation, size: int | None = None) -> list[MandateEvent]:
        members = self.line(known, size)
        events = [event for one in members for event in self._mandates.get((one, known.scheme), [])]
        return sorted(events, key=lambda event: event.index)

    def line(self, known: Accreditation, size: int | None = None) -> set[str]:
        """Everybody who is reached from the opener by what mandates say of whom they succeed."""
        all_of = [event for (_, scheme), some in self._mandates.items() if scheme == known.scheme for event in some]
        seen = [event for event in all_of if size is None or event.index < size]
        found = {known.authority}
        while more := {one.authority for one in seen if found & set(one.succeeds)} - found:
            found |= more
        return found

    def lists_of(self, known: Accreditation) -> Lists:
        released = self._released.get((known.authority, known.scheme), [])
        return Lists(self._cadences.get(known.scheme, []), released)

    def by_key(self, packed: bytes) -> tuple[Accreditation, ...]:
        """The accreditations an identifier or domain leads to (rule 2), by number."""
        key = next((key for key in (*self._by_key, *self._by_verified) if pack(key) == packed), None)
        if key is None:
            return ()
        numbers: Iterable[str] = self._by_key.get(key)
        if not numbers:
            owners = self._by_verified.get(key)
            numbers = (number for owner in owners for number in self._numbers_of.get(owner, ()))
        return tuple(self.accreditations[number] for number in sorted(numbers))

    def _apply(self, entry: Entry) -> None:  # noqa: C901  one case for each kind, as the log has them
        match entry.leaf.kind, entry.body:
            case "decision", None:
                if number := self._subjects.get(entry.leaf.subject):
                    self._erase(self.accreditations[number])
                else:
                    self._lost.add(entry.leaf.subject)
            case _, None:
                pass
            case "decision", body:
                self._decide(entry, body)
            case "organisation", body:
                self._organisation(body["data"])
                self._described_by[body["data"]["id"]] = body["event_id"]
            case "authority", body:
                self._authority(body["data"])
            case "scheme", body:
                self._scheme(body["data"], entry)
            case "list", body:
                key = (body["data"]["authority"], body["data"]["scheme"])
                self._released.setdefault(key, []).append(Released.from_body(body["data"], entry.index))
            case "mandate", body:
                key = (body["data"]["authority"], body["data"]["scheme"])
                self._mandates.setdefault(key, []).append(MandateEvent.from_body(body["data"], entry.index))
            case "erasure", body:
                self._erasure(frozenset(body["data"]["event_ids"]))

    def _decide(self, entry: Entry, body: Body) -> None:
        known = self.accreditations.get(body["number"]) or self._opened(body)
        self._subjects[entry.leaf.subject] = known.number
        if entry.leaf.subject in self._lost:
            self._erase(known)
        if known.erased:
            return
        decision = Decision.from_body(body, entry.index, self._listed(body, known.number))
        known.decisions += (self._shared(decision, known.number),)
        if organisation := body.get("accreditation", {}).get("organisation"):
            known.name = display_name(organisation["names"])
            self._by_key.move(known.number, known.keys, keys := tuple(_stated_keys(organisation)))
            known.keys = keys

    def _opened(self, body: Body) -> Accreditation:
        share = sys.intern
        number, organisation = body["number"], body["organisation"]
        known = Accreditation(number, organisation, share(body["authority"]), share(body["scheme"]))
        self.accreditations[number] = known
        self._numbers_of[organisation] = (*self._numbers_of.get(organisation, ()), number)
        return known

    def _shared(self, decision: Decision, number: str) -> Decision:
        """The same decision, its repeated texts and scope held once in memory."""
        share, generation = sys.intern, decision.generation
        if generation is not None:
            generation = replace(
                generation,
                event_id=decision.event_id,
                scope=self._scopes.setdefault(generation.scope, generation.scope),
                status_uri=share(generation.status_uri),
            )
        word = decision.local_word
        return replace(
            decision,
            number=number,
            act=share(decision.act),
            local_word=None if word is None else share(word),
            generation=generation,
        )

    def _listed(self, body: Body, number: str) -> Standing | None:
        """Rule 3; a number whose mapping is not logged yet is remembered."""
        if "local_word" not in body:
            return None
        version = (body["scheme"], body.get("mapping_version", ""))
        self._cited[body["event_id"]] = version
        mapping = self._mappings.get(version)
        if mapping is None:
            self._unmapped.setdefault(version, []).append(number)
            return None
        return mapping.get(body["local_word"])

    def _scheme(self, data: Body, entry: Entry) -> None:
        self._schemes[data["id"]] = data["name"]
        said = Cadence(data.get("cadence_days"), entry.leaf.recorded_at, entry.index)
        self._cadences.setdefault(data["id"], []).append(said)
        if "mappings" not in data:
            return
        version = (data["id"], data.get("mapping_version", ""))
        named = ((entry["word"], _STANDINGS.get(entry["standing"])) for entry in data["mappings"])
        mapping = self._mappings.setdefault(version, {word: standing for word, standing in named if standing})
        for number in self._unmapped.pop(version, ()):
            known = self.accreditations[number]
            known.decisions = tuple(
                replace(decision, listed=mapping.get(decision.local_word))
                if decision.local_word is not None and self._cited[decision.event_id] == version
                else decision
                for decision in known.decisions
            )

    def _authority(self, data: Body) -> None:
        zone = data["time_zone"]
        self._authorities[data["id"]] = Authority(data["name"], zone if _is_zone(zone) else "UTC")

    def _organisation(self, data: Body) -> None:
        keys = tuple(_key(entry) for entry in data.get("identifiers", ()) if entry["verified"])
        self._by_verified.move(data["id"], self._organisations.get(data["id"], (None, ()))[1], keys)
        self._organisations[data["id"]] = (display_name(data["names"]), keys)

    def _erasure(self, event_ids: frozenset[str]) -> None:
        for known in self.accreditations.values():
            if any(decision.event_id in event_ids for decision in known.decisions):
                self._erase(known)
        for organisation, event_id in self._described_by.items():
            if event_id in event_ids:
                self._by_verified.move(organisation, self._organisations.pop(organisation, (None, ()))[1], ())

    def _erase(self, known: Accreditation) -> None:
        self._by_key.move(known.number, known.keys, ())
        known.erased, known.decisions, known.name, known.keys = True, (), None, ()


class Index:
    """Key -> the ids found by it, each list short and without repeats."""

    def __init__(self) -> None:
        self._found: dict[Key, tuple[str, ...]] = {}

    def __iter__(self) -> Iterator[Key]:
        return iter(self._found)

    def get(self, key: Key) -> tuple[str, ...]:
        """The ids under a key."""
        return self._found.get(key, ())

    def move(self, owner: str, old: Iterable[Key], new: Iterable[Key]) -> None:
        """Take an id from its old keys and put it under its new ones."""
        for key in old:
            left = tuple(other for other in self.get(key) if other != owner)
            if left:
                self._found[key] = left
            else:
                self._found.pop(key, None)
        for key in new:
            if owner not in self.get(key):
                self._found[key] = (*self.get(key), owner)


def pack(key: Key) -> bytes:
    """The packed form of a key that is written the way it is written here."""
    scheme, value = key
    return keys.identifier_key(scheme, value) if scheme else keys.domain_key(value)


def identifier_key(scheme: str, value: str) -> Key:
    """The key of an identifier: case and spaces do not matter."""
    return scheme.strip().casefold(), "".join(value.split()).casefold()


def domain_key(domain: str) -> Key:
    """The key of a web domain, in ASCII form (IDNA) where it has one."""
    name = domain.strip().rstrip(".").lower()
    try:
        return "", name.encode("idna").decode("ascii")
    except UnicodeError:
        return "", name


def display_name(names: Iterable[Body]) -> str | None:
    """The name an answer shows: legal before trading before others, current before ended, Latin script first."""
    order = {"legal": 0, "trading": 1, "alias": 2, "former": 3}
    best = min(
        names,
        key=lambda name: (order.get(name["kind"], 4), "valid_until" in name, name["script"] != "Latn"),
        default=None,
    )
    return None if best is None else str(best["text"])


def _key(identifier: Body) -> Key:
    return identifier_key(identifier["scheme"], identifier["value"])


def _stated_keys(organisation: Body) -> Iterator[Key]:
    yield from (_key(identifier) for identifier in organisation.get("identifiers", ()))
    yield from (domain_key(domain) for domain in organisation.get("domains", ()))


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return False
    return True
