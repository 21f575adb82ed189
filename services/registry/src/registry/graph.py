"""The registry's subgraph: the features' parts put together (Apollo Federation 2.9).

`python -m registry.graph` writes the schema; the committed copy is `services/registry/schema.graphql`.
"""

import sys
from collections.abc import Callable, Iterable
from typing import Any, Final

import strawberry
from graphql import GraphQLError
from strawberry.extensions import SchemaExtension
from strawberry.federation.schema import FederationAny
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext

from registry.access.graph import AccessQueries
from registry.accreditations.decision_graph import ChangeQueries, Decision, find_decision
from registry.accreditations.graph import Accreditation, AccreditationQueries, find_accreditation
from registry.accreditations.mutations import AccreditationMutations
from registry.accreditations.proposal_graph import Proposal, ProposalQueries, find_proposal
from registry.administration.mutations import AdministrationMutations
from registry.assessments.graph import AssessmentQueries
from registry.assessments.mutations import AssessmentMutations
from registry.assessments.surveillance_graph import SurveillanceMutations, SurveillanceQueries
from registry.context import Info
from registry.documented import documented
from registry.erasure.graph import ErasureMutations, ErasureQueries
from registry.errors import Invalid
from registry.ids import Node as Id
from registry.ids import node_of
from registry.intake.graph import IntakeMutations, IntakeQueries
from registry.organisations.graph import Organisation, OrganisationQueries, find_organisation
from registry.organisations.mutations import OrganisationMutations
from registry.people.graph import PeopleMutations
from registry.relations.graph import RelationMutations
from registry.relay import Node
from registry.scalars import SCALARS
from registry.schemes.graph import Authority, Scheme, SchemeQueries, find_authority, find_scheme
from registry.signals.graph import SignalQueries
from registry.signals.mutations import SignalMutations

FEDERATION: Final = "2.9"  # what the composition libraries in use accept

_FINDERS: dict[Id, Any] = {
    Id.ORGANISATION: find_organisation,
    Id.AUTHORITY: find_authority,
    Id.SCHEME: find_scheme,
    Id.PROPOSAL: find_proposal,
    Id.ACCREDITATION: find_accreditation,
    Id.DECISION: find_decision,
}
_KEYS = {
    "Accreditation": "number",
    "Authority": "id",
    "Decision": "eventId",
    "Organisation": "id",
    "Proposal": "id",
    "Scheme": "id",
}


@strawberry.type(description="Questions anyone may ask.")
class Query(
    OrganisationQueries, SchemeQueries, AccreditationQueries, ChangeQueries, ProposalQueries, ErasureQueries,
    IntakeQueries, AssessmentQueries, SurveillanceQueries, SignalQueries, AccessQueries,
):  # fmt: skip
    """Every query of the registry."""

    @documented
    async def node(self, info: Info, id: strawberry.ID) -> Node | None:
        """Whatever has this id; null when nothing the reader may see has it."""
        kind = node_of(str(id))
        return None if kind is None else await _FINDERS[kind](info, str(id))


@strawberry.type(description="Acts; each is one transaction, and repeating it with its key does nothing more.")
class Mutation(
    OrganisationMutations, RelationMutations, PeopleMutations, AccreditationMutations, ErasureMutations,
    AdministrationMutations, IntakeMutations, AssessmentMutations, SurveillanceMutations, SignalMutations,
):  # fmt: skip
    """Every mutation of the registry."""


class RegistrySchema(strawberry.federation.Schema):
    """The schema; errors are reported where they are masked, not here with their words."""

    def entities_resolver(self, info: Info, representations: list[FederationAny]) -> list[FederationAny]:
        """Federation's `_entities`: well-formed keys only, and no more of them than a list may hold."""
        info.context.spend(len(representations))
        return super().entities_resolver(info, [_checked(one) for one in representations])

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Leave errors to `operations.py`."""


def _checked(representation: Any) -> FederationAny:
    """The type and the key of an entity another subgraph names, and nothing else of it; Invalid."""
    name = representation.get("__typename") if isinstance(representation, dict) else None
    key = _KEYS.get(str(name))
    if key is None or not isinstance(representation.get(key), str):
        raise Invalid("A representation names one of our entities and its key.", field="representations")
    return FederationAny({"__typename": name, key: representation[key]})


def make_schema(extensions: Iterable[Callable[[], SchemaExtension]] = ()) -> RegistrySchema:
    """Build the executable subgraph."""
    return RegistrySchema(
        query=Query,
        mutation=Mutation,
        types=[Accreditation, Authority, Decision, Organisation, Proposal, Scheme],
        extensions=extensions,
        federation_version=FEDERATION,
        config=StrawberryConfig(scalar_map=SCALARS),
    )


def sdl() -> str:
    """The subgraph's schema as it is committed and served."""
    return make_schema().as_str() + "\n"


if __name__ == "__main__":
    sys.stdout.write(sdl())
