"""The acts of administration as mutations: inputs into drafts, results and domain errors into unions."""

from datetime import datetime
from typing import Annotated

import strawberry

from registry.accreditations.mutations import KEY, ApproveProposalInput, ProposalDone, ProposalResult, proposed
from registry.accreditations.proposal_graph import Proposal
from registry.administration.drafts import (
    CadenceDraft,
    CriteriaDraft,
    CriterionDraft,
    Draft,
    MandateDraft,
    MandateEndDraft,
    MappingsDraft,
    RoleDraft,
    SuccessionDraft,
)
from registry.context import Info
from registry.documented import documented_mutation
from registry.failures import Conflict, Forbidden, Invalid, NotAllowed, NotFound
from registry.relay import UNSET, said

_REASON = "Reason code: letters, digits and ._:/-"


@strawberry.input(description="A mandate to give.")
class ProposeMandateInput:
    """A mandate."""

    idempotency_key: strawberry.ID = strawberry.field(description=KEY)
    authority: strawberry.ID = strawberry.field(description="Who is to decide.")
    scheme: strawberry.ID = strawberry.field(description="Under which scheme.")
    acts: list[str] = strawberry.field(description="The acts it may do, without regard to case, hyphens and blanks.")
    valid_from: datetime = strawberry.field(
        description="From when; the beginning of an ended one gives that one again."
    )
    valid_until: datetime | None = strawberry.field(default=UNSET, description="Until when, exclusive.")
    reason: str = strawberry.field(description=_REASON)


@strawberry.input(description="The end of a mandate.")
class ProposeMandateEndInput:
    """An end."""

    idempotency_key: strawberry.ID = strawberry.field(description=KEY)
    mandate: strawberry.ID = strawberry.field(description="The mandate; Scheme.mandates lists them.")
    end: str = strawberry.field(description="expired, withdrawn or key_compromised.")
    suspect_from: datetime | None = strawberry.field(
        default=UNSET,
        description="Withdrawn: in doubt from then on; left out: from the approval. "
        "Key compromised: in doubt is what was first logged after it; left out: everything.",
    )
    reason: str = strawberry.field(description=_REASON)


@strawberry.input(description="An authority that takes over from another one.")
class ProposeSuccessionInput:
    """A succession."""

    idempotency_key: strawberry.ID = strawberry.field(description=KEY)
    mandate: strawberry.ID = strawberry.field(description="The current mandate of whoever takes over.")
    predecessor: strawberry.ID = strawberry.field(
        description="The authority whose mandates under the scheme have ended and whose accreditations are taken over."
    )
    reason: str = strawberry.field(description=_REASON)


@strawberry.input(description="What one local word means.")
class MappingInput:
    """A mapping."""

    word: str = strawberry.field(description="The word as the list prints it.")
    standing: str = strawberry.field(description="The standing it stands for.")


@strawberry.input(description="A new version of what a scheme's local words mean; the whole of it.")
class ProposeMappingsInput:
    """Mappings."""

    idempotency_key: strawberry.ID = strawberry.field(description=KEY)
    scheme: strawberry.ID = strawberry.field(description="The scheme.")
    version: str = strawberry.field(description="Name of this version, never used before in the scheme.")
    mappings: list[MappingInput] = strawberry.field(description="Every word, once.")
    reason: str = strawberry.field(description=_REASON)


@strawberry.input(description="One thing a scheme asks for.")
class CriterionInput:
    """A criterion."""

    code: str = strawberry.field(description="Its code within the scheme.")
    title: str = strawberry.field(description="What it asks for.")
    indicators: list[str] | None = strawberry.field(default=UNSET, description="What shows that it is met.")


@strawberry.input(description="A new version of a scheme's criteria; the whole of it.")
class ProposeCriteriaInput:
    """Criteria."""

    idempotency_key: strawberry.ID = strawberry.field(description=KEY)
    scheme: strawberry.ID = strawberry.field(description="The scheme.")
    version: str = strawberry.field(description="The scheme's new version, never used before in it.")
    criteria: list[CriterionInput] = strawberry.field(description="Every criterion, once.")
    assessment_required: bool | None = strawberry.field(
        default=UNSET,
        description="True: nothing is granted on an application without a concluded assessment; left out: false.",
    )
    reason: str = strawberry.field(description=_REASON)


@strawberry.input(description="How often the lists of a scheme come out.")
class ProposeCadenceInput:
    """A cadence."""

    idempotency_key: strawberry.ID = strawberry.field(description=KEY)
    scheme: strawberry.ID = strawberry.field(description="The scheme.")
    days: int | None = strawberry.field(
        default=UNSET, description="Within how many days each of its lists comes out again; left out: nobody says."
    )
    reason: str = strawberry.field(description=_REASON)


@strawberry.input(description="A role of a member at an authority.")
class ProposeRoleInput:
    """A role."""

    idempotency_key: strawberry.ID = strawberry.field(description=KEY)
    authority: strawberry.ID = strawberry.field(description="Where.")
    member: strawberry.ID = strawberry.field(description="Whose.")
    role: str = strawberry.field(description="Which, such as registrar or approver.")
    reason: str = strawberry.field(description=_REASON)


@strawberry.type(description="Two persons agreed, and it is done.")
class AdministrationDone:
    """Done."""

    proposal: Proposal = strawberry.field(description="The proposal that was approved.")


AdministrationResult = Annotated[
    AdministrationDone | NotAllowed | Invalid | NotFound | Forbidden | Conflict,
    strawberry.union("AdministrationResult", description="What became of an act of administration."),
]


@strawberry.type
class AdministrationMutations:
    """The acts on the register itself."""

    @documented_mutation
    async def propose_mandate(self, info: Info, input: ProposeMandateInput) -> ProposalResult:
        """Propose to give a mandate. Takes the role scheme-owner at the scheme's owner."""
        draft = MandateDraft(
            str(input.authority), str(input.scheme), input.acts, input.valid_from, input.reason, said(input.valid_until)
        )
        return await _propose(info, draft, input.idempotency_key)

    @documented_mutation
    async def propose_mandate_end(self, info: Info, input: ProposeMandateEndInput) -> ProposalResult:
        """Propose to end a mandate with the approval. Takes the role scheme-owner at the scheme's owner."""
        draft = MandateEndDraft(str(input.mandate), input.end, input.reason, said(input.suspect_from))
        return await _propose(info, draft, input.idempotency_key)

    @documented_mutation
    async def propose_succession(self, info: Info, input: ProposeSuccessionInput) -> ProposalResult:
        """Propose that an authority takes over, with the approval, what another had decided under a scheme.

        Takes the role scheme-owner at the scheme's owner.
        """
        draft = SuccessionDraft(str(input.mandate), str(input.predecessor), input.reason)
        return await _propose(info, draft, input.idempotency_key)

    @documented_mutation
    async def propose_mappings(self, info: Info, input: ProposeMappingsInput) -> ProposalResult:
        """Propose what local words mean; what was listed keeps the meaning of the version it cites.

        Takes the role scheme-owner at the scheme's owner.
        """
        mappings = [(one.word, one.standing) for one in input.mappings]
        draft = MappingsDraft(str(input.scheme), input.version, mappings, input.reason)
        return await _propose(info, draft, input.idempotency_key)

    @documented_mutation
    async def propose_criteria(self, info: Info, input: ProposeCriteriaInput) -> ProposalResult:
        """Propose a new version of a scheme's criteria. Takes the role scheme-owner at the scheme's owner."""
        criteria = [CriterionDraft(one.code, one.title, said(one.indicators) or ()) for one in input.criteria]
        required = bool(said(input.assessment_required))
        draft = CriteriaDraft(str(input.scheme), input.version, criteria, input.reason, required)
        return await _propose(info, draft, input.idempotency_key)

    @documented_mutation
    async def propose_cadence(self, info: Info, input: ProposeCadenceInput) -> ProposalResult:
        """Propose how often a scheme's lists come out; what an overdue one says is good cannot be concluded.

        Takes the role scheme-owner at the scheme's owner.
        """
        draft = CadenceDraft(str(input.scheme), said(input.days), input.reason)
        return await _propose(info, draft, input.idempotency_key)

    @documented_mutation
    async def propose_role(self, info: Info, input: ProposeRoleInput) -> ProposalResult:
        """Propose to grant a role. Takes the role authority-admin at the authority."""
        return await _propose(info, _role(input), input.idempotency_key)

    @documented_mutation
    async def propose_role_withdrawal(self, info: Info, input: ProposeRoleInput) -> ProposalResult:
        """Propose to withdraw a role. Takes the role authority-admin at the authority."""
        return await _propose(info, _role(input, withdraw=True), input.idempotency_key)

    @documented_mutation
    async def approve_administration(
        self,
        info: Info,
        input: ApproveProposalInput,
    ) -> AdministrationResult:
        """Approve a proposal without a number, and do it. Takes another person with the role the act takes."""
        acts, key = info.context.services.administration, str(input.idempotency_key)
        approved = acts.approve(info.context.actor, str(input.proposal), input.digest, key=key)
        done = await proposed(info, approved)
        return AdministrationDone(proposal=done.proposal) if isinstance(done, ProposalDone) else done


async def _propose(info: Info, draft: Draft, key: strawberry.ID) -> ProposalResult:
    return await proposed(info, info.context.services.administration.propose(info.context.actor, draft, key=str(key)))


def _role(asked: ProposeRoleInput, *, withdraw: bool = False) -> RoleDraft:
    return RoleDraft(str(asked.authority), str(asked.member), asked.role, asked.reason, withdraw)
