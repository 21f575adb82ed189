"""Public registers this registry can transcribe: their schemes, their words, and who owns them. Data only.

Founding them is a governance act (`registry intake prepare LAYOUT`); staging a list never founds anything.
"""

from dataclasses import dataclass

from goodstanding.transitions import Standing

UK_WORKER = "sch_uk_worker"
UK_TEMPORARY_WORKER = "sch_uk_temporary_worker"

TRANSCRIBER = "aut_registry"  # the authority this registry is itself, for lists it copies from others

_UK_RATINGS = {
    "A rating": Standing.ACTIVE,
    "A (Premium)": Standing.ACTIVE,
    "A (SME+)": Standing.ACTIVE,
    "B rating": Standing.CONDITIONAL,
    "Probationary Sponsor": Standing.PROVISIONAL,
}


@dataclass(frozen=True, slots=True)
class KnownOwner:
    """An authority that known schemes need."""

    id: str
    name: str
    jurisdiction: str
    time_zone: str
    kind: str = "scheme-owner"


@dataclass(frozen=True, slots=True)
class KnownScheme:
    """A scheme whose list can be transcribed, and what its local words mean."""

    id: str
    name: str
    version: str
    owner: KnownOwner
    mapping_version: str
    words: dict[str, Standing]


_HOME_OFFICE = KnownOwner("aut_uk_home_office", "Home Office", "GB", "Europe/London")


def _uk(scheme_id: str, kind: str) -> KnownScheme:
    return KnownScheme(
        id=scheme_id,
        name=f"Licensed sponsors: {kind}s",
        version="2021",
        owner=_HOME_OFFICE,
        mapping_version="2021-1",
        words={f"{kind} ({rating})": standing for rating, standing in _UK_RATINGS.items()},
    )


KNOWN_SCHEMES: dict[str, tuple[KnownScheme, ...]] = {
    "uk-sponsors": (_uk(UK_WORKER, "Worker"), _uk(UK_TEMPORARY_WORKER, "Temporary Worker")),
}
"""By layout."""
