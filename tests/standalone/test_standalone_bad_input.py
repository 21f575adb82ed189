"""Bad input at the front door: each is a typed error or a problem that says what to do, and changes nothing."""

import json
from datetime import timedelta

import pytest
import pytest_asyncio
from sqlalchemy import func, select

from goodstanding_standalone.sample.authorities import ETHICAL, MAIN, SECOND
from registry.access.model import Actor
from registry.access.tokens import TokenIssuer
from registry.accreditations.tables import AccreditationRow, ProposalRow
from registry.issuance.tables import EventRow
from registry.organisations.tables import OrganisationRow

pytestmark = pytest.mark.asyncio(loop_scope="session")

PROPOSAL = "... on ProposalDone { proposal { id digest state } } ... on NotAllowed { allowedActs }"
DECISION = "... on DecisionDone { decision { eventId } } ... on NotAllowed { allowedActs } ... on Invalid { field }"
DONE = "... on RegisterOrganisationDone { organisation { id } } ... on Invalid { field }"


@pytest_asyncio.fixture(loop_scope="session")
async def unchanged(world):
    """Whatever the test does, the database holds afterwards what it held before."""

    async def rows():
        async with world.house.register.database.read() as tx:
            return [await tx.scalar(select(func.count()).select_from(table))
                    for table in (EventRow, OrganisationRow, AccreditationRow, ProposalRow)]  # fmt: skip

    before = await rows()
    yield
    assert await rows() == before


async def propose(world, standing, act, who="proposer", **more):
    return await world.front.mutate(
        "proposeDecision", "ProposeDecisionInput", PROPOSAL,
        {"number": world.made.numbers[standing], "act": act, "reason": "test", **more}, world.tokens[who],
    )  # fmt: skip


async def approve(world, proposal, who, digest=None):
    return await world.front.mutate(
        "approveProposal", "ApproveProposalInput", DECISION,
        {"proposal": proposal["id"], "digest": digest or proposal["digest"]}, world.tokens[who],
    )  # fmt: skip


async def test_an_act_the_table_does_not_allow_is_answered_with_those_it_does(world, unchanged):
    answer = await propose(world, "REVOKED", "suspend")

    assert answer["__typename"] == "NotAllowed"
    assert answer["allowedActs"] == ["stay", "restore", "bar", "correct", "lodge_appeal"]
    answer = await propose(world, "ACTIVE", "grant")
    assert answer["__typename"] == "NotAllowed"
    assert answer["allowedActs"] == [
        "impose_conditions", "change_scope", "suspend", "give_notice", "revoke", "surrender", "terminate", "merge",
        "split", "correct", "renew", "continue_renewal", "lodge_appeal",
    ]  # fmt: skip


async def test_another_ministry_has_no_say(world, unchanged):
    answer = await propose(world, "ACTIVE", "suspend", who="second_proposer", measure="preventive")

    assert answer["__typename"] == "Forbidden"


async def test_an_authority_without_a_mandate_takes_no_application(world, unchanged):
    organisation = await world.front.graphql("{ organisations(first: 1) { edges { node { id } } } }", {})
    answer = await world.front.mutate(
        "applyForAccreditation", "ApplyInput", DECISION,
        {"organisation": organisation["organisations"]["edges"][0]["node"]["id"], "authority": SECOND,
         "scheme": "sch_uk_worker", "scope": {}}, world.tokens["second_proposer"],
    )  # fmt: skip

    assert answer["__typename"] == "Forbidden"
    assert answer["code"] == "NO_MANDATE"


async def test_nobody_approves_alone_and_nothing_else_than_what_was_proposed(world):
    proposal = (await propose(world, "ACTIVE", "suspend", measure="preventive"))["proposal"]

    alone = await approve(world, proposal, "proposer")
    stale = await approve(world, proposal, "approver", digest="A" * 43)
    client = await approve(world, proposal, "api_key")

    assert (alone["__typename"], alone["code"]) == ("Forbidden", "FOUR_EYES")
    assert (stale["__typename"], stale["code"]) == ("Conflict", "STALE_DIGEST")
    assert (client["__typename"], client["code"]) == ("Forbidden", "PERSON_NEEDED")
    verdict = (await world.client.get(f"/verify/{world.made.numbers['ACTIVE']}")).json()
    assert verdict["verdict"] == "IN_GOOD_STANDING"


async def test_a_number_nobody_has_and_one_mistyped_are_told_apart(world):
    unknown = await world.client.get("/verify/TEST-00000000-72")
    mistyped = await world.client.get("/verify/TEST-00000000-73")

    assert unknown.status_code == 404
    assert mistyped.status_code == 400
    for answer in (unknown, mistyped):
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["verdict"] == "CANNOT_CONCLUDE"


@pytest.mark.parametrize("path", ["/records/TEST-00000000-72", "/evidence/TEST-00000000-72",
                                  "/records/TEST-00000000-72.tlog-proof", "/status-lists/none"])  # fmt: skip
async def test_what_does_not_exist_is_a_problem_and_no_page(world, path):
    answer = await world.client.get(path)

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]


async def test_an_organisation_without_a_legal_name_is_refused_by_field(world, unchanged):
    answer = await world.front.mutate(
        "registerOrganisation", "RegisterOrganisationInput", DONE,
        {"kind": "RECRUITER", "names": [{"text": "Only Alias", "kind": "alias"}], "jurisdiction": "NP"},
        world.tokens["proposer"],
    )  # fmt: skip

    assert (answer["__typename"], answer["field"]) == ("Invalid", "names")


async def test_without_a_token_nothing_is_decided(world, unchanged):
    input_ = {"idempotencyKey": "k", "number": world.made.numbers["ACTIVE"], "act": "suspend", "reason": "r"}
    query = "mutation($i: ProposeDecisionInput!) { proposeDecision(input: $i) { __typename } }"
    answer = await world.client.post("/graphql", json={"query": query, "variables": {"i": input_}})

    assert answer.json()["data"]["proposeDecision"]["__typename"] == "Forbidden"


async def test_a_token_that_is_forged_or_out_of_date_is_a_401(world, unchanged):
    register = world.house.register
    member = await register.member("approver")
    late = TokenIssuer(await register.keys.token_signer(), register.settings.origin,
                       lambda: register.clock() - timedelta(hours=1)).issue(member)  # fmt: skip
    foreign = TokenIssuer(await register.keys.record_signer(MAIN), register.settings.origin, register.clock)
    forged = foreign.issue(Actor("approver", roles=frozenset({(MAIN, "approver")})))
    for token in ("nonsense", late, forged, world.tokens["approver"][:-4] + "AAAA"):
        answer = await world.client.post(
            "/graphql", json={"query": "{ proposals { edges { node { id } } } }"},
            headers={"Authorization": f"Bearer {token}"},
        )  # fmt: skip
        assert answer.status_code == 401, token
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b"{", "application/json"),
        (b"\xff\xfe", "application/json"),
        (b"[]", "application/json"),
        (json.dumps({"query": "{ nonsense }"}).encode(), "application/json"),
        (json.dumps({"query": "{" * 5_000}).encode(), "application/json"),
        (b"query", "text/plain"),
        (b'{"query": "' + b" " * 2_000_000 + b'"}', "application/json"),
    ],
    ids=["cut off", "not UTF-8", "an array", "unknown field", "too deep", "wrong type", "too long"],
)
async def test_a_request_that_cannot_be_read_is_refused_without_a_stack_trace(world, unchanged, content, media_type):
    headers = {"Content-Type": media_type, "Accept": "application/graphql-response+json"}
    answer = await world.client.post("/graphql", content=content, headers=headers)

    assert 400 <= answer.status_code < 500
    assert "Traceback" not in answer.text
    assert answer.headers["content-type"].partition(";")[0] in (
        "application/problem+json", "application/graphql-response+json",
    )  # fmt: skip


async def test_the_schemes_of_the_sample_are_public(world):
    data = await world.front.graphql("query($id: ID!) { scheme(id: $id) { criteria { code } } }", {"id": ETHICAL})

    assert {criterion["code"] for criterion in data["scheme"]["criteria"]} >= {"FEES", "REMEDY", "PSEA", "CODE"}
