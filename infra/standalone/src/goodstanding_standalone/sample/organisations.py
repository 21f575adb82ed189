"""Invented organisations in six countries and six scripts, composed from the word lists in `words.json`.

A name is two words and a form of business, each word paired with its reading in Latin letters: the legal name is in
the country's script, the alias in Latin. The same seed gives the same organisations, and no two share a name.
"""

import json
from collections.abc import Mapping, Sequence
from importlib import resources
from itertools import product
from random import Random
from typing import Any

from goodstanding_standalone.sample.model import SampleName, SampleOrganisation

ORIGINS = ("NP", "BD", "PH", "KG")
"""Countries whose organisations are mostly recruiters."""

DESTINATIONS = ("JO", "TH")
"""Countries whose organisations are mostly employers."""

_BASE36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_Word = tuple[str, str]  # in the country's script, in Latin letters


def organisations(random: Random, count: int) -> list[SampleOrganisation]:
    """Make `count` organisations, the countries in turn (about as many in each)."""
    words = json.loads(resources.files(__package__).joinpath("words.json").read_text("utf-8"))
    countries = (*ORIGINS, *DESTINATIONS)
    pairs = {country: _pairs(random, words[country]) for country in countries}
    made = []
    for position in range(count):
        country = countries[position % len(countries)]
        made.append(_organisation(random, position, country, words[country], pairs[country].pop()))
    return made


def _pairs(random: Random, words: Mapping[str, Any]) -> list[tuple[_Word, _Word]]:
    pairs = [(tuple(first), tuple(second)) for first, second in product(words["first"], words["second"])]
    random.shuffle(pairs)
    return pairs


def _organisation(
    random: Random, position: int, country: str, words: Mapping[str, Any], pair: tuple[_Word, _Word]
) -> SampleOrganisation:
    usual, other = ("recruiter", "employer") if country in ORIGINS else ("employer", "recruiter")
    kind = usual if random.random() < 0.85 else other
    parts = {"first": pair[0], "second": pair[1], "end": random.choice(words[kind])}
    ordered = [parts[name] for name in words["order"]]
    slug = "-".join(word.lower() for _, word in ordered[:2])
    return SampleOrganisation(
        key=f"sample-organisation-{position}",
        kind=kind,
        jurisdiction=country,
        names=_names(words, ordered),
        identifiers=_identifiers(random, position, country, kind),
        domains=(f"{slug}.example",) if random.random() < 0.4 else (),
    )


def _names(words: Mapping[str, Any], ordered: Sequence[_Word]) -> tuple[SampleName, ...]:
    # Thai joins its words without spaces; the form of business stays apart in every language
    stem = words["joint"].join(native for native, _ in ordered[:2])
    legal = f"{stem} {ordered[2][0]}"
    alias = " ".join(latin for _, latin in ordered)
    return (SampleName(legal, words["script"], "legal"), SampleName(alias, "Latn", "alias"))


def _identifiers(random: Random, position: int, country: str, kind: str) -> tuple[tuple[str, str], ...]:
    found = [(f"{country.lower()}-company", f"{country}{100_000 + position}")]
    if kind == "recruiter":
        found.append((f"{country.lower()}-recruiter-licence", f"{random.randrange(10, 99)}/{position:05d}"))
    if random.random() < 0.2:
        found.append(("lei", _lei(position)))
    return tuple(found)


def _lei(position: int) -> str:
    """An LEI (ISO 17442) of an issuer that does not exist, with right check digits (ISO 7064 MOD 97-10)."""
    stem = f"TEST00SAMPLE{position:06d}"
    digits = "".join(str(_BASE36.index(letter)) for letter in f"{stem}00")
    return f"{stem}{98 - int(digits) % 97:02d}"
