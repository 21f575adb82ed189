"""Acts on the register itself: who may, for every role and act; four eyes, and the public schema."""

import asyncio
import hashlib
from datetime import timedelta

import pytest
from administration_world import OFFICIALS, cadence, criteria, mandate, mandate_end, mappings, role, succession
from core_world import LABOUR, LICENCE, OWNER, STANDARD, START, TRADE
from sqlalchemy.exc import IntegrityError

from goodstanding.canonical import b64u
from registry.access.model import Role
from registry.access.service import grant_role
from registry.accreditations.proposals import open_proposal
from registry.administration.model import ACTS, At
from registry.administration.service import Administration
from registry.database import Database
from registry.errors import Conflict, Forbidden, Invalid, NotFound

OWNERS, ADMINS = {"olga", "omar"}, {"ada", "abel", "authority-admin-here"}


async def draft_of(act, offices):
    """A draft of each act that is legal."""
    if act == "succeed":
        (ended,) = await offices.mandates(LABOUR, STANDARD)
        await offices.end("expired", mandate=ended)
        return succession((await offices.mandates(TRADE, STANDARD))[0])
    return {
        "give_mandate": mandate(),
        "end_mandate": mandate_end((await offices.mandates())[0]),
        "set_mappings": mappings(),
        "publish_criteria": criteria(),
        "set_cadence": cadence(),
        "grant_role": role("nobody"),
        "withdraw_role": role("registrar-here", withdraw=True),
    }[act]


def taking_part(act):
    """Who has the role that an act takes, where it takes it; the API key among them."""
    return (OWNERS if act.at is At.SCHEME_OWNER else ADMINS) | {"key"}


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.name)
async def test_every_member_and_act(offices, act):
    """The matrix: every member proposes, and every member stands before what the first of two persons proposed."""
    register, draft = offices.register, await draft_of(act.name, offices)
    first, second, *_ = sorted(taking_part(act) - {"key"})
    proposing, approving = set(), set()
    proposal_id, digest = await offices.proposed(first, draft)
    for member in OFFICIALS:
        actor = await register.actor(member)
        if not await refused(offices.acts.propose(actor, draft, key=register.key())):
            proposing.add(member)
        if not await refused(reaches(register, actor, proposal_id)):
            approving.add(member)

    assert proposing == taking_part(act)
    assert approving == taking_part(act) - {"key", first}
    await offices.approved(second, proposal_id, digest)
    (row,) = [row for row in await offices.rows("proposals") if row.id == proposal_id]
    assert (row.state, row.number, row.proposer, row.decided_by) == ("APPROVED", None, first, second)


async def reaches(register, actor, proposal_id):
    """Whether an actor gets as far as the proposal's content, to approve or to reject."""
    async with register.database.write() as tx:
        await open_proposal(tx, actor, proposal_id, register.clock(), what="approve an act of administration")


async def refused(act):
    try:
        await act
    except (Forbidden, NotFound):
        return True
    return False


def test_the_matrix_is_whole():
    """Every role at the authority is somebody in the matrix, and so is whoever has none."""
    roles = {held for _, all_held in OFFICIALS.values() for authority, held in all_held if authority == LABOUR}
    assert roles == set(Role)
    assert (len(Role), len(OFFICIALS), len(ACTS)) == (9, 17, 8)


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.name)
async def test_whoever_proposed_neither_approves_nor_rejects(offices, act):
    first = min(taking_part(act) - {"key"})
    proposal_id, digest = await offices.proposed(first, await draft_of(act.name, offices))
    actor = await offices.register.actor(first)

    with pytest.raises(Forbidden, match="second person"):
        await offices.acts.approve(actor, proposal_id, digest, key="1")
    with pytest.raises(Forbidden, match="second person"):
        await offices.register.acts.reject(actor, proposal_id, "No", key="2")


async def test_an_api_key_proposes_and_never_approves(offices):
    proposal_id, digest = await offices.proposed("key", mandate())
    other = await offices.proposed("olga", mandate(valid_from=START + timedelta(days=1)))

    with pytest.raises(Forbidden, match="takes a person"):
        await offices.approved("key", *other)
    await offices.approved("olga", proposal_id, digest)


async def test_each_kind_of_proposal_is_approved_by_its_own_mutation(offices):
    register = offices.register
    number = await register.applied()
    register.clock.forward(seconds=1)
    decision = await register.proposed(number, "grant")
    administration = await offices.proposed("olga", mandate())

    with pytest.raises(Invalid, match="approveProposal"):
        await offices.acts.approve(await register.actor("anil"), *decision, key="1")
    with pytest.raises(Invalid, match="approveAdministration"):
        await register.acts.approve(await register.actor("omar"), *administration, key="2")


async def test_an_expired_proposal_and_a_rejected_one_are_not_approved(offices):
    register = offices.register
    late = await offices.proposed("olga", mandate())
    register.clock.forward(days=400)
    with pytest.raises(Conflict, match="expired"):
        await offices.approved("omar", *late)

    proposal_id, digest = await offices.proposed("olga", mappings())
    await register.acts.reject(await register.actor("omar"), proposal_id, "No.", key="1")
    with pytest.raises(Conflict, match="already rejected"):
        await offices.approved("omar", proposal_id, digest)


async def test_only_the_digest_of_what_was_proposed_is_approved(offices):
    proposal_id, _ = await offices.proposed("olga", mappings())
    _, other = await offices.proposed("olga", mappings(version="3"))

    with pytest.raises(Conflict) as refusal:
        await offices.approved("omar", proposal_id, other)
    assert refusal.value.code == "STALE_DIGEST"


async def test_a_key_is_used_once(offices):
    register = offices.register
    first = await offices.proposed("olga", mandate(), key="again")
    assert await offices.proposed("olga", mandate(), key="again") == first
    with pytest.raises(Conflict, match="other input"):
        await offices.proposed("olga", mandate(acts=["grant"]), key="again")

    omar = await register.actor("omar")
    assert {await offices.acts.approve(omar, *first, key="once") for _ in range(3)} == {first[0]}
    assert len(await offices.mandates(TRADE)) == 1


async def test_what_was_legal_when_it_was_proposed_must_still_be(offices):
    twice = [await offices.proposed("olga", draft) for draft in (mandate(), mandate(), mappings(), mappings())]
    await offices.approved("omar", *twice[0])
    await offices.approved("omar", *twice[2])

    for proposal, code in ((twice[1], "MANDATE_EXISTS"), (twice[3], "VERSION_USED")):
        with pytest.raises(Conflict) as refusal:
            await offices.approved("omar", *proposal)
        assert refusal.value.code == code


@pytest.mark.both_backends
async def test_two_approvers_race_and_it_is_done_once(offices):
    register = offices.register
    async with register.database.write() as tx:
        await grant_role(tx, OWNER, "ada", Role.SCHEME_OWNER)
    proposal_id, digest = await offices.proposed("olga", mandate())
    databases = [Database(register.database.url) for _ in range(2)]

    async def approve(member, database):
        acts = Administration(database, register.clock, register.settings, lambda: None)
        return await acts.approve(await register.actor(member), proposal_id, digest, key=f"by-{member}")

    pairs = zip(("omar", "ada"), databases, strict=True)
    results = await asyncio.gather(*(approve(*pair) for pair in pairs), return_exceptions=True)
    for database in databases:
        await database.close()

    assert results.count(proposal_id) == 1
    (refusal,) = [result for result in results if result != proposal_id]
    assert isinstance(refusal, Conflict), refusal
    assert len(await offices.mandates(TRADE)) == 1


@pytest.mark.both_backends
@pytest.mark.parametrize("change", ["decided_by = proposer", "decided_by = NULL"])
async def test_the_database_says_so_too(offices, change):
    await offices.done(mandate())

    with pytest.raises(IntegrityError):
        async with offices.register.database.write() as tx:
            await tx.exec_driver_sql(f"UPDATE proposals SET {change}")


async def test_whoever_only_looks_on_sees_nothing_that_is_not_decided(offices):
    """Staff see proposals and what is pending; a regulator and a subscriber of the authority see what everyone sees."""
    register = offices.register
    number = await register.applied()
    register.clock.forward(seconds=1)
    proposal_id, _ = await register.proposed(number, "grant")
    query = "query ($p: ID!, $n: String!) { proposal(id: $p) { id } proposals { edges { node { id } } } accreditation(number: $n) { number } }"

    for role_ in Role:
        seen = await register.ask(query, f"{role_}-here", p=proposal_id, n=number)
        staff = role_ not in (Role.REGULATOR, Role.SUBSCRIBER)
        assert bool(seen["proposal"]) is bool(seen["accreditation"]) is bool(seen["proposals"]["edges"]) is staff, role_


# --- through the public schema

PROPOSE = """mutation ($i: ProposeMandateInput!) { proposeMandate(input: $i) {
  ... on ProposalDone { proposal { id digest act number content effectiveFrom } }
  ... on DomainError { __typename code message } } }"""
APPROVE = """mutation ($i: ApproveProposalInput!) { approveAdministration(input: $i) {
  ... on AdministrationDone { proposal { id state } } ... on DomainError { __typename code message } } }"""


async def test_through_the_public_schema(offices):
    register = offices.register
    asked = {
        "authority": TRADE,
        "scheme": LICENCE,
        "acts": ["GRANT"],
        "validFrom": "2026-05-04T09:00:00Z",
        "reason": "A",
    }
    made = await register.ask(PROPOSE, "olga", i=asked | {"idempotencyKey": "1"})
    proposal = made["proposeMandate"]["proposal"]
    assert (proposal["act"], proposal["number"]) == ("give_mandate", None)
    assert b64u(hashlib.sha256(proposal["content"].encode()).digest()) == proposal["digest"]  # it can be checked

    approval = {"proposal": proposal["id"], "digest": proposal["digest"], "idempotencyKey": "2"}
    refused = await register.ask(APPROVE, "olga", i=approval)
    assert refused["approveAdministration"]["code"] == "FOUR_EYES"
    done = await register.ask(APPROVE, "omar", i=approval)
    assert done["approveAdministration"] == {"proposal": {"id": proposal["id"], "state": "APPROVED"}}
    assert (await register.ask(PROPOSE, None, i=asked | {"idempotencyKey": "3"}))["proposeMandate"]["code"] == (
        "NOT_SIGNED_IN"
    )


@pytest.mark.parametrize(
    ("mutation", "kind", "asked"),
    [
        ("proposeMandateEnd", "ProposeMandateEndInput", {"mandate": "first", "end": "WITHDRAWN"}),
        ("proposeMappings", "ProposeMappingsInput",
         {"scheme": LICENCE, "version": "2", "mappings": [{"word": "rated", "standing": "ACTIVE"}]}),
        ("proposeCriteria", "ProposeCriteriaInput",
         {"scheme": LICENCE, "version": "2", "criteria": [{"code": "A", "title": "B"}]}),
        ("proposeRole", "ProposeRoleInput", {"authority": LABOUR, "member": "nobody", "role": "REGULATOR"}),
        ("proposeRoleWithdrawal", "ProposeRoleInput", {"authority": LABOUR, "member": "pema", "role": "PROPOSER"}),
    ],
)  # fmt: skip
async def test_every_proposal_has_a_mutation(offices, mutation, kind, asked):
    if "mandate" in asked:
        asked = asked | {"mandate": (await offices.mandates())[0]}
    query = f"""mutation ($i: {kind}!) {{ {mutation}(input: $i) {{
      ... on ProposalDone {{ proposal {{ number state }} }} ... on DomainError {{ code message }} }} }}"""
    member = "ada" if "Role" in mutation else "olga"

    made = await offices.register.ask(query, member, i=asked | {"idempotencyKey": "1", "reason": "OK"})
    assert made[mutation] == {"proposal": {"number": None, "state": "OPEN"}}
