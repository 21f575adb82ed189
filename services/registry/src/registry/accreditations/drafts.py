"""What clients may put into an application and a proposal, checked field by field and brought into canonical form.

The checks of form are those of the event body; what depends on the act's row or on other values is checked here.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from goodstanding import bodies
from goodstanding.bodies import as_set
from goodstanding.canonical import b64u, format_time
from goodstanding.standing import Scope
from goodstanding.transitions import Actor, Effect, MeasureKind, Standing, Transition
from registry.accreditations.model import scope_object
from registry.checks import at_most, country, member, number
from registry.errors import Invalid
from registry.organisations.scripts import refused_character, tidy

MAX_ITEMS = 100  # of each dimension of a scope
MAX_CONDITIONS = 50
MAX_EVIDENCE = 50
MAX_CORRECTED = 50
REDIRECTING = frozenset({"merge", "split"})
MAX_RESTRICTED = 20_000  # characters

_FIRST_YEAR, _LAST_YEAR = 1900, 2200
_TEXT = bodies.text(120)
_NOT_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")  # line breaks and tabs are text here


@dataclass(frozen=True, slots=True)
class ScopeDraft:
    """A scope as a client states it; corridors are (origin, destination)."""

    activities: Sequence[str] = ()
    sectors: Sequence[str] = ()
    corridors: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class ConditionDraft:
    """A condition as a client states it; the deadline is its last day."""

    code: str
    text: str
    deadline: date | None = None
    met: bool = False


@dataclass(frozen=True, slots=True)
class DecisionDraft:
    """A decision as a client proposes it. Days are local days of the authority; `evidence` are SHA-256 digests."""

    number: str
    act: str
    reason: str
    legal_basis: str | None = None
    effective_from: datetime | None = None
    effective_until: datetime | None = None
    closes: str | None = None
    corrects: Sequence[str] | None = None
    measure: str | None = None
    suspensive: bool | None = None
    evidence: Sequence[bytes] | None = None
    scope: ScopeDraft | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    conditions: Sequence[ConditionDraft] | None = None
    redirect: str | None = None
    ruling_hash: bytes | None = None
    public_text: str | None = None
    restricted_text: str | None = None
    assessment: str | None = None


_BY_ROW = {  # members only some acts take, by the name clients use
    "scope": "scope",
    "validFrom": "valid_from",
    "validUntil": "valid_until",
    "conditions": "conditions",
    "measure": "measure",
    "effectiveUntil": "effective_until",
    "closes": "closes",
    "corrects": "corrects",
    "suspensive": "suspensive",
    "redirect": "redirect",
    "rulingHash": "ruling_hash",
}


_NOT_SAID: tuple[Any, ...] = (None, False, (), [])


def content_of(draft: DecisionDraft, row: Transition, *, scope: Mapping[str, Any] | None) -> dict[str, Any]:
    """The content of a proposal; `scope` is what it covers where none is stated, None where it opens no generation.

    Raises Invalid naming the client's field.
    """
    _only_what_fits(draft, row)
    made: dict[str, Any] = {"number": draft.number, "act": row.act, "reason": draft.reason.strip()}
    member("reason", bodies.code, made["reason"])
    made |= _texts(draft)
    made |= _times(draft)
    made |= _measure(draft)
    made |= _references(draft)
    if draft.evidence:
        made["evidence"] = evidence_of(draft.evidence)
    if scope is not None:
        made |= _claims(draft, scope)
    elif draft.scope is not None:
        raise Invalid(f"Nothing stays in force after this {row.act} whose scope could be stated.", field="scope")
    return made


def scope_of(draft: ScopeDraft, field: str = "scope") -> dict[str, Any]:
    """A scope in the form bodies have it."""
    at_most(f"{field}.corridors", draft.corridors, MAX_ITEMS)
    corridors = frozenset(
        (country(origin, f"{field}.corridors[{at}].origin"), country(to, f"{field}.corridors[{at}].destination"))
        for at, (origin, to) in enumerate(draft.corridors)
    )
    activities = _words(f"{field}.activities", draft.activities)
    sectors = _words(f"{field}.sectors", draft.sectors)
    return scope_object(Scope(activities, sectors, corridors))


def _only_what_fits(draft: DecisionDraft, row: Transition) -> None:
    takes, needs = taken_by(row), needed_by(row)
    for field, name in _BY_ROW.items():
        given = getattr(draft, name) not in _NOT_SAID
        if given and field not in takes:
            raise Invalid(f"{row.act} takes no {field}; leave it out.", field=field)
        if not given and field in needs:
            raise Invalid(f"{row.act} needs {field}.", field=field)


def taken_by(row: Transition) -> frozenset[str]:
    """The members that only some acts take, by the name clients use, of those this one takes."""
    takes = set()
    if row.opens_generation:
        takes |= {"scope", "validFrom", "validUntil", "conditions"}
    if row.effect is Effect.OPENS_MEASURE and row.measure not in (MeasureKind.REVOCATION, MeasureKind.RENEWAL):
        takes.add("effectiveUntil")
    if row.target is Standing.DEFERRED:
        takes.add("effectiveUntil")  # its deadline
    if row.measure is MeasureKind.SUSPENSION and row.effect is Effect.OPENS_MEASURE:
        takes.add("measure")
    if row.measure is MeasureKind.APPEAL and row.effect is Effect.OPENS_MEASURE:
        takes.add("suspensive")
    if row.effect is Effect.CLOSES_MEASURE:
        takes.add("closes")
    if Actor.TRIBUNAL in row.actors:
        takes.add("rulingHash")
    return frozenset(takes) | needed_by(row)


def needed_by(row: Transition) -> frozenset[str]:
    """Those of them without which it cannot be proposed. What a closing act closes is asked for by the table."""
    needs = set()
    if row.ends:
        needs.add("effectiveUntil")
    if row.effect is Effect.VOIDS:
        needs.add("corrects")
    if row.act in REDIRECTING:
        needs.add("redirect")
    if row.measure is MeasureKind.CONDITION and row.effect is Effect.OPENS_MEASURE:
        needs.add("conditions")
    if row.actors == {Actor.TRIBUNAL}:
        needs.add("rulingHash")
    return frozenset(needs)


def _texts(draft: DecisionDraft) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for field, name, most in (("legalBasis", "legal_basis", 400), ("publicText", "public_text", 1024)):
        text = getattr(draft, name)
        if text is not None and text.strip():
            made[name] = visible(field, text)
            member(field, bodies.text(most), made[name])
    if draft.restricted_text:
        made["restricted_text"] = long_text("restrictedText", draft.restricted_text, MAX_RESTRICTED)
    return made


def _times(draft: DecisionDraft) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for field, name in (("effectiveFrom", "effective_from"), ("effectiveUntil", "effective_until")):
        moment = getattr(draft, name)
        if moment is not None:
            check_year(field, moment)
            made[name] = format_time(moment)
    if "effective_from" in made and "effective_until" in made and made["effective_until"] <= made["effective_from"]:
        raise Invalid("effectiveUntil must be later than effectiveFrom.", field="effectiveUntil")
    return made


def _measure(draft: DecisionDraft) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if draft.measure is not None:
        made["measure"] = draft.measure.strip().lower()
        member("measure", bodies.one_of("disciplinary", "preventive", "administrative"), made["measure"])
    if draft.closes is not None:
        made["closes"] = draft.closes.strip().lower()
        member("closes", bodies.uuid7, made["closes"])
    return made


def _references(draft: DecisionDraft) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if draft.corrects:
        at_most("corrects", draft.corrects, MAX_CORRECTED)
        made["corrects"] = as_set(one.strip().lower() for one in draft.corrects)
        member("corrects", bodies.set_of(bodies.uuid7), made["corrects"])
    if draft.suspensive:
        made["suspensive"] = True
    if draft.redirect is not None:
        made["redirect"] = number(draft.redirect, "redirect")
        if made["redirect"] == draft.number:
            raise Invalid("redirect names another accreditation, not this one.", field="redirect")
    if draft.ruling_hash is not None:
        (made["ruling_hash"],) = _hashes("rulingHash", [draft.ruling_hash])
    return made


def evidence_of(digests: Sequence[bytes], field: str = "evidence") -> list[str]:
    """SHA-256 digests of documents in the form they are kept in; Invalid for too many, and for what is none."""
    at_most(field, digests, MAX_EVIDENCE)
    return as_set(hashed for at, digest in enumerate(digests) for hashed in _hashes(f"{field}[{at}]", [digest]))


def _hashes(field: str, digests: Sequence[bytes]) -> list[str]:
    for digest in digests:
        if len(digest) != 32:
            raise Invalid(
                f"{field} has {len(digest)} bytes; send the 32 bytes of a SHA-256 hash of the document.", field=field
            )
    return [b64u(digest) for digest in digests]


def _claims(draft: DecisionDraft, scope: Mapping[str, Any]) -> dict[str, Any]:
    """Scope, validity and conditions; days stay days (rule 3 of the model)."""
    made: dict[str, Any] = {"scope": dict(scope) if draft.scope is None else scope_of(draft.scope)}
    for field, name in (("validFrom", "valid_from"), ("validUntil", "valid_until")):
        day = getattr(draft, name)
        if day is not None:
            check_year(field, day)
            made[name] = day.isoformat()
    if "valid_from" in made and "valid_until" in made and made["valid_until"] < made["valid_from"]:
        raise Invalid("validUntil, the last valid day, must not lie before validFrom.", field="validUntil")
    if draft.conditions:
        at_most("conditions", draft.conditions, MAX_CONDITIONS)
        made["conditions"] = [_condition(f"conditions[{at}]", one) for at, one in enumerate(draft.conditions)]
    return made


def _condition(field: str, draft: ConditionDraft) -> dict[str, Any]:
    made: dict[str, Any] = {"code": draft.code.strip(), "text": visible(f"{field}.text", draft.text)}
    member(f"{field}.code", bodies.code, made["code"])
    member(f"{field}.text", bodies.text(1024), made["text"])
    if draft.deadline is not None:
        check_year(f"{field}.deadline", draft.deadline)
        made["deadline"] = draft.deadline.isoformat()
    if draft.met:
        made["met"] = True
    return made


def _words(field: str, words: Iterable[str]) -> frozenset[str]:
    listed = list(words)
    at_most(field, listed, MAX_ITEMS)
    made = []
    for at, word in enumerate(listed):
        made.append(visible(f"{field}[{at}]", word))
        member(f"{field}[{at}]", _TEXT, made[-1])
    return frozenset(made)


def visible(field: str, text: str) -> str:
    """Text of one line without characters nobody sees, tidied."""
    if refused := refused_character(text):
        raise Invalid(f"{field} holds the character {refused}; remove it.", field=field)
    return tidy(text)


def long_text(field: str, text: str, most: int) -> str:
    """Text of several lines, at most so many characters, without other control characters."""
    if len(text) > most:
        raise Invalid(f"{field} has {len(text)} characters; at most {most} are kept.", field=field)
    if _NOT_TEXT.search(text):
        raise Invalid(f"{field} holds a control character; remove it.", field=field)
    return text


def check_year(field: str, when: date) -> None:
    """Invalid for a day that nobody can mean."""
    if not _FIRST_YEAR <= when.year < _LAST_YEAR:
        raise Invalid(f"{field} lies in the year {when.year}; that is probably mistyped.", field=field)
