"""Administration under four eyes: proposing and approving. One transaction per act; rejecting is as for decisions.

What both do, in this order
1. Who asks is known, and the idempotency key is claimed: an earlier result under it is the answer.
2. Role, two persons, digest and expiry are asked; then whether the act is legal as things stand.
3. The proposal, or what it does with its event, is stored, all or none.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from goodstanding.canonical import parse_time
from goodstanding.clock import Clock
from registry.access.idempotency import Request, claim, plain
from registry.access.model import Actor
from registry.access.service import need_role
from registry.accreditations import repository
from registry.accreditations.model import ProposalState, digest_of
from registry.accreditations.proposals import need_digest, open_proposal
from registry.administration import doing
from registry.administration.drafts import Draft
from registry.administration.model import act_of
from registry.clock import moment
from registry.database import Database
from registry.errors import Invalid
from registry.ids import fresh_id
from registry.settings import Settings


class Administration:
    """The acts on the register itself; `wake` tells the workers that an event is waiting."""

    def __init__(self, database: Database, clock: Clock, settings: Settings, wake: Callable[[], None]) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings
        self._wake = wake

    async def propose(self, actor: Actor, draft: Draft, *, key: str) -> str:
        """Propose an act for another person to approve; returns the proposal's id.

        Raises Invalid, NotFound, Forbidden, Conflict.
        """
        actor.need_identity()
        content = draft.content()
        act = act_of(content["act"])
        async with self._database.write(actor.sub) as tx:
            now = moment(self._clock)
            proposal_id = fresh_id("prp", now)
            request = Request(actor, f"propose {act.name}", key, plain(draft))
            if earlier := await claim(tx, request, result_id=proposal_id, now=now):
                return earlier
            place = await doing.place_of(tx, content)
            await need_role(tx, actor, place, act.proposer)
            await doing.prepare(tx, content, now)
            await repository.insert_proposal(tx, self._row(place, content, proposal_id, actor, now))
        return proposal_id

    async def approve(self, actor: Actor, proposal_id: str, digest: str, *, key: str) -> str:
        """Approve exactly the proposal with this digest, as another person, and do it; returns the proposal's id.

        Raises NotFound, Forbidden, Conflict, Invalid.
        """
        actor.need_identity()
        async with self._database.write(actor.sub) as tx:
            now = moment(self._clock)
            request = Request(actor, "approveAdministration", key, {"proposal": proposal_id, "digest": digest})
            if earlier := await claim(tx, request, result_id=proposal_id, now=now):
                return earlier
            proposal = await open_proposal(tx, actor, proposal_id, now, what="approve an act of administration")
            if proposal.number is not None:
                raise Invalid("This proposes a decision: approve it with approveProposal.", field="proposal")
            need_digest(proposal, digest)
            await doing.carry_out(tx, proposal.content, now)
            changes = {"state": ProposalState.APPROVED, "decided_by": actor.sub, "decided_at": now}
            await repository.close_proposal(tx, proposal.id, changes)
        self._wake()
        return proposal_id

    def _row(
        self, place: str, content: Mapping[str, Any], proposal_id: str, actor: Actor, now: datetime
    ) -> dict[str, Any]:
        begins = content.get("from")
        return {
            "id": proposal_id,
            "authority_id": place,
            "number": None,
            "act": content["act"],
            "reason": content["reason"],
            "content": dict(content),
            "digest": digest_of(content),
            "proposer": actor.sub,
            "state": ProposalState.OPEN,
            "effective_from": None if begins is None else parse_time(begins),
            "expires_at": now + self._settings.proposal_lifetime,
            "created_at": now,
        }
