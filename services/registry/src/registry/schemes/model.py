"""Authorities, schemes, and the mandates without which no authority decides.

Rules
1. An authority acts under a scheme only by a mandate that names the act and is current at the time of deciding.
2. A mandate that has ended in any way allows no new act; what was decided under it runs on.
3. A scheme maps local words of status to canonical standings; a word without a mapping is unrecognised.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from goodstanding.transitions import TRANSITIONS, Actor
from registry.errors import Forbidden, Invalid

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

    def current(self, at: datetime) -> bool:
        """True while new acts may rest on it (rule 2)."""
        return self.ended_as is None and self.valid_from <= at and (self.valid_until is None or at < self.valid_until)


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
