"""The sample as a value: the same seed and day give the same sample. Pure; `seed.py` brings it about."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from itertools import cycle
from random import Random

from goodstanding.transitions import Standing
from goodstanding_standalone.sample import authorities as bodies
from goodstanding_standalone.sample.model import (
    FULL,
    Sample,
    SampleCase,
    SampleList,
    SampleListing,
    SampleOrganisation,
    SampleScope,
    Size,
)
from goodstanding_standalone.sample.organisations import DESTINATIONS, ORIGINS, organisations

SEED = 2025
ACTIVITIES = ("placement", "pre-departure-training", "recruitment", "return-assistance")
SECTORS = ("agriculture", "care", "construction", "domestic-work", "fishing", "hospitality", "manufacturing")

_MINISTRY = {"NP": bodies.MAIN, "PH": bodies.SECOND, "BD": bodies.THIRD}  # others go to the main ministry
_RARE = (Standing.APPLIED, Standing.SUSPENDED, Standing.REVOKED, Standing.LAPSED)
_EVERY = 16  # of so many cases of one ministry, the first four end in the rare standings
_UNMAPPED = 5
_WORDS = (*("Licensed",) * 9, "On hold", "Licence withdrawn")


def generate(today: date, size: Size = FULL, seed: int = SEED) -> Sample:
    """Make the sample. Every standing occurs at the main ministry from about 40 organisations on."""
    random = Random(seed)  # noqa: S311  a sample must come out the same every time
    everybody = organisations(random, size.organisations)
    recruiters = [organisation for organisation in everybody if organisation.kind == "recruiter"]
    accredited, rest = recruiters[: size.accreditations], recruiters[size.accreditations :]
    return Sample(
        authorities=bodies.AUTHORITIES,
        schemes=bodies.SCHEMES,
        mandates=bodies.MANDATES,
        members=bodies.MEMBERS,
        organisations=tuple(everybody),
        cases=tuple(_cases(random, accredited, today)),
        lists=_lists(rest, size),
    )


def _cases(random: Random, accredited: Iterable[SampleOrganisation], today: date) -> Iterable[SampleCase]:
    seen: Counter[str] = Counter()
    for organisation in accredited:
        authority = _MINISTRY.get(organisation.jurisdiction, bodies.MAIN)
        place = seen[authority] % _EVERY
        seen[authority] += 1
        standing = _RARE[place] if place < len(_RARE) else Standing.ACTIVE
        yield _case(random, organisation, authority, standing, today)


def _case(
    random: Random, organisation: SampleOrganisation, authority: str, standing: Standing, today: date
) -> SampleCase:
    begun = today - timedelta(days=random.randrange(300))
    ends = begun + timedelta(days=730 + random.randrange(365))
    if standing is Standing.LAPSED:
        begun, ends = today - timedelta(days=800), today - timedelta(days=random.randrange(20, 200))
    at_home = organisation.jurisdiction in _MINISTRY  # a licence is for a ministry's own country
    scheme = random.choice((bodies.ETHICAL, bodies.LICENCE)) if at_home else bodies.ETHICAL
    scope = _scope(random, organisation.jurisdiction)
    return SampleCase(organisation, authority, scheme, scope, standing, begun, ends)


def _scope(random: Random, jurisdiction: str) -> SampleScope:
    origin = jurisdiction if jurisdiction in ORIGINS else random.choice(ORIGINS)
    destinations = random.sample(DESTINATIONS, random.randrange(1, len(DESTINATIONS) + 1))
    return SampleScope(
        activities=tuple(sorted(random.sample(ACTIVITIES, random.randrange(1, 3)))),
        sectors=tuple(sorted(random.sample(SECTORS, random.randrange(1, 4)))),
        corridors=tuple(sorted((origin, destination) for destination in destinations)),
    )


def _lists(recruiters: Sequence[SampleOrganisation], size: Size) -> tuple[SampleList, ...]:
    """The main ministry's short list with a word nobody has mapped, and the other ministries' in mapped words."""
    found = []
    for country, authority in _MINISTRY.items():
        most, words = (_UNMAPPED, (bodies.UNMAPPED_WORD,)) if authority == bodies.MAIN else (size.listed, _WORDS)
        own = [organisation for organisation in recruiters if organisation.jurisdiction == country][:most]
        found.append(SampleList(authority, bodies.LICENCE, _entries(own, words)))
    return tuple(found)


def _entries(listed: Iterable[SampleOrganisation], words: Sequence[str]) -> tuple[SampleListing, ...]:
    return tuple(SampleListing(organisation, word) for organisation, word in zip(listed, cycle(words), strict=False))
