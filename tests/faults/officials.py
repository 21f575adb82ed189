"""Two officials of the main ministry, who act over HTTP: what they say, and what they must hear."""

from dataclasses import dataclass
from typing import Any

from goodstanding_standalone.sample.authorities import ETHICAL, MAIN

DECISION = "... on DecisionDone { decision { eventId } accreditation { number } }"
MUTATIONS = {  # name -> (type of its input, what is asked of its good result)
    "registerOrganisation": ("RegisterOrganisationInput", "... on RegisterOrganisationDone { organisation { id } }"),
    "applyForAccreditation": ("ApplyInput", DECISION),
    "proposeDecision": ("ProposeDecisionInput", "... on ProposalDone { proposal { id digest } }"),
    "approveProposal": ("ApproveProposalInput", DECISION),
}


@dataclass
class Officials:
    """Two officials of the main ministry, who act over HTTP."""

    server: Any  # has a front
    tokens: dict[str, str]

    async def act(self, mutation: str, who: str, **input_: Any) -> dict[str, Any]:
        """A mutation that must be accepted."""
        kind, selection = MUTATIONS[mutation]
        result = await self.server.front.mutate(mutation, kind, selection, input_, self.tokens[who])
        assert "code" not in result, f"{mutation} was refused: {result}"
        return result

    async def apply(self, name: str) -> str:
        """A new recruiter's application; its number."""
        done = await self.act("registerOrganisation", "proposer", kind="RECRUITER", jurisdiction="NP",
                              names=[{"text": name, "kind": "legal"}])  # fmt: skip
        done = await self.act("applyForAccreditation", "proposer", organisation=done["organisation"]["id"],
                              authority=MAIN, scheme=ETHICAL, scope={"activities": ["recruitment"]})  # fmt: skip
        return str(done["accreditation"]["number"])

    async def propose(self, number: str, act: str, **more: Any) -> dict[str, str]:
        """A proposal about a number: its id and digest."""
        done = await self.act("proposeDecision", "proposer", number=number, act=act, reason="test", **more)
        return dict(done["proposal"])

    async def approve(self, proposal: dict[str, str], key: str) -> str:
        """Approval of a proposal under an idempotency key; the id of the decision."""
        done = await self.act("approveProposal", "approver", idempotencyKey=key, proposal=proposal["id"],
                              digest=proposal["digest"])  # fmt: skip
        return str(done["decision"]["eventId"])
