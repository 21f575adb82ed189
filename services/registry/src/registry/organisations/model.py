"""Organisations: what may be registered, and the one form it is kept and published in.

Rules
1. Exactly the facts of the public body: kind, names, jurisdiction, identifiers, domains. No people.
2. A name is NFC, without invisible or direction-changing characters, and says which script it is in. One is legal.
3. An identifier has a scheme and a value; a LEI's check digits must fit (ISO 17442). None counts as verified yet.
4. A domain is a registered host name in its ASCII form, lower case.
5. The whole leaves room in a decision's body, which repeats it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from goodstanding import bodies
from goodstanding.bodies import as_set
from goodstanding.canonical import canonical_bytes
from registry.checks import at_most, country, member
from registry.errors import Invalid
from registry.organisations.scripts import agree, refused_character, script_of, tidy

KINDS = ("recruiter", "employer")
MAX_ITEMS = 20  # names, identifiers, domains: each
MAX_OBJECT = 6_000  # bytes of canonical JSON (rule 5)

_LEI = re.compile(r"[A-Z0-9]{18}\d\d", re.ASCII)
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)", re.ASCII)


@dataclass(frozen=True, slots=True)
class NameDraft:
    """A name as a client states it."""

    text: str
    kind: str
    script: str | None = None


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
    names = [_name(f"names[{at}]", name) for at, name in enumerate(draft.names)]
    legal = next((name["text"] for name in names if name["kind"] == "legal"), None)
    if legal is None:
        raise Invalid("An organisation needs a name of kind legal.", field="names")
    made = Organisation(
        id=organisation_id,
        kind=draft.kind,
        name=legal,
        names=tuple(as_set(names)),
        identifiers=tuple(as_set(_identifier(f"identifiers[{at}]", one) for at, one in enumerate(draft.identifiers))),
        domains=tuple(as_set(_domain(f"domains[{at}]", text) for at, text in enumerate(draft.domains))),
        jurisdiction=country(draft.jurisdiction, "jurisdiction"),
    )
    size = len(canonical_bytes(made.public_object()))
    if size > MAX_OBJECT:
        raise Invalid(f"Names, identifiers and domains together take {size} bytes; at most {MAX_OBJECT} fit.")
    return made


def _name(field: str, draft: NameDraft) -> dict[str, str]:
    text = _clean(f"{field}.text", draft.text)
    script = script_of(text)
    if draft.script is not None and not agree(draft.script, script):
        raise Invalid(
            f"{field} is declared as {draft.script[:10]} but written in {script}; correct one or leave script out.",
            field=f"{field}.script",
        )
    made = {"text": text, "script": draft.script or script, "kind": draft.kind.strip().lower()}
    member(field, bodies.NAME, made)
    return made


def _identifier(field: str, draft: IdentifierDraft) -> dict[str, Any]:
    made = {
        "scheme": draft.scheme.strip().lower(),
        "value": _clean(f"{field}.value", draft.value),
        "verified": False,
    }
    member(field, bodies.IDENTIFIER, made)
    if made["scheme"] == "lei":
        made["value"] = _lei(f"{field}.value", str(made["value"]))
    return made


def _lei(field: str, value: str) -> str:
    lei = value.upper()
    if not _LEI.fullmatch(lei) or int("".join(str(int(letter, 36)) for letter in lei)) % 97 != 1:
        raise Invalid("This is not a LEI: 18 letters or digits and two check digits that fit (ISO 17442).", field=field)
    return lei


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
