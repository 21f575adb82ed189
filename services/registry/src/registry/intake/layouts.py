"""Layouts of lists: which columns a file has and how one row becomes a claim. A layout is data and one pure function."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from registry.errors import Invalid
from registry.intake.known_schemes import UK_TEMPORARY_WORKER, UK_WORKER
from registry.intake.model import Claim, clean, clean_name, held, key_of, rejected, shown
from registry.organisations.model import Draft, IdentifierDraft, NameDraft, Organisation, organisation

MAX_NAME = 600  # bytes, as in event bodies; so are the next two
MAX_WORD = 200
MAX_ACTIVITY = 120
MAX_PLACE = 120  # bytes of a town or county
MAX_IDENTIFIER = 120

_NOBODY = f"org_{0:032x}"  # stands for the id until the listing is released
_TYPE = re.compile(r"(temporary )?worker\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Layout:
    """How to read one kind of list."""

    name: str
    columns: tuple[str, ...]  # exactly these, in this order
    schemes: tuple[str, ...]  # under which it lists; empty: a column names the scheme
    claim: Callable[[Sequence[str]], Claim]  # RowRefused when the row is no listing
    key: Callable[[Sequence[str]], str]  # the source key a row that was refused seems to have


def uk_sponsors(fields: Sequence[str]) -> Claim:
    """One route of one licensed sponsor: "Acme Ltd","Leeds",,"Worker (A rating)","Skilled Worker"."""
    name = clean_name("Organisation Name", fields[0], MAX_NAME)
    town = clean("Town/City", fields[1], MAX_PLACE, optional=True)
    county = clean("County", fields[2], MAX_PLACE, optional=True)
    word = clean("Type & Rating", fields[3], MAX_WORD)
    route = clean("Route", fields[4], MAX_ACTIVITY)
    kind = _TYPE.match(word)
    if kind is None:
        raise held(f"Type & Rating {shown(word)} begins with neither Worker nor Temporary Worker")
    return Claim(
        scheme_id=UK_TEMPORARY_WORKER if kind[1] else UK_WORKER,
        source_key=key_of((name, town, county)),
        name=name,
        kind="employer",
        jurisdiction="GB",
        word=word,
        activity=route,
        place=", ".join(part for part in (town, county) if part) or None,
    )


def listing(fields: Sequence[str]) -> Claim:
    """One recruiter as its authority lists it: Aruna Manpower,NP,np-licence,1204/077,Renewed,sch_np_licence."""
    columns = ("identifier_scheme", "identifier")
    scheme, value = (clean(*field, MAX_IDENTIFIER, optional=True) for field in zip(columns, fields[2:4], strict=True))
    if bool(scheme) != bool(value):
        raise rejected("identifier_scheme and identifier come together; one of them is empty")
    made = _recruiter(
        Draft(
            "recruiter",
            [NameDraft(clean("name", fields[0], MAX_NAME), "legal")],
            clean("jurisdiction", fields[1], MAX_WORD),
            [IdentifierDraft(scheme, value)] if scheme else [],
        )
    )
    identifier = next(((str(one["scheme"]), str(one["value"])) for one in made.identifiers), None)
    return Claim(
        scheme_id=clean("scheme", fields[5], MAX_WORD),
        source_key=key_of(identifier or (made.name, made.jurisdiction, "")),
        name=made.name,
        kind=made.kind,
        jurisdiction=made.jurisdiction,
        word=clean("local_word", fields[4], MAX_WORD),
        identifier=identifier,
    )


def _recruiter(draft: Draft) -> Organisation:
    """The organisation, by the same rules as one that is registered; what they refuse is rejected."""
    try:
        return organisation(_NOBODY, draft)
    except Invalid as error:
        raise rejected(error.message) from error


LAYOUTS: dict[str, Layout] = {
    layout.name: layout
    for layout in (
        Layout(
            "uk-sponsors",
            ("Organisation Name", "Town/City", "County", "Type & Rating", "Route"),
            (UK_WORKER, UK_TEMPORARY_WORKER),
            uk_sponsors,
            lambda fields: key_of(fields[:3]),
        ),
        Layout(
            "listing",
            ("name", "jurisdiction", "identifier_scheme", "identifier", "local_word", "scheme"),
            (),
            listing,
            lambda fields: key_of(fields[2:4] if fields[3].strip() else (*fields[:2], "")),
        ),
    )
}
