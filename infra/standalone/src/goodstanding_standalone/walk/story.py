"""What the steps of the walk share: what they have come to know, and how they ask, expect and refuse."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from goodstanding_standalone.front import Front

_DECISION = "... on DecisionDone { pending visibleFromTreeSize decision { eventId } accreditation { number } }"
_PROPOSAL = "... on ProposalDone { proposal { id digest } }"
_ORGANISATION = "... on RegisterOrganisationDone { organisation { id name } }"
_MUTATIONS = {  # name -> (type of its input, what is asked of its good result)
    "registerOrganisation": ("RegisterOrganisationInput", _ORGANISATION),
    "applyForAccreditation": ("ApplyInput", _DECISION),
    "proposeDecision": ("ProposeDecisionInput", _PROPOSAL),
    "approveProposal": ("ApproveProposalInput", _DECISION),
}


class WalkFailed(Exception):
    """A step did not come out as it must; the message says what came instead."""


@dataclass(slots=True)
class Story:
    """What the walk has come to know, step by step."""

    front: Front
    tokens: Mapping[str, str]
    trust: Path
    evidence: Path  # where the bundle goes
    organisation: str = ""
    number: str = ""
    proposal: str = ""
    digest: str = ""
    event: str = ""  # of the newest decision
    tree_size: int = 0  # from which on the grant is visible
    suspended_at: float = 0.0  # on the monotonic clock
    record: str = ""
    tlog_proof: str = ""

    async def ask(self, mutation: str, who: str, **input_: Any) -> dict[str, Any]:
        """The result of a mutation by a member, whatever it is."""
        kind, selection = _MUTATIONS[mutation]
        return await self.front.mutate(mutation, kind, selection, input_, self.tokens[who])

    async def done(self, mutation: str, who: str, **input_: Any) -> dict[str, Any]:
        """The result of a mutation that must be accepted."""
        result = await self.ask(mutation, who, **input_)
        expect("code" not in result, f"{mutation} was refused: {result.get('code')}: {result.get('message')}")
        return result

    async def propose(self, act: str, reason: str, **more: Any) -> None:
        """One official proposes a decision about the number."""
        done = await self.done("proposeDecision", "proposer", number=self.number, act=act, reason=reason, **more)
        self.proposal, self.digest = done["proposal"]["id"], done["proposal"]["digest"]

    async def approve(self) -> dict[str, Any]:
        """Another official approves what was proposed."""
        done = await self.done("approveProposal", "approver", proposal=self.proposal, digest=self.digest)
        self.event = done["decision"]["eventId"]
        return done

    async def refused(self, who: str, digest: str, kinds: Sequence[str]) -> str:
        """Somebody tries to approve and must be refused with one of these types."""
        result = await self.ask("approveProposal", who, proposal=self.proposal, digest=digest)
        kind = result["__typename"]
        expect(kind in kinds, f"approval by {who} answered {kind} where it must be refused: {result}")
        return f"refused, {result['code']}: {result['message']}"


def expect(condition: bool, otherwise: str) -> None:
    """Go on only when the condition holds."""
    if not condition:
        raise WalkFailed(otherwise)


def codes(verdict: Mapping[str, Any]) -> str:
    """The reason codes of a verdict, for people."""
    return ", ".join(reason["code"] for reason in verdict["reasons"])
