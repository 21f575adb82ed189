"""People in the schema: for the registrars and regulators of the authority whose files they are in."""

from datetime import date, datetime
from typing import Annotated

import strawberry

from registry.access.reading import Kind
from registry.context import Info
from registry.documented import documented_mutation
from registry.errors import DomainError
from registry.failures import Conflict, Forbidden, Invalid, NotFound, writing_failure
from registry.loaders import known
from registry.people import model
from registry.people.model import ROLES
from registry.relay import UNSET, said

_KEY = "The same key and input give the same answer; the key with other input is a conflict."
_ROLE = f"One of {', '.join(ROLES)}."


@strawberry.type(description="A person behind an organisation. Restricted: whoever reads this is noted.")
class Person:
    """A person."""

    id: strawberry.ID = strawberry.field(description="Permanent id.")
    name: str = strawberry.field(description="The name as it is written.")
    role: str = strawberry.field(description=_ROLE)
    valid_from: date | None = strawberry.field(description="First day in the role, where known.")
    valid_until: date | None = strawberry.field(description="Last day in the role, where known.")


@strawberry.input(description="A person behind an organisation.")
class AddPersonInput:
    """A person."""

    idempotency_key: strawberry.ID = strawberry.field(description=_KEY)
    organisation: strawberry.ID = strawberry.field(description="The organisation.")
    name: str = strawberry.field(description="The name as it is written.")
    role: str = strawberry.field(description=_ROLE)
    valid_from: date | None = strawberry.field(default=UNSET, description="First day in the role, where known.")
    valid_until: date | None = strawberry.field(default=UNSET, description="Last day in the role, where known.")


@strawberry.input(description="A person to erase.")
class ErasePersonInput:
    """An erasure."""

    idempotency_key: strawberry.ID = strawberry.field(description=_KEY)
    person: strawberry.ID = strawberry.field(description="The person.")


@strawberry.type(description="The person is in the files.")
class AddPersonDone:
    """Done."""

    person: strawberry.ID = strawberry.field(description="Id of the person.")


@strawberry.type(description="The person is erased: only this much is left.")
class ErasePersonDone:
    """Done."""

    person: strawberry.ID = strawberry.field(description="Id of who was erased.")
    erased_at: datetime = strawberry.field(description="When it was erased.")


AddPersonResult = Annotated[
    AddPersonDone | Invalid | NotFound | Forbidden | Conflict,
    strawberry.union("AddPersonResult", description="What became of adding a person."),
]
ErasePersonResult = Annotated[
    ErasePersonDone | Invalid | NotFound | Forbidden | Conflict,
    strawberry.union("ErasePersonResult", description="What became of erasing a person."),
]


@strawberry.type
class PeopleMutations:
    """The acts on people."""

    @documented_mutation
    async def add_person(self, info: Info, input: AddPersonInput) -> AddPersonResult:
        """Put a person into an authority's files. Never logged, never public.

        Takes the role registrar at an authority that registered the organisation or has an accreditation of it.
        """
        draft = model.Draft(
            str(input.organisation), input.name, input.role, said(input.valid_from), said(input.valid_until)
        )
        try:
            made = await info.context.services.people.add(info.context.actor, draft, key=str(input.idempotency_key))
        except DomainError as error:
            return writing_failure(error)
        return AddPersonDone(person=strawberry.ID(made))

    @documented_mutation
    async def erase_person(self, info: Info, input: ErasePersonInput) -> ErasePersonResult:
        """Erase a person; nothing but id and time is left. Takes the role registrar or regulator at the authority."""
        acts, key = info.context.services.people, str(input.idempotency_key)
        try:
            at = await acts.erase(info.context.actor, str(input.person), key=key)
        except DomainError as error:
            return writing_failure(error)
        return ErasePersonDone(person=input.person, erased_at=at)


async def people_of(info: Info, organisation_id: str) -> list[Person]:
    """The people of one organisation that the reader may see; Forbidden for who may see none."""
    found = await known(info.context.loaders.people_of, organisation_id)
    info.context.spend(len(found.people))
    for authority in sorted(found.authorities):
        shown = [one.id for one in found.people if one.authority_id == authority]
        info.context.notes.add(Kind.PEOPLE, authority, shown, organisation=organisation_id)
    return [
        Person(
            id=strawberry.ID(one.id),
            name=one.name,
            role=one.role,
            valid_from=one.valid_from,
            valid_until=one.valid_until,
        )
        for one in found.people
    ]
