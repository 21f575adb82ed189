"""What a row of a list says, and what becomes of it. Pure.

Rules
1. Every row has one outcome: accepted, held (a person must look) or rejected (it cannot be read as a listing).
2. Runs of white space, case, and "&" against "and" are not changes: keys and words are compared without them.
3. The rows of one accreditation agree in word and name, or all of them are held. Repeating a row changes nothing.
4. What a listed accreditation's rows come to is in `difference.py`.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from goodstanding.canonical import b64u, canonical_bytes
from goodstanding.transitions import Standing
from registry.organisations.model import Draft, IdentifierDraft, NameDraft
from registry.organisations.scripts import mixed_word, refused_character
from registry.schemes.model import Scheme

MAX_SCOPE = 4_000  # bytes of an accreditation's activities as JSON, so that its event body stays within its bound
MAX_REASON = 300  # characters of a stored reason
_SHOWN = 60  # characters of a value quoted in a reason

_WHITE = re.compile(r"[ \t\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]+")


Key = tuple[str, str]  # scheme id, source key


class Outcome(StrEnum):
    """What becomes of a row."""

    ACCEPTED = "ACCEPTED"
    HELD = "HELD"
    REJECTED = "REJECTED"


class RowRefused(Exception):
    """A row that cannot be accepted: held or rejected, with the reason a person reads."""

    def __init__(self, outcome: Outcome, reason: str) -> None:
        super().__init__(reason)
        self.outcome = outcome
        self.reason = reason[:MAX_REASON]


def held(reason: str) -> RowRefused:
    """A row a person must look at."""
    return RowRefused(Outcome.HELD, reason)


def rejected(reason: str) -> RowRefused:
    """A row that is no listing."""
    return RowRefused(Outcome.REJECTED, reason)


@dataclass(frozen=True, slots=True)
class Claim:
    """What one row says: this organisation stands under this scheme with this local word."""

    scheme_id: str
    source_key: str  # the organisation, in this source; at most 400 characters
    name: str
    kind: str  # recruiter | employer
    jurisdiction: str
    word: str
    identifier: tuple[str, str] | None = None  # scheme, value
    activity: str | None = None
    place: str | None = None  # as published, to tell organisations of one name apart

    def draft(self) -> Draft:
        """The organisation it names."""
        identifiers = [IdentifierDraft(*self.identifier)] if self.identifier else []
        return Draft(self.kind, [NameDraft(self.name, "legal")], self.jurisdiction, identifiers)


class Change(StrEnum):
    """How an accreditation in a list differs from what is listed here."""

    NONE = "unchanged"
    NEW = "new"
    GONE = "gone"
    BACK = "back"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a list comes to for one accreditation: a change and the act that makes it; or why it is held."""

    change: Change
    act: str | None = None
    fault: str | None = None


UNCHANGED = Plan(Change.NONE)
NEW = Plan(Change.NEW, "list")


@dataclass(slots=True)
class Listing:
    """One accreditation gathered from its rows."""

    claim: Claim  # of its first row
    rows: list[int]
    activities: dict[str, str]  # as compared -> as first written
    fault: str | None = None  # why its rows are held
    plan: Plan = UNCHANGED  # what releasing them comes to, once compared
    was: str | None = None  # the word it is listed with

    def add(self, row: int, claim: Claim) -> None:
        """Take one more row of the same accreditation (rule 3)."""
        self.rows.append(row)
        if self.fault is None:
            self.fault = self._disagreement(row, claim) or self._take_activity(claim.activity)

    def _disagreement(self, row: int, claim: Claim) -> str | None:
        first, mine = self.rows[0], self.claim
        if alike(claim.word) != alike(mine.word):
            return f"rows {first} and {row} of one accreditation say {shown(mine.word)} and {shown(claim.word)}"
        if (alike(claim.name), claim.jurisdiction) != (alike(mine.name), mine.jurisdiction):
            return f"rows {first} and {row} give one identifier to {shown(mine.name)} and {shown(claim.name)}"
        return None

    def _take_activity(self, activity: str | None) -> str | None:
        if activity is None or (key := alike(activity)) in self.activities:
            return None
        self.activities[key] = activity
        if (size := len(canonical_bytes(list(self.activities.values())))) > MAX_SCOPE:
            return f"the activities of one accreditation take {size} bytes; at most {MAX_SCOPE} fit a record"
        return None


@dataclass(frozen=True, slots=True)
class Refusal:
    """One row that was not accepted."""

    row: int
    outcome: Outcome
    reason: str


@dataclass(slots=True)
class Gathering:
    """All rows of one file by outcome; accepted + held + rejected = rows read (rule 1)."""

    rows: int = 0
    listings: dict[Key, Listing] = field(default_factory=dict)  # accepted or at fault, in the file's order
    refusals: list[Refusal] = field(default_factory=list)  # rows refused on their own
    unread: set[str] = field(default_factory=set)  # source keys they seem to have: named, and so not absent

    def take(self, row: int, claim: Claim) -> None:
        """Count a readable row towards its accreditation."""
        self.rows += 1
        key = (claim.scheme_id, claim.source_key)
        listing = self.listings.get(key)
        if listing is None:
            listing = self.listings[key] = Listing(claim, [], {})
        listing.add(row, claim)

    def refuse(self, row: int, refused: RowRefused, source_key: str | None = None) -> None:
        """Count a row that was refused on its own, and whom it seems to be about."""
        self.rows += 1
        self.unread |= {source_key} if source_key else set()
        self.refusals.append(Refusal(row, refused.outcome, refused.reason))

    def names(self, key: Key) -> bool:
        """Whether the list says anything about an accreditation, be it held or not to be read."""
        return key in self.listings or key[1] in self.unread

    def good(self) -> Iterator[Listing]:
        """The accreditations whose rows are accepted."""
        return (listing for listing in self.listings.values() if listing.fault is None)

    def refused(self) -> Iterator[Refusal]:
        """Every row that is held or rejected, those of whole accreditations included."""
        yield from self.refusals
        for listing in self.listings.values():
            if listing.fault is not None:
                reason = listing.fault[:MAX_REASON]
                yield from (Refusal(row, Outcome.HELD, reason) for row in listing.rows)


def hold_unlistable(gathering: Gathering, schemes: Mapping[str, str | None]) -> None:
    """Hold every accreditation under a scheme that is absent here; a value says why a known one cannot be used."""
    for listing in gathering.good():
        scheme = listing.claim.scheme_id
        if scheme not in schemes:
            listing.fault = f"the scheme {shown(scheme)} is not known here"
        elif (why := schemes[scheme]) is not None:
            listing.fault = why


@dataclass(frozen=True, slots=True)
class StagedListing:
    """One accreditation to be listed or changed, as it waits for release."""

    n: int  # place in the file's order, from 1; what the file does not name comes last
    claim: Claim  # of what the file does not name: what was listed
    activities: tuple[str, ...]
    rows: tuple[int, ...]
    plan: Plan = NEW
    was: str | None = None  # the word it was listed with when the list was staged

    @property
    def key(self) -> Key:
        """Under which it is or will be listed."""
        return (self.claim.scheme_id, self.claim.source_key)

    def data(self) -> dict[str, Any]:
        """What is stored beside the key."""
        claim = self.claim
        facts = {
            "name": claim.name,
            "kind": claim.kind,
            "jurisdiction": claim.jurisdiction,
            "identifiers": [list(claim.identifier)] if claim.identifier else [],
            "local_word": claim.word,
            "scope": {"activities": list(self.activities)},
            "rows": list(self.rows),
        }
        facts |= {"change": str(self.plan.change)} if self.plan != NEW else {}
        facts |= {"was": self.was} if self.was is not None else {}
        return {**facts, "place": claim.place} if claim.place else facts

    @classmethod
    def read(cls, n: int, key: Key, data: Mapping[str, Any], act: str | None = None) -> "StagedListing":
        """The inverse of ``data``."""
        identifier = next(((scheme, value) for scheme, value in data["identifiers"]), None)
        claim = Claim(
            scheme_id=key[0],
            source_key=key[1],
            name=data["name"],
            kind=data["kind"],
            jurisdiction=data["jurisdiction"],
            word=data["local_word"],
            identifier=identifier,
            place=data.get("place"),
        )
        plan = Plan(Change(data.get("change", Change.NEW)), act or NEW.act)
        return cls(n, claim, tuple(data["scope"]["activities"]), tuple(data["rows"]), plan, data.get("was"))


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What a scheme's local words mean."""

    version: str  # of the scheme
    mapping_version: str | None
    standings: Mapping[str, Standing]  # local word -> canonical standing

    def spelled(self) -> dict[str, str]:
        """Each word as it is compared -> the scheme's own spelling."""
        return {alike(word): word for word in self.standings}


def vocabulary_of(scheme: Scheme) -> Vocabulary:
    """The vocabulary a scheme states."""
    standings = {mapping["word"]: Standing(mapping["standing"]) for mapping in scheme.mappings}
    return Vocabulary(scheme.version, scheme.mapping_version, standings)


def clean(column: str, value: str, most: int, *, optional: bool = False) -> str:
    """A field with its white space made single; RowRefused when it is empty, too long or holds control characters."""
    text = unicodedata.normalize("NFC", _WHITE.sub(" ", value).strip(" "))
    if not text and not optional:
        raise rejected(f"{column} is empty")
    if not (text.isascii() and text.isprintable()) and (character := refused_character(text)) is not None:
        raise rejected(f"{column} holds {character}")
    if (size := len(text.encode())) > most:
        raise rejected(f"{column} is {size} bytes long; at most {most} are accepted")
    return text


def clean_name(column: str, value: str, most: int) -> str:
    """A name of an organisation, as `clean`; RowRefused also when a word of it mixes scripts that look alike."""
    text = clean(column, value, most)
    if (mixed := mixed_word(text)) is not None:
        raise rejected(f"{column} has the word {shown(mixed[0])}, which mixes letters of {' and '.join(mixed[1])}")
    return text


def alike(text: str) -> str:
    """The form in which two spellings are compared (rule 2)."""
    folded = unicodedata.normalize("NFKC", text).casefold().replace("&", " and ")
    return _WHITE.sub(" ", folded).strip(" ")


def key_of(parts: Iterable[str]) -> str:
    """A fixed-length key of an organisation from what tells it apart, compared as in rule 2."""
    joined = "\x1f".join(alike(part) for part in parts)
    return b64u(hashlib.sha256(joined.encode()).digest())


def shown(value: str) -> str:
    """A value quoted in a reason, cut where it is long."""
    return f'"{value}"' if len(value) <= _SHOWN else f'"{value[:_SHOWN]}…"'
