"""Organisations: what may be registered, and the one form it is kept and published in.

Rules
1. Exactly the facts of the public body: kind, names, jurisdiction, identifiers, domains. No people.
2. A name is NFC, without invisible or direction-changing characters, and says which script it is in. No word of it
   mixes scripts that look alike. One name is legal. It may have been in use from a day on, and up to one.
3. An identifier has a scheme and a value, checked where the scheme is known (`identifiers.py`). None counts as
   verified yet.
4. A domain is a registered host name in its ASCII form, lower case.
5. The whole leaves room in a decision's body, which repeats it.
6. What is amended replaces all there was of its sort; an identifier that stays keeps whether it was verified.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from goodstanding import bodies
from goodstanding.bodies import as_set
from goodstanding.canonical import canonical_bytes, format_time
from goodstanding.verdict import day_end, day_start
from registry.checks import at_most, country, member
from registry.errors import Invalid
from registry.organisations.identifiers import normalised
from registry.organisations.scripts import agree, mixed_word, refused_character, script_of, tidy

KINDS = ("recruiter", "employer")
MAX_ITEMS = 20  # names, identifiers, domains: each
MAX_OBJECT = 6_000  # bytes of canonical JSON (rule 5)

_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)", re.ASCII)


@dataclass(frozen=True, slots=True)
class NameDraft:
    """A name as a client states it."""

    text: str
    kind: str
    script: str | None = None
    valid_from: date | None = None  # first day of its use
    valid_until: date | None = None  # last day of its use


@dataclass(frozen=True, slots=True)
class IdentifierDraft:
    """An identifier as a client states it."""

    scheme: str
    value: str


@dataclass(frozen=True, slots=True)
class Draft:
    """An organisation as a client states it."""

    kind: str
    names: Sequence[NameDraft]
    jurisdiction: str
    identifiers: Sequence[IdentifierDraft] = ()
    domains: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Amendment:
    """What is to be different about an organisation; None leaves it as it is."""

    names: Sequence[NameDraft] | None = None
    identifiers: Sequence[IdentifierDraft] | None = None
    domains: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class Organisation:
    """An organisation as it is kept: lists in the order and form event bodies have them."""

    id: str
    kind: str
    name: str  # the legal name, for lists
    names: tuple[Mapping[str, Any], ...]
    identifiers: tuple[Mapping[str, Any], ...]
    domains: tuple[str, ...]
    jurisdiction: str

    def public_object(self) -> dict[str, Any]:
        """The `organisation` object of event bodies and records."""
        made: dict[str, Any] = {
            "id": self.id,
            "kind": self.kind,
            "names": list(self.names),
            "jurisdiction": self.jurisdiction,
        }
        if self.identifiers:
            made["identifiers"] = list(self.identifiers)
        if self.domains:
            made["domains"] = list(self.domains)
        return made


def organisation(organisation_id: str, draft: Draft) -> Organisation:
    """Check a draft by the rules above and bring it into its one form; Invalid names the field at fault."""
    if draft.kind not in KINDS:
        raise Invalid(f"kind must be one of {', '.join(KINDS)}.", field="kind")
    for field, items in (("names", draft.names), ("identifiers", draft.identifiers), ("domains", draft.domains)):
        at_most(field, items, MAX_ITEMS)
    names = _names(draft.names)
    made = Organisation(
        id=organisation_id,
        kind=draft.kind,
        name=_legal(names),
        names=tuple(as_set(names)),
        identifiers=_identifiers(draft.identifiers),
        domains=_domains(draft.domains),
        jurisdiction=country(draft.jurisdiction, "jurisdiction"),
    )
    return _that_fits(made)


def amended(before: Organisation, amendment: Amendment) -> Organisation:
    """The organisation with what is amended (rule 6); Invalid, also when that changes nothing."""
    for field in ("names", "identifiers", "domains"):
        at_most(field, getattr(amendment, field), MAX_ITEMS)
    made = before
    if amendment.names is not None:
        names = _names(amendment.names)
        made = replace(made, name=_legal(names), names=tuple(as_set(names)))
    if amendment.identifiers is not None:
        made = replace(made, identifiers=_still_verified(_identifiers(amendment.identifiers), before.identifiers))
    if amendment.domains is not None:
        made = replace(made, domains=_domains(amendment.domains))
    if made == before:
        raise Invalid("This changes nothing about the organisation.", code="NOTHING_CHANGES")
    return _that_fits(made)


def _that_fits(made: Organisation) -> Organisation:
    """Rule 5."""
    size = len(canonical_bytes(made.public_object()))
    if size > MAX_OBJECT:
        raise Invalid(f"Names, identifiers and domains together take {size} bytes; at most {MAX_OBJECT} fit.")
    return made


def _names(drafts: Sequence[NameDraft]) -> list[dict[str, str]]:
    return [_name(f"names[{at}]", name) for at, name in enumerate(drafts)]


def _legal(names: Sequence[Mapping[str, str]]) -> str:
    """The legal name for lists: the first that is given no end, else the first."""
    legal = sorted((name for name in names if name["kind"] == "legal"), key=lambda name: "valid_until" in name)
    if not legal:
        raise Invalid("An organisation needs a name of kind legal.", field="names")
    return legal[0]["text"]


def _identifiers(drafts: Sequence[IdentifierDraft]) -> tuple[Mapping[str, Any], ...]:
    return tuple(as_set(_identifier(f"identifiers[{at}]", one) for at, one in enumerate(drafts)))


def _still_verified(
    made: Sequence[Mapping[str, Any]], before: Sequence[Mapping[str, Any]]
) -> tuple[Mapping[str, Any], ...]:
    verified = {(one["scheme"], one["value"]) for one in before if one["verified"]}
    return tuple(as_set({**one, "verified": (one["scheme"], one["value"]) in verified} for one in made))


def _domains(texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(as_set(_domain(f"domains[{at}]", text) for at, text in enumerate(texts)))


def _name(field: str, draft: NameDraft) -> dict[str, str]:
    text = _clean(f"{field}.text", draft.text)
    script = script_of(text)
    if draft.script is not None and not agree(draft.script, script):
        raise Invalid(
            f"{field} is declared as {draft.script[:10]} but written in {script}; correct one or leave script out.",
            field=f"{field}.script",
        )
    if (mixed := mixed_word(text)) is not None:
        word, scripts = mixed
        raise Invalid(
            f"{field}.text: the word {word[:60]!r} mixes letters of {' and '.join(scripts)} that look alike; "
            "write it in one script.",
            field=f"{field}.text",
            code="MIXED_SCRIPTS",
        )
    made = {"text": text, "script": draft.script or script, "kind": draft.kind.strip().lower()}
    made |= _in_use(field, draft)
    member(field, bodies.NAME, made)
    return made


def _in_use(field: str, draft: NameDraft) -> dict[str, str]:
    """The days of a name's use as instants, in UTC: a name is used everywhere, and no time zone is its own."""
    made = {}
    if draft.valid_from is not None:
        made["valid_from"] = format_time(day_start(draft.valid_from, "UTC"))
    if draft.valid_until is not None:
        made["valid_until"] = format_time(day_end(draft.valid_until, "UTC"))
    if len(made) == 2 and made["valid_until"] <= made["valid_from"]:
        raise Invalid(
            f"{field} ends on {draft.valid_until}, before it begins on {draft.valid_from}; correct one of the days.",
            field=f"{field}.validUntil",
        )
    return made


def _identifier(field: str, draft: IdentifierDraft) -> dict[str, Any]:
    made = {
        "scheme": draft.scheme.strip().lower(),
        "value": _clean(f"{field}.value", draft.value),
        "verified": False,
    }
    member(field, bodies.IDENTIFIER, made)
    made["value"] = normalised(f"{field}.value", str(made["scheme"]), str(made["value"]))
    return made


def _domain(field: str, text: str) -> str:
    try:
        domain = text.strip().rstrip(".").encode("idna").decode("ascii").lower()
    except UnicodeError as error:
        raise Invalid(f"{field} is not a domain name such as example.com.", field=field) from error
    labels = domain.split(".")
    if len(domain) > 253 or len(labels) < 2 or not all(map(_LABEL.fullmatch, labels)) or labels[-1].isdigit():
        raise Invalid(f"{field} is not a domain name such as example.com.", field=field)
    return domain


def _clean(field: str, text: str) -> str:
    if refused := refused_character(text):
        raise Invalid(f"{field} holds the character {refused}, which cannot be seen or told apart.", field=field)
    return tidy(text)
