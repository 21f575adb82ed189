"""Who may read what is not public, and which reads are noted. It is data; `docs/roles.md` shows it.

Rules
1. Everybody reads what is public: what is logged, and what lowers trust before it is. Nobody needs a role for that.
2. A role opens restricted data of the authority it is held at, and nothing at another one. Suspected successors alone are
   for regulators wherever they are: whoever succeeds somebody elsewhere does so to get away.
3. What a signal says is given to a member as well, whatever its role (`registry/signals/model.py`).
4. A subscriber is told of changes to what is public, and sees no more than anybody.
5. A read that is noted says who read what of which authority and when, before it is answered: once a request and kind, of
   people once for each organisation.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from registry.access.model import STAFF, Actor, Role

MAX_SUBJECTS: Final = 5_000  # ids in one note: no answer holds more items


class Kind(StrEnum):
    """A kind of restricted data."""

    UNLOGGED = "unlogged"
    PROPOSALS = "proposals"
    LISTS = "lists"
    ERASURES = "erasures"
    PEOPLE = "people"
    ASSESSMENTS = "assessments"
    SIGNALS = "signals"
    SIGNALS_OF_ABUSE = "signals-of-abuse"
    REPORTERS = "reporters"
    RESTRICTED_TEXTS = "restricted-texts"
    SUSPECTED_SUCCESSORS = "suspected-successors"
    ACCESS_LOG = "access-log"


@dataclass(frozen=True, slots=True)
class Restricted:
    """One kind of restricted data: for which roles, and whether reading it is noted."""

    kind: Kind
    words: str
    readers: frozenset[Role]
    noted: bool = False


RESTRICTED: Final = (
    Restricted(Kind.UNLOGGED, "applications, and decisions that are not logged yet", STAFF),
    Restricted(Kind.PROPOSALS, "proposals", STAFF),
    Restricted(Kind.LISTS, "uploaded lists, and what became of their rows", STAFF),
    Restricted(Kind.ERASURES, "erasures that were asked for", STAFF),
    Restricted(Kind.PEOPLE, "people behind organisations", frozenset({Role.REGISTRAR, Role.REGULATOR}), noted=True),
    Restricted(
        Kind.ASSESSMENTS,
        "self-assessments, assessments with their findings, and what is due for surveillance",
        STAFF | {Role.REGULATOR},
    ),
    Restricted(Kind.SIGNALS, "what signals say", STAFF | {Role.REGULATOR}, noted=True),
    Restricted(
        Kind.SIGNALS_OF_ABUSE,
        "what signals of sexual exploitation or abuse say, and who reported them",
        frozenset({Role.REGULATOR}),
        noted=True,
    ),
    Restricted(
        Kind.REPORTERS, "who reported any other signal", frozenset({Role.REGISTRAR, Role.REGULATOR}), noted=True
    ),
    Restricted(
        Kind.RESTRICTED_TEXTS,
        "restricted texts of decisions, and of proposals to those who see them",
        STAFF | {Role.REGULATOR},
        noted=True,
    ),
    Restricted(Kind.SUSPECTED_SUCCESSORS, "suspected successors", frozenset({Role.REGULATOR}), noted=True),
    Restricted(
        Kind.ACCESS_LOG, "the notes of who has read what", frozenset({Role.AUTHORITY_ADMIN, Role.REGULATOR}), noted=True
    ),
)
_BY_KIND: Final = {one.kind: one for one in RESTRICTED}


def readers(kind: Kind) -> frozenset[Role]:
    """The roles that open a kind of restricted data."""
    return _BY_KIND[kind].readers


def reads_at(actor: Actor, kind: Kind) -> frozenset[str]:
    """The authorities whose data of this kind the actor's roles open."""
    return frozenset(authority for authority, role in actor.roles if role in readers(kind))


@dataclass(frozen=True, slots=True)
class Note:
    """A read of restricted data, as it is kept."""

    actor: str
    kind: str
    authority_id: str
    subjects: tuple[str, ...]  # ids of what was shown
    at: datetime
    organisation_id: str | None = None  # people: whose


class Notes:
    """What one request has read of restricted data, until it is written down (rule 5)."""

    def __init__(self) -> None:
        self._read: dict[tuple[Kind, str, str | None], dict[str, None]] = {}

    def add(self, kind: Kind, authority: str, subjects: Iterable[str] = (), *, organisation: str | None = None) -> None:
        """Something of an authority's is about to be shown."""
        self._read.setdefault((kind, authority, organisation), {}).update(dict.fromkeys(subjects))

    def taken(self, actor: Actor, at: datetime) -> list[Note]:
        """The notes to write, which are then no longer here."""
        read, self._read = self._read, {}
        return [
            Note(actor.sub, kind, authority, tuple(sorted(subjects))[:MAX_SUBJECTS], at, organisation)
            for (kind, authority, organisation), subjects in read.items()
        ]
