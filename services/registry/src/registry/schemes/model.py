"""Authorities, schemes, and the mandates without which no authority decides.

Rules
1. An authority acts under a scheme only by a mandate that names the act and is current at the time of deciding.
2. A mandate that has ended in any way allows no new act; what that means for what was decided under it is in
   `goodstanding.mandates`. One that ended may end in another way, when more is known, and may be given again.
3. A scheme maps local words of status to canonical standings; a word without a mapping is unrecognised.
4. Once an authority's mandates have ended, another one with a current mandate may take over what it decided.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from goodstanding.bodies import as_set
from goodstanding.canonical import format_time
from goodstanding.mandates import ENDS, EXPIRED, WITHDRAWN
from goodstanding.transitions import TRANSITIONS, Actor
from registry.errors import Conflict, Forbidden, Invalid

AUTHORITY_KINDS = ("ministry", "accreditation-body", "scheme-owner", "transcriber")
DECIDING_ACTS = tuple(row.act for row in TRANSITIONS if row.actors & {Actor.APPLICANT, Actor.AUTHORITY, Actor.TRIBUNAL})
LISTING_ACTS = tuple(row.act for row in TRANSITIONS if row.actors & {Actor.FEED, Actor.TRANSCRIBER})


@dataclass(frozen=True, slots=True)
class Authority:
    """A ministry, accreditation body, scheme owner, or this registry as transcriber."""

    id: str
    kind: str
    name: str
    jurisdiction: str
    time_zone: str
    entity_id: str


@dataclass(frozen=True, slots=True)
class Scheme:
    """An integrity standard or a national licence."""

    id: str
    name: str
    version: str
    owner_id: str
    criteria: tuple[Mapping[str, Any], ...] = ()  # {code, title, indicators}
    mappings: tuple[Mapping[str, str], ...] = ()  # {word, standing}
    mapping_version: str | None = None
    assessment_required: bool = False  # to be granted anything on an application; said by the version of the criteria
    cadence_days: int | None = None  # within how many days each of its lists comes out again

    @property
    def facts(self) -> dict[str, Any]:
        """The facts of its `scheme` event."""
        made: dict[str, Any] = {"id": self.id, "name": self.name, "version": self.version, "owner": self.owner_id}
        made |= {"criteria": list(self.criteria)} if self.criteria else {}
        made |= {"assessment_required": True} if self.assessment_required else {}
        made |= {"mappings": list(self.mappings)} if self.mappings else {}
        made |= {"mapping_version": self.mapping_version} if self.mapping_version else {}
        return made | ({"cadence_days": self.cadence_days} if self.cadence_days else {})


@dataclass(frozen=True, slots=True)
class NamedScheme:
    """What is read of a scheme where it is only named."""

    id: str
    name: str
    version: str
    owner_id: str
    assessment_required: bool
    cadence_days: int | None


@dataclass(frozen=True, slots=True)
class Mandate:
    """What an authority may do under a scheme, from when to when."""

    id: str
    authority_id: str
    scheme_id: str
    acts: frozenset[str]
    valid_from: datetime
    valid_until: datetime | None = None  # exclusive
    ended_as: str | None = None  # expired | withdrawn | key_compromised
    suspect_from: datetime | None = None
    succeeds: frozenset[str] = frozenset()  # authorities whose accreditations under the scheme it has taken over

    @property
    def facts(self) -> dict[str, Any]:
        """The facts of its `mandate` event."""
        times = {"from": self.valid_from, "until": self.valid_until, "suspect_from": self.suspect_from}
        made: dict[str, Any] = {"authority": self.authority_id, "scheme": self.scheme_id, "acts": as_set(self.acts)}
        made |= {name: format_time(at) for name, at in times.items() if at is not None}
        made |= {"succeeds": as_set(self.succeeds)} if self.succeeds else {}
        return made | ({"end": self.ended_as} if self.ended_as else {})

    def current(self, at: datetime) -> bool:
        """True while new acts may rest on it (rule 2)."""
        return self.ended_as is None and self.valid_from <= at and (self.valid_until is None or at < self.valid_until)


def given(mandate: Mandate, earlier: Iterable[Mandate]) -> Mandate:
    """The mandate to store: one of the same beginning that has ended is given again, on the new terms (rule 2).

    Raises Invalid for acts there are not and times that cross, Conflict while one of the same beginning runs.
    """
    known = {row.act for row in TRANSITIONS}
    if not mandate.acts or not mandate.acts <= known:
        raise Invalid(f"A mandate names acts out of {', '.join(sorted(known))}.", field="acts")
    if mandate.valid_until is not None and mandate.valid_until <= mandate.valid_from:
        raise Invalid("A mandate ends after it begins.", field="validUntil")
    same = next((one for one in earlier if one.valid_from == mandate.valid_from), None)
    if same is None:
        return mandate
    if same.ended_as is None:
        raise Conflict(
            f"{mandate.authority_id} has a mandate under {mandate.scheme_id} from then on already; end that one first.",
            blocked_by=same.id,
            code="MANDATE_EXISTS",
        )
    return replace(mandate, id=same.id, succeeds=same.succeeds)


def ended(mandate: Mandate, end: str, suspect_from: datetime | None, now: datetime) -> Mandate:
    """The mandate once it has ended in this way (rule 2); a withdrawal without a stated time is one from now on.

    Raises Invalid for a time that does not fit, Conflict when it has ended so already.
    """
    if end not in ENDS:
        raise Invalid(f"A mandate ends as {', '.join(ENDS)}.", field="end")
    if end == EXPIRED and suspect_from is not None:
        raise Invalid("What was decided under an expired mandate runs on: leave suspectFrom out.", field="suspectFrom")
    if suspect_from is not None and not mandate.valid_from <= suspect_from <= now:
        raise Invalid("suspectFrom lies before the mandate's beginning, or in the future.", field="suspectFrom")
    since = suspect_from
    if end == WITHDRAWN and since is None:
        since = mandate.suspect_from if mandate.ended_as == WITHDRAWN else now
    over = max(min(now, mandate.valid_until or now), mandate.valid_from)
    after = replace(mandate, ended_as=end, suspect_from=since, valid_until=over)
    if after == mandate:
        raise Conflict(f"The mandate {mandate.id} has ended as {end} already.", blocked_by=mandate.id, code="ENDED")
    return after


def succeeding(mandate: Mandate, predecessor: str, held: Iterable[Mandate], now: datetime) -> Mandate:
    """The mandate once its authority has taken over what the predecessor decided under the scheme (rule 4).

    ``held`` are the predecessor's mandates under it. Raises Invalid for one that has had none, or is the authority
    itself; Conflict while the predecessor may still act, or the successor may not.
    """
    theirs = list(held)
    if predecessor == mandate.authority_id or not theirs:
        raise Invalid(
            f"{predecessor[:60]} is not another authority that has had a mandate under {mandate.scheme_id}.",
            field="predecessor",
        )
    if not mandate.current(now):
        raise Conflict(f"The mandate {mandate.id} is not current; give one first.", code="NO_MANDATE")
    acting = next((m for m in theirs if m.ended_as is None and (m.valid_until is None or now < m.valid_until)), None)
    if acting is not None:
        raise Conflict(
            f"{predecessor} may still act under {mandate.scheme_id}: end its mandate {acting.id} first.",
            blocked_by=acting.id,
            code="MANDATE_EXISTS",
        )
    if predecessor in mandate.succeeds:
        raise Conflict(f"{mandate.authority_id} has taken over from {predecessor} already.", code="TAKEN_OVER")
    return replace(mandate, succeeds=mandate.succeeds | {predecessor})


def require_mandate(
    mandates: Iterable[Mandate], *, authority_id: str, scheme_id: str, act: str, at: datetime
) -> Mandate:
    """The mandate an act rests on (rule 1); Forbidden when there is none, saying what there is instead."""
    own = [m for m in mandates if (m.authority_id, m.scheme_id) == (authority_id, scheme_id)]
    current = [m for m in own if m.current(at)]
    for mandate in current:
        if act in mandate.acts:
            return mandate
    if current:
        acts = ", ".join(sorted({act for mandate in current for act in mandate.acts}))
        reason = f"its mandate covers only {acts}"
    elif own:
        reason = "its mandate is not current"
    else:
        reason = "it has no mandate under that scheme"
    raise Forbidden(
        f"{authority_id} may not {act} under {scheme_id}: {reason}. The scheme owner gives mandates.", code="NO_MANDATE"
    )


def check_time_zone(name: str) -> str:
    """A time zone by its IANA name; Invalid when there is none of that name."""
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Invalid(f"{name!r} is not a time zone such as Asia/Kathmandu.", field="timeZone") from error
