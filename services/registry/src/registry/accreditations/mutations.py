"""The acts on accreditations as mutations: inputs into drafts, results and domain errors into unions."""

from collections.abc import Awaitable
from datetime import date, datetime
from typing import Annotated

import strawberry

from registry.accreditations.decision_graph import Decision, decision_type
from registry.accreditations.drafts import ConditionDraft, DecisionDraft, ScopeDraft
from registry.accreditations.graph import Accreditation, accreditation_type
from registry.accreditations.proposal_graph import Proposal, proposal_type
from registry.accreditations.service import ApplicationDraft
from registry.context import Info
from registry.documented import documented_mutation
from registry.errors import DomainError
from registry.failures import Conflict, Failure, Forbidden, Invalid, NotAllowed, NotFound, failure
from registry.loaders import known
from registry.relay import UNSET, said
from registry.scalars import Base64

KEY = "The same key and input give the same answer; the key with other input is a conflict."


@strawberry.input(description="Movement of workers from one country to another.")
class CorridorInput:
    """A corridor."""

    origin: str = strawberry.field(description="Country or subdivision they leave (ISO 3166).")
    destination: str = strawberry.field(description="Country or subdivision they go to.")


@strawberry.input(description="What an accreditation covers; a dimension left out is one it does not speak of.")
class ScopeInput:
    """A scope."""

    activities: list[str] | None = strawberry.field(default=UNSET, description="Activities.")
    sectors: list[str] | None = strawberry.field(default=UNSET, description="Sectors.")
    corridors: list[CorridorInput] | None = strawberry.field(default=UNSET, description="Corridors.")


@strawberry.input(description="An application for accreditation.")
class ApplyInput:
    """An application."""

    idempotency_key: strawberry.ID = strawberry.field(description=KEY)
    organisation: strawberry.ID = strawberry.field(description="Who applies.")
    authority: strawberry.ID = strawberry.field(description="Who is to decide.")
    scheme: strawberry.ID = strawberry.field(description="Under which scheme.")
    scope: ScopeInput = strawberry.field(description="What for.")


@strawberry.input(description="Something the holder must still do or keep to.")
class ConditionInput:
    """A condition."""

    code: str = strawberry.field(description="Its code.")
    text: str = strawberry.field(description="What is asked.")
    deadline: date | None = strawberry.field(default=UNSET, description="Last day, in the authority's time zone.")
    met: bool | None = strawberry.field(default=UNSET, description="Whether it has been met; left out: not yet.")


@strawberry.input(description="A decision for another person to approve.")
class ProposeDecisionInput:
    """A proposal."""

    idempotency_key: strawberry.ID = strawberry.field(description=KEY)
    number: str = strawberry.field(description="The accreditation.")
    act: str = strawberry.field(description="The act, without regard to case, hyphens and blanks.")
    reason: str = strawberry.field(description="Reason code: letters, digits and ._:/-")
    legal_basis: str | None = strawberry.field(default=UNSET, description="The provision; a past effect needs one.")
    effective_from: datetime | None = strawberry.field(default=UNSET, description="Left out: from the approval.")
    effective_until: datetime | None = strawberry.field(default=UNSET, description="A measure ends then by itself.")
    closes: strawberry.ID | None = strawberry.field(default=UNSET, description="The decision a closing act closes.")
    corrects: list[strawberry.ID] | None = strawberry.field(default=UNSET, description="Decisions a correction voids.")
    measure: str | None = strawberry.field(default=UNSET, description="disciplinary, preventive or administrative.")
    suspensive: bool | None = strawberry.field(default=UNSET, description="Whether an appeal holds the decision up.")
    evidence: list[Base64] | None = strawberry.field(default=UNSET, description="SHA-256 hashes of documents.")
    scope: ScopeInput | None = strawberry.field(default=UNSET, description="Left out: as applied for, or as it is.")
    valid_from: date | None = strawberry.field(default=UNSET, description="First valid day; left out: the effect.")
    valid_until: date | None = strawberry.field(default=UNSET, description="Last valid day.")
    conditions: list[ConditionInput] | None = strawberry.field(default=UNSET, description="Conditions, if any.")
    redirect: str | None = strawberry.field(default=UNSET, description="Number it merges into, or a part goes to.")
    ruling_hash: Base64 | None = strawberry.field(default=UNSET, description="SHA-256 of a tribunal's ruling.")
    public_text: str | None = strawberry.field(default=UNSET, description="For everyone, at most 1 KB, no people.")
    restricted_text: str | None = strawberry.field(default=UNSET, description="For the authority's files only.")
    assessment: strawberry.ID | None = strawberry.field(
        default=UNSET, description="The concluded assessment it rests on; its assessor takes no part in the decision."
    )


@strawberry.input(description="Approval of exactly one content.")
class ApproveProposalInput:
    """An approval."""

    idempotency_key: strawberry.ID = strawberry.field(description=KEY)
    proposal: strawberry.ID = strawberry.field(description="The proposal.")
    digest: str = strawberry.field(description="The digest of what was read and is approved.")


@strawberry.input(description="Rejection of a proposal.")
class RejectProposalInput:
    """A rejection."""

    idempotency_key: strawberry.ID = strawberry.field(description=KEY)
    proposal: strawberry.ID = strawberry.field(description="The proposal.")
    reason: str = strawberry.field(description="Why; kept in the authority's files.")


@strawberry.type(description="The decision stands.")
class DecisionDone:
    """Done."""

    decision: Decision = strawberry.field(description="The decision.")
    accreditation: Accreditation = strawberry.field(description="What it is about.")
    pending: bool = strawberry.field(description="True until it is in the log.")
    visible_from_tree_size: int | None = strawberry.field(
        description="Size of the log from which everyone sees it; null while pending: ask node(id) again."
    )


@strawberry.type(description="The proposal waits, or has been decided.")
class ProposalDone:
    """Done."""

    proposal: Proposal = strawberry.field(description="The proposal.")


DecisionResult = Annotated[
    DecisionDone | NotAllowed | Invalid | NotFound | Forbidden | Conflict,
    strawberry.union("DecisionResult", description="What became of a decision."),
]
ProposalResult = Annotated[
    ProposalDone | NotAllowed | Invalid | NotFound | Forbidden | Conflict,
    strawberry.union("ProposalResult", description="What became of a proposal."),
]


@strawberry.type
class AccreditationMutations:
    """The acts."""

    @documented_mutation
    async def apply_for_accreditation(self, info: Info, input: ApplyInput) -> DecisionResult:
        """File an application. Takes the role registrar or proposer at the authority."""
        draft = ApplicationDraft(
            str(input.organisation), str(input.authority), str(input.scheme), _scope(input.scope) or ScopeDraft()
        )
        acts = info.context.services.accreditations
        return await _decided(info, acts.apply(info.context.actor, draft, key=str(input.idempotency_key)))

    @documented_mutation
    async def propose_decision(self, info: Info, input: ProposeDecisionInput) -> ProposalResult:
        """Propose a decision. Takes the role proposer at the authority."""
        acts = info.context.services.accreditations
        return await proposed(info, acts.propose(info.context.actor, _draft(input), key=str(input.idempotency_key)))

    @documented_mutation
    async def record_decision(self, info: Info, input: ProposeDecisionInput) -> DecisionResult:
        """Take a decision that needs no second person. Takes the role registrar or proposer at the authority."""
        acts = info.context.services.accreditations
        return await _decided(info, acts.record(info.context.actor, _draft(input), key=str(input.idempotency_key)))

    @documented_mutation
    async def approve_proposal(self, info: Info, input: ApproveProposalInput) -> DecisionResult:
        """Approve a proposed decision. Takes another person, with the role approver."""
        acts, key = info.context.services.accreditations, str(input.idempotency_key)
        return await _decided(info, acts.approve(info.context.actor, str(input.proposal), input.digest, key=key))

    @documented_mutation
    async def reject_proposal(self, info: Info, input: RejectProposalInput) -> ProposalResult:
        """Reject a proposal. Takes another person, with the role that approving it takes."""
        acts, key = info.context.services.accreditations, str(input.idempotency_key)
        return await proposed(info, acts.reject(info.context.actor, str(input.proposal), input.reason, key=key))


async def _decided(info: Info, act: Awaitable[str]) -> DecisionDone | Failure:
    """Do an act that makes a decision, and read again what it made."""
    try:
        event_id = await act
    except DomainError as error:
        return failure(error)
    await info.context.renew()
    loaders = info.context.loaders
    recorded = await loaders.events.load(event_id)
    if recorded is None:
        return NotFound(code="ERASED", message=f"The decision {event_id} was taken, and erased since.")
    held = await known(loaders.accreditations, str(recorded.number))
    return DecisionDone(
        decision=decision_type(recorded),
        accreditation=accreditation_type(held),
        pending=recorded.pending,
        visible_from_tree_size=recorded.tree_size,
    )


async def proposed(info: Info, act: Awaitable[str]) -> ProposalDone | Failure:
    """Do an act on a proposal, and read again what became of it."""
    try:
        proposal_id = await act
    except DomainError as error:
        return failure(error)
    await info.context.renew()
    context = info.context
    found = await known(context.loaders.proposals, proposal_id)
    return ProposalDone(proposal=proposal_type(found, context.now))


def _scope(asked: ScopeInput | None) -> ScopeDraft | None:
    if asked is None:
        return None
    return ScopeDraft(
        activities=tuple(said(asked.activities) or ()),
        sectors=tuple(said(asked.sectors) or ()),
        corridors=tuple((pair.origin, pair.destination) for pair in said(asked.corridors) or ()),
    )


def _draft(asked: ProposeDecisionInput) -> DecisionDraft:
    conditions = [
        ConditionDraft(one.code, one.text, said(one.deadline), bool(said(one.met)))
        for one in said(asked.conditions) or ()
    ]
    return DecisionDraft(
        number=asked.number,
        act=asked.act,
        reason=asked.reason,
        legal_basis=said(asked.legal_basis),
        effective_from=said(asked.effective_from),
        effective_until=said(asked.effective_until),
        closes=said(asked.closes),
        corrects=said(asked.corrects),
        measure=said(asked.measure),
        suspensive=said(asked.suspensive),
        evidence=said(asked.evidence),
        scope=_scope(said(asked.scope)),
        valid_from=said(asked.valid_from),
        valid_until=said(asked.valid_until),
        conditions=conditions or None,
        redirect=said(asked.redirect),
        ruling_hash=said(asked.ruling_hash),
        public_text=said(asked.public_text),
        restricted_text=said(asked.restricted_text),
        assessment=said(asked.assessment),
    )
