"""Registering and amending organisations as mutations: inputs into drafts, results and domain errors into unions."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated

import strawberry

from registry.context import Info
from registry.documented import documented_mutation
from registry.errors import DomainError
from registry.failures import Conflict, Forbidden, Invalid, NotFound, registration_failure, writing_failure
from registry.loaders import known
from registry.organisations import model
from registry.organisations.graph import Organisation, OrganisationKind, organisation_type
from registry.relay import UNSET, said


@strawberry.input(description="An identifier given by a register elsewhere.")
class IdentifierInput:
    """Identifier."""

    scheme: str = strawberry.field(description="Whose identifier it is, such as lei.")
    value: str = strawberry.field(description="The identifier.")


@strawberry.input(description="A name of an organisation.")
class NameInput:
    """Name."""

    text: str = strawberry.field(description="The name as it is written.")
    kind: str = strawberry.field(description="legal, trading, former or alias.")
    script: str | None = strawberry.field(
        default=UNSET, description="ISO 15924 code; left out, it is determined. A wrong one is refused."
    )
    valid_from: date | None = strawberry.field(default=UNSET, description="First day of its use, where known.")
    valid_until: date | None = strawberry.field(default=UNSET, description="Last day of its use, where known.")


@strawberry.input(description="A recruiter or employer to register. No people.")
class RegisterOrganisationInput:
    """Registration."""

    idempotency_key: strawberry.ID = strawberry.field(description="The same key and input give the same answer.")
    kind: OrganisationKind = strawberry.field(description="Recruiter or employer.")
    names: list[NameInput] = strawberry.field(description="At least one of kind legal.")
    jurisdiction: str = strawberry.field(description="Country or subdivision code (ISO 3166).")
    identifiers: list[IdentifierInput] | None = strawberry.field(default=UNSET, description="Identifiers, if any.")
    domains: list[str] | None = strawberry.field(default=UNSET, description="Web domains, if any.")


@strawberry.type(description="The organisation was registered.")
class RegisterOrganisationDone:
    """Done."""

    organisation: Organisation = strawberry.field(description="What was registered.")


RegisterOrganisationResult = Annotated[
    RegisterOrganisationDone | Invalid | Forbidden | Conflict,
    strawberry.union("RegisterOrganisationResult", description="What became of a registration."),
]


@strawberry.input(description="What is to be different about an organisation. No people.")
class AmendOrganisationInput:
    """Amendment."""

    idempotency_key: strawberry.ID = strawberry.field(description="The same key and input give the same answer.")
    organisation: strawberry.ID = strawberry.field(description="The organisation.")
    names: list[NameInput] | None = strawberry.field(default=UNSET, description="All its names from now on.")
    identifiers: list[IdentifierInput] | None = strawberry.field(
        default=UNSET, description="All its identifiers from now on; one that stays keeps whether it was verified."
    )
    domains: list[str] | None = strawberry.field(default=UNSET, description="All its web domains from now on.")


@strawberry.type(description="The organisation was amended.")
class AmendOrganisationDone:
    """Done."""

    organisation: Organisation = strawberry.field(description="As it is now.")


AmendOrganisationResult = Annotated[
    AmendOrganisationDone | Invalid | NotFound | Forbidden | Conflict,
    strawberry.union("AmendOrganisationResult", description="What became of an amendment."),
]


@strawberry.type
class OrganisationMutations:
    """Mutations on organisations."""

    @documented_mutation
    async def register_organisation(
        self,
        info: Info,
        input: RegisterOrganisationInput,
    ) -> RegisterOrganisationResult:
        """Register a recruiter or employer. Takes the role registrar or proposer."""
        context = info.context
        try:
            organisation_id = await context.services.organisations.register(
                context.actor, _draft(input), key=str(input.idempotency_key)
            )
        except DomainError as error:
            return registration_failure(error)
        await context.renew()
        found = await known(context.loaders.organisations, organisation_id)
        return RegisterOrganisationDone(organisation=organisation_type(found))

    @documented_mutation
    async def amend_organisation(
        self,
        info: Info,
        input: AmendOrganisationInput,
    ) -> AmendOrganisationResult:
        """Replace an organisation's names, identifiers or domains; what is left out stays.

        Takes the role registrar or proposer at an authority that registered it or has an accreditation of it. Records
        keep what they say until that authority decides change_scope on the accreditation.
        """
        context = info.context
        try:
            await context.services.organisations.amend(
                context.actor, str(input.organisation), _amendment(input), key=str(input.idempotency_key)
            )
        except DomainError as error:
            return writing_failure(error)
        await context.renew()
        found = await known(context.loaders.organisations, str(input.organisation))
        return AmendOrganisationDone(organisation=organisation_type(found))


def _draft(asked: RegisterOrganisationInput) -> model.Draft:
    return model.Draft(
        kind=asked.kind.name.lower(),
        names=_names(asked.names),
        jurisdiction=asked.jurisdiction,
        identifiers=_identifiers(said(asked.identifiers) or ()),
        domains=list(said(asked.domains) or ()),
    )


def _amendment(asked: AmendOrganisationInput) -> model.Amendment:
    names, identifiers, domains = said(asked.names), said(asked.identifiers), said(asked.domains)
    return model.Amendment(
        names=None if names is None else _names(names),
        identifiers=None if identifiers is None else _identifiers(identifiers),
        domains=None if domains is None else list(domains),
    )


def _names(asked: Iterable[NameInput]) -> list[model.NameDraft]:
    return [
        model.NameDraft(name.text, name.kind, said(name.script), said(name.valid_from), said(name.valid_until))
        for name in asked
    ]


def _identifiers(asked: Iterable[IdentifierInput]) -> list[model.IdentifierDraft]:
    return [model.IdentifierDraft(one.scheme, one.value) for one in asked]
