"""What the sample consists of, before any service has heard of it. Everything is invented."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from goodstanding.transitions import Standing


@dataclass(frozen=True, slots=True)
class Size:
    """How many organisations; how many of these apply here; how many others each other ministry lists at most."""

    organisations: int = 2_000
    accreditations: int = 360
    listed: int = 250


FULL = Size()


@dataclass(frozen=True, slots=True)
class SampleName:
    """A name in one script (ISO 15924); kind as in a body: legal, trading or alias."""

    text: str
    script: str
    kind: str


@dataclass(frozen=True, slots=True)
class SampleOrganisation:
    """A recruiter or employer; identifiers are (scheme, value)."""

    key: str  # stable across runs of one seed
    kind: str
    jurisdiction: str
    names: tuple[SampleName, ...]
    identifiers: tuple[tuple[str, str], ...]
    domains: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SampleAuthority:
    """A ministry or the scheme owner."""

    id: str
    kind: str
    name: str
    jurisdiction: str
    time_zone: str


@dataclass(frozen=True, slots=True)
class SampleCriterion:
    """One thing a scheme asks for, and how an assessor would see it."""

    code: str
    title: str
    indicators: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SampleScheme:
    """A standard or a licence; `mappings` gives local words their standing."""

    id: str
    name: str
    version: str
    owner: str
    criteria: tuple[SampleCriterion, ...]
    mappings: Mapping[str, Standing]


@dataclass(frozen=True, slots=True)
class SampleMandate:
    """A scheme owner lets an authority act."""

    authority: str
    scheme: str
    acts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SampleMember:
    """A person (or client) and its roles as (authority, role)."""

    id: str
    name: str
    roles: tuple[tuple[str, str], ...]
    client: bool = False


@dataclass(frozen=True, slots=True)
class SampleScope:
    """What an accreditation is to cover; a corridor is (origin, destination)."""

    activities: tuple[str, ...]
    sectors: tuple[str, ...]
    corridors: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class SampleCase:
    """One organisation's way through one authority, up to the standing it ends in."""

    organisation: SampleOrganisation
    authority: str
    scheme: str
    scope: SampleScope
    standing: Standing  # APPLIED | ACTIVE | SUSPENDED | REVOKED | LAPSED
    valid_from: date
    valid_until: date  # last valid day


@dataclass(frozen=True, slots=True)
class SampleListing:
    """One entry of a list that a ministry uploads, with the ministry's own word for its standing."""

    organisation: SampleOrganisation
    word: str


@dataclass(frozen=True, slots=True)
class SampleList:
    """A list one ministry uploads about one scheme."""

    authority: str
    scheme: str
    entries: tuple[SampleListing, ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """The whole invented world."""

    authorities: tuple[SampleAuthority, ...]
    schemes: tuple[SampleScheme, ...]
    mandates: tuple[SampleMandate, ...]
    members: tuple[SampleMember, ...]
    organisations: tuple[SampleOrganisation, ...]
    cases: tuple[SampleCase, ...]
    lists: tuple[SampleList, ...]
