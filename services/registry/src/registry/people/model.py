"""People: licensees, officers and the like of an organisation, in the files of one authority.

Rules
1. People are in the registry's database and nowhere else: in no event, no log, no feed and no public answer.
2. They are read by the registrars and regulators of the authority whose files they are in. Every read is noted: who
   read, about whom, when.
3. Erasing a person deletes everything but its id and the day of erasing.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final

from goodstanding import bodies
from registry.checks import member
from registry.errors import Invalid
from registry.organisations.scripts import mixed_word, refused_character, tidy

ROLES: Final = ("licensee", "officer", "owner", "representative")
MAX_NAME: Final = 600  # bytes


@dataclass(frozen=True, slots=True)
class Draft:
    """A person as a client states it."""

    organisation: str
    name: str
    role: str
    valid_from: date | None = None
    valid_until: date | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """A person as it is kept."""

    id: str
    organisation_id: str
    authority_id: str  # whose files it is in
    name: str
    role: str
    valid_from: date | None
    valid_until: date | None  # last day


def person(person_id: str, draft: Draft, *, authority_id: str) -> Person:
    """Check a draft; Invalid names the field at fault, and never repeats a name."""
    role = draft.role.strip().lower()
    if role not in ROLES:
        raise Invalid(f"role must be one of {', '.join(ROLES)}.", field="role")
    if refused := refused_character(draft.name):
        raise Invalid(f"name holds the character {refused}, which cannot be seen or told apart.", field="name")
    name = tidy(draft.name)
    member("name", bodies.text(MAX_NAME), name)
    if mixed_word(name) is not None:
        raise Invalid("A word of the name mixes scripts that look alike; write it in one.", field="name")
    if draft.valid_from and draft.valid_until and draft.valid_until < draft.valid_from:
        raise Invalid("The last day lies before the first; correct one of them.", field="validUntil")
    return Person(person_id, draft.organisation, authority_id, name, role, draft.valid_from, draft.valid_until)
