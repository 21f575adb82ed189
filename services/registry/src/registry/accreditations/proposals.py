"""What every proposal takes from whoever decides on it, be it about an accreditation or about the register itself."""

from datetime import datetime

from goodstanding.canonical import format_time
from registry.access.model import Actor
from registry.access.service import need_person_with
from registry.accreditations import repository
from registry.accreditations.model import Proposal, ProposalState
from registry.administration.model import approver_of
from registry.database import WriteTx
from registry.errors import Conflict, Forbidden, NotFound
from registry.ids import Node


async def open_proposal(tx: WriteTx, actor: Actor, proposal_id: str, now: datetime, *, what: str) -> Proposal:
    """The proposal, locked, if this actor may decide it: a second person with the role, while it is open."""
    proposal = await repository.lock_proposal(tx, proposal_id) if Node.PROPOSAL.fits(proposal_id) else None
    if proposal is None or not actor.works_for(proposal.authority_id):
        raise NotFound(f"There is no proposal {proposal_id[:60]!r} at an authority you work for.")
    actor.need_person(what)
    if actor.sub == proposal.proposer:  # before the role: whoever proposed learns why no role would help
        raise Forbidden(
            "Whoever proposed a decision may not decide on it: this takes a second person.", code="FOUR_EYES"
        )
    await need_person_with(tx, actor, proposal.authority_id, approver_of(proposal.number, proposal.act), what=what)
    state = proposal.state_at(now)
    if state is ProposalState.EXPIRED:
        raise Conflict(
            f"The proposal expired on {format_time(proposal.expires_at)}; propose again.", code="PROPOSAL_EXPIRED"
        )
    if state is not ProposalState.OPEN:
        raise Conflict(
            f"The proposal is already {state.lower()}.", blocked_by=proposal.event_id, code="ALREADY_DECIDED"
        )
    return proposal


def need_digest(proposal: Proposal, digest: str) -> None:
    """Conflict unless this is the digest of the proposal's content."""
    if digest != proposal.digest:
        raise Conflict(
            "The digest is not that of this proposal. Read the proposal again and approve what it says now.",
            code="STALE_DIGEST",
        )
