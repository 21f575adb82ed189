"""What clients may put into an act of administration, checked field by field and brought into canonical form.

The canonical form is what an approver's digest covers: everything that will be done, and nothing else. What depends on
what stands already (`schemes.service`, `doing.py`) is not checked here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from goodstanding import bodies
from goodstanding.bodies import as_set
from goodstanding.canonical import format_time
from goodstanding.mandates import ENDS
from goodstanding.transitions import Standing
from registry.access.model import Role
from registry.accreditations.drafts import check_year, visible
from registry.accreditations.model import act_named
from registry.checks import at_most, member
from registry.errors import Invalid

MAX_ITEMS = 200  # acts, words, criteria; an event holds no more
MAX_INDICATORS = 50
MAX_ID = 200
_VERSION, _WORD, _TEXT = bodies.text(40), bodies.text(200), bodies.text(400)


@dataclass(frozen=True, slots=True)
class MandateDraft:
    """A mandate to be given; with the beginning of one that has ended, that one is given again."""

    authority: str
    scheme: str
    acts: Sequence[str]
    valid_from: datetime
    reason: str
    valid_until: datetime | None = None

    def content(self) -> dict[str, Any]:
        """The canonical content; Invalid."""
        at_most("acts", self.acts, MAX_ITEMS)
        made = {"act": "give_mandate", "authority": self.authority, "scheme": self.scheme}
        ends = {} if self.valid_until is None else {"until": _time("validUntil", self.valid_until)}
        acts = as_set(_act(f"acts[{at}]", act) for at, act in enumerate(self.acts))
        return made | {"acts": acts, "from": _time("validFrom", self.valid_from)} | ends | _reason(self.reason)


@dataclass(frozen=True, slots=True)
class MandateEndDraft:
    """The end of a mandate, with the approval."""

    mandate: str
    end: str
    reason: str
    suspect_from: datetime | None = None

    def content(self) -> dict[str, Any]:
        """The canonical content; Invalid."""
        end = self.end.strip().lower()[:40]
        member("end", bodies.one_of(*ENDS), end)
        made = {"act": "end_mandate", "mandate": self.mandate, "end": end}
        since = {} if self.suspect_from is None else {"suspect_from": _time("suspectFrom", self.suspect_from)}
        return made | since | _reason(self.reason)


@dataclass(frozen=True, slots=True)
class SuccessionDraft:
    """An authority that takes over what another had decided under a scheme, with the approval; by its mandate."""

    mandate: str
    predecessor: str
    reason: str

    def content(self) -> dict[str, Any]:
        """The canonical content; Invalid."""
        member("predecessor", bodies.identifier, self.predecessor)
        return {"act": "succeed", "mandate": self.mandate, "predecessor": self.predecessor} | _reason(self.reason)


@dataclass(frozen=True, slots=True)
class MappingsDraft:
    """A new version of what a scheme's local words mean: (word, standing)."""

    scheme: str
    version: str
    mappings: Sequence[tuple[str, str]]
    reason: str

    def content(self) -> dict[str, Any]:
        """The canonical content; Invalid."""
        at_most("mappings", self.mappings, MAX_ITEMS)
        if not self.mappings:
            raise Invalid("A mapping maps at least one word.", field="mappings")
        words = [_mapping(f"mappings[{at}]", word, standing) for at, (word, standing) in enumerate(self.mappings)]
        _once("mappings", [entry["word"] for entry in words])
        made = {"act": "set_mappings", "scheme": self.scheme, "version": _version(self.version)}
        return made | {"mappings": as_set(words)} | _reason(self.reason)


@dataclass(frozen=True, slots=True)
class CriterionDraft:
    """One criterion as a client states it."""

    code: str
    title: str
    indicators: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class CriteriaDraft:
    """A new version of a scheme's criteria."""

    scheme: str
    version: str
    criteria: Sequence[CriterionDraft]
    reason: str
    assessment_required: bool = False

    def content(self) -> dict[str, Any]:
        """The canonical content; Invalid."""
        at_most("criteria", self.criteria, MAX_ITEMS)
        if not self.criteria:
            raise Invalid("A version of the criteria holds at least one.", field="criteria")
        criteria = [_criterion(f"criteria[{at}]", one) for at, one in enumerate(self.criteria)]
        _once("criteria", [entry["code"] for entry in criteria])
        made = {"act": "publish_criteria", "scheme": self.scheme, "version": _version(self.version)}
        required = {"assessment_required": True} if self.assessment_required else {}
        return made | {"criteria": as_set(criteria)} | required | _reason(self.reason)


@dataclass(frozen=True, slots=True)
class CadenceDraft:
    """Within how many days the lists of a scheme come out again; None: nothing is said any more."""

    scheme: str
    days: int | None
    reason: str

    def content(self) -> dict[str, Any]:
        """The canonical content; Invalid."""
        made: dict[str, Any] = {"act": "set_cadence", "scheme": self.scheme}
        if self.days is not None:
            member("days", bodies.whole(1, bodies.MAX_CADENCE), self.days)
            made["days"] = self.days
        return made | _reason(self.reason)


@dataclass(frozen=True, slots=True)
class RoleDraft:
    """A role to be granted to a member at an authority, or withdrawn."""

    authority: str
    member: str
    role: str
    reason: str
    withdraw: bool = False

    def content(self) -> dict[str, Any]:
        """The canonical content; Invalid."""
        if not 0 < len(self.member) <= MAX_ID or not self.member.isprintable():
            raise Invalid(f"member is the id of one: 1 to {MAX_ID} printable characters.", field="member")
        role = self.role.strip().lower().replace("_", "-")[:60]
        if role not in set(Role):
            raise Invalid(f"There is no role {role!r}; known: {', '.join(Role)}.", field="role")
        made = {"act": "withdraw_role" if self.withdraw else "grant_role", "authority": self.authority}
        return made | {"member": self.member, "role": role} | _reason(self.reason)


Draft = MandateDraft | MandateEndDraft | SuccessionDraft | MappingsDraft | CriteriaDraft | CadenceDraft | RoleDraft


def _reason(text: str) -> dict[str, str]:
    reason = text.strip()
    member("reason", bodies.code, reason)
    return {"reason": reason}


def _version(text: str) -> str:
    version = visible("version", text)
    member("version", _VERSION, version)
    return version


def _time(field: str, when: datetime) -> str:
    check_year(field, when)
    return format_time(when)


def _act(field: str, text: str) -> str:
    row = act_named(text)
    if row is None:
        raise Invalid(f"{text[:40]!r} is not an act.", field=field)
    return row.act


def _mapping(field: str, word: str, standing: str) -> dict[str, str]:
    made = {"word": visible(f"{field}.word", word), "standing": standing.strip().upper()[:40]}
    member(f"{field}.word", _WORD, made["word"])
    if made["standing"] not in Standing.__members__:
        known = ", ".join(Standing)
        raise Invalid(f"{made['standing']!r} is no standing; known: {known}.", field=f"{field}.standing")
    return made


def _criterion(field: str, draft: CriterionDraft) -> dict[str, Any]:
    made: dict[str, Any] = {"code": draft.code.strip(), "title": visible(f"{field}.title", draft.title)}
    member(f"{field}.code", bodies.code, made["code"])
    member(f"{field}.title", _TEXT, made["title"])
    at_most(f"{field}.indicators", draft.indicators, MAX_INDICATORS)
    indicators = []
    for at, text in enumerate(draft.indicators):
        indicators.append(visible(f"{field}.indicators[{at}]", text))
        member(f"{field}.indicators[{at}]", _TEXT, indicators[-1])
    return made | ({"indicators": as_set(indicators)} if indicators else {})


def _once(field: str, names: Sequence[str]) -> None:
    if twice := next((name for at, name in enumerate(names) if name in names[:at]), None):
        raise Invalid(f"{field} names {twice[:60]!r} twice.", field=field)
