"""Registry and gateway with `oidc-provider`: what two persons and a program may do with the tokens they get there."""

import asyncio

import core_world
import pytest
from core_world import HOME, CoreWorld, found

from gateway.guards.openid import OpenIdGuard
from gateway.guards.tokens import TokenRefused
from goodstanding.clock import system_clock
from registry.access.service import link_member
from registry.settings import Settings

pytestmark = [pytest.mark.conformance, pytest.mark.timeout(300)]  # the first run installs

PROPOSE = """mutation ($i: ProposeDecisionInput!) { it: proposeDecision(input: $i) {
  ... on ProposalDone { proposal { id digest } } ... on DomainError { code message } } }"""
APPROVE = """mutation ($i: ApproveProposalInput!) { it: approveProposal(input: $i) {
  ... on DecisionDone { decision { act } } ... on DomainError { code message } } }"""
LINKED = {"u-pema": "pema", "u-anil": "anil", "u-both": "both", "u-both-at-home": "both", "robot": "hr-key"}


class House:
    """A register that believes the provider, asked with its tokens; and the gateway's door."""

    def __init__(self, world, provider):
        self.world, self.provider = world, provider
        self.gate = OpenIdGuard(provider.issuer, HOME, ("ES256",), system_clock)

    async def link(self):
        async with self.world.database.write() as tx:
            for subject, member in LINKED.items():
                await link_member(tx, member, self.provider.issuer, subject, now=system_clock())

    async def token(self, subject):
        get = self.provider.client_token if subject == "robot" else lambda: self.provider.token(subject)
        return await asyncio.to_thread(get)

    async def act(self, token, query, **given):
        """What became of a mutation."""
        self.world.clock.now = system_clock()
        body = {"query": query, "variables": {"i": given | {"idempotencyKey": self.world.key()}}}
        headers = {"Authorization": f"Bearer {token}"}
        return (await self.world.client.post("/graphql", json=body, headers=headers)).json()

    async def refused_by(self, token):
        """The reasons for which registry and gateway refuse a token; None where it is taken."""
        said = await self.act(token, PROPOSE, number="TEST-00000000-00", act="grant", reason="R")
        try:
            await self.gate.caller(f"Bearer {token}")
        except TokenRefused as error:
            return said.get("code"), error.reason
        return said.get("code"), None


@pytest.fixture
async def house(tmp_path, copied, provider, monkeypatch):
    def settings(**given):
        return Settings(**given, oidc_issuer=provider.issuer, oidc_algs=("ES256",))

    monkeypatch.setattr(core_world, "Settings", settings)
    world = CoreWorld(tmp_path, copied("registry-founded-now", lambda url: found(url, system_clock())))
    world.clock.now = system_clock()
    made = House(world, provider)
    await made.link()
    yield made
    await world.close()


async def test_two_persons_decide_and_a_program_proposes_and_never_approves(house):
    number = await house.world.applied()
    tokens = dict(zip(LINKED, [await house.token(subject) for subject in LINKED], strict=True))

    made = (await house.act(tokens["u-both"], PROPOSE, number=number, act="grant", reason="R"))["data"]["it"][
        "proposal"
    ]
    approval = {"proposal": made["id"], "digest": made["digest"]}
    for subject, code in (("robot", "PERSON_NEEDED"), ("u-both-at-home", "FOUR_EYES"), ("u-pema", "ROLE_NEEDED")):
        assert (await house.act(tokens[subject], APPROVE, **approval))["data"]["it"]["code"] == code
    done = await house.act(tokens["u-anil"], APPROVE, **approval)
    assert done["data"]["it"]["decision"]["act"] == "grant"

    other = await house.world.applied(name="Another")
    by_program = await house.act(tokens["robot"], PROPOSE, number=other, act="grant", reason="R")
    assert by_program["data"]["it"]["proposal"]["id"]
    assert (await house.gate.caller(f"Bearer {tokens['u-anil']}")).subject == "u-anil"
    assert await house.refused_by(await house.token("a-stranger")) == ("UNKNOWN_MEMBER", None)


async def test_new_keys_are_learnt_and_known_ones_outlast_the_provider(house):
    old = await house.token("u-pema")
    assert await house.refused_by(old) == (None, None)

    house.provider.rotate()
    new = await house.token("u-pema")
    await asyncio.sleep(1.1)  # at most one look in a second
    assert await house.refused_by(new) == (None, None)
    assert await house.refused_by(old) == ("UNKNOWN_KEY", "UNKNOWN_KEY"), "what the provider withdrew has ended"

    house.provider.rotate()
    newest = await house.token("u-pema")
    house.provider.stop()
    await asyncio.sleep(1.1)
    assert await house.refused_by(new) == (None, None)
    assert await house.refused_by(newest) == ("UNKNOWN_KEY", "UNKNOWN_KEY")
