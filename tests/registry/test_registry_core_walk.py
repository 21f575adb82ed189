"""The main job through the subgraph: an organisation's way from registration to revocation."""

from datetime import timedelta

import pytest
from core_world import LABOUR, LICENCE, START

pytestmark = pytest.mark.both_backends

REGISTER = """
mutation ($input: RegisterOrganisationInput!) { registerOrganisation(input: $input) {
  __typename ... on RegisterOrganisationDone { organisation { id kind name names { text script kind } domains
    identifiers { scheme value verified } jurisdiction } }
  ... on DomainError { code message } ... on Invalid { field } } }
"""
APPLY = """
mutation ($input: ApplyInput!) { applyForAccreditation(input: $input) { __typename
  ... on DecisionDone { pending visibleFromTreeSize decision { eventId act pending }
    accreditation { number standing { standing overlays { code } } scope { activities corridors { origin destination } } } }
  ... on DomainError { code message } ... on Invalid { field } ... on Conflict { blockedBy } } }
"""
PROPOSE = """
mutation ($input: ProposeDecisionInput!) { proposeDecision(input: $input) { __typename
  ... on ProposalDone { proposal { id digest act number reason state expiresAt effectiveFrom } }
  ... on DomainError { code message } ... on Invalid { field } ... on NotAllowed { allowedActs }
  ... on Conflict { blockedBy } } }
"""
APPROVE = """
mutation ($input: ApproveProposalInput!) { approveProposal(input: $input) { __typename
  ... on DecisionDone { pending visibleFromTreeSize decision { id eventId act basis reason measure publicText pending
      closes { eventId } corrects { eventId } }
    accreditation { number standing { standing kind } validFrom validUntil record conditions { code text deadline met } } }
  ... on DomainError { code message } ... on NotAllowed { allowedActs } ... on Conflict { blockedBy } } }
"""
REJECT = """
mutation ($input: RejectProposalInput!) { rejectProposal(input: $input) { __typename
  ... on ProposalDone { proposal { id state } } ... on DomainError { code message } } }
"""
READ = """
query ($number: String!) { accreditation(number: $number) { id number
  organisation { id name } authority { id name entityId } scheme { id owner { id } criteria { code indicators } }
  standing { standing kind since until overlays { code note } basis knownAt treeSize projected }
  decisions { edges { node { act pending } } pageInfo { hasNextPage } } validFrom validUntil record trustMark } }
"""


class Walk:
    """The steps, each under a key of its own."""

    def __init__(self, register):
        self.register = register

    async def do(self, mutation, member, **given):
        given = {"idempotencyKey": self.register.key()} | given
        self.register.clock.forward(seconds=1)
        (result,) = (await self.register.ask(mutation, member, input=given)).values()
        return result

    async def decide(self, number, act, **given):
        proposed = await self.do(PROPOSE, "pema", number=number, act=act, reason="TEST-REASON", **given)
        proposal = proposed["proposal"]
        return await self.do(APPROVE, "anil", proposal=proposal["id"], digest=proposal["digest"])


@pytest.fixture
def walk(register):
    return Walk(register)


async def test_an_organisation_is_registered_with_its_scripts_and_domains(walk):
    done = await walk.do(
        REGISTER, "rita", kind="RECRUITER", jurisdiction="np", domains=["Himal.Example.", "bücher.example"],
        names=[{"text": "  Himal  Placements ", "kind": "legal"}, {"text": "हिमाल प्लेसमेन्ट", "kind": "trading"}],
        identifiers=[{"scheme": "LEI", "value": "5493001kjtiigc8y1r12"}, {"scheme": "np-dofe", "value": "123/078"}],
    )  # fmt: skip

    made = done["organisation"]
    assert (made["name"], made["kind"], made["jurisdiction"]) == ("Himal Placements", "RECRUITER", "NP")
    assert {(name["text"], name["script"]) for name in made["names"]} == {
        ("Himal Placements", "Latn"), ("हिमाल प्लेसमेन्ट", "Deva"),
    }  # fmt: skip
    assert made["domains"] == ["himal.example", "xn--bcher-kva.example"]
    assert {"scheme": "lei", "value": "5493001KJTIIGC8Y1R12", "verified": False} in made["identifiers"]


async def test_from_registration_to_revocation(register, walk):
    organisation = (await walk.do(
        REGISTER, "rita", kind="RECRUITER", jurisdiction="NP", names=[{"text": "Himal Placements", "kind": "legal"}],
    ))["organisation"]["id"]  # fmt: skip
    scope = {"activities": ["placement"], "corridors": [{"origin": "np", "destination": "QA"}]}
    applied = await walk.do(APPLY, "rita", organisation=organisation, authority=LABOUR, scheme=LICENCE, scope=scope)
    number = applied["accreditation"]["number"]
    assert number.startswith("TEST-")
    assert applied["accreditation"]["standing"]["standing"] == "APPLIED"
    assert applied["accreditation"]["scope"]["corridors"] == [{"origin": "NP", "destination": "QA"}]
    assert applied["pending"]
    assert applied["visibleFromTreeSize"] is None

    granted = await walk.decide(
        number, "GRANT", validFrom="2026-05-04", validUntil="2027-05-03",
        conditions=[{"code": "REPORT", "text": "Report every quarter.", "deadline": "2026-08-01"}],
    )  # fmt: skip
    assert granted["accreditation"]["standing"]["standing"] == "ACTIVE"
    assert granted["accreditation"]["validFrom"] == "2026-05-04"
    assert granted["accreditation"]["validUntil"] == "2027-05-03"
    assert granted["accreditation"]["conditions"] == [
        {"code": "REPORT", "text": "Report every quarter.", "deadline": "2026-08-01", "met": False}
    ]
    assert granted["accreditation"]["record"] is None, "no proof, no record"

    await register.logged()
    seen = (await register.ask(READ, number=number))["accreditation"]
    assert seen["standing"]["standing"] == "ACTIVE"
    assert seen["standing"]["overlays"] == []
    assert seen["standing"]["treeSize"] == len(register.log.events)
    assert not seen["standing"]["projected"]
    assert seen["standing"]["until"] == "2027-05-03T18:15:00.000Z", "the next midnight in Kathmandu"
    assert seen["record"].endswith("~")
    assert seen["trustMark"] is None
    assert seen["authority"]["entityId"].endswith("/authorities/aut_labour")
    assert seen["scheme"]["criteria"] == [{"code": "NO-FEES", "indicators": ["Receipts are kept"]}]

    suspended = await walk.decide(number, "Suspend", measure="preventive", publicText="While complaints are heard.")
    assert suspended["accreditation"]["standing"] == {"standing": "SUSPENDED", "kind": "preventive"}
    public = (await register.ask(READ, number=number))["accreditation"]["standing"]
    assert public["standing"] == "SUSPENDED", "what lowers trust does not wait for the log"
    assert public["overlays"] == [{"code": "PENDING_LOG", "note": "suspend"}]

    ended = await walk.decide(number, "end-suspension", closes=suspended["decision"]["eventId"])
    assert ended["decision"]["act"] == "end_suspension"
    assert ended["decision"]["closes"] == {"eventId": suspended["decision"]["eventId"]}
    assert ended["accreditation"]["standing"]["standing"] == "ACTIVE"
    public = (await register.ask(READ, number=number))["accreditation"]["standing"]
    assert public["standing"] == "SUSPENDED", "what raises trust waits for the log"

    await register.logged()
    revoked = await walk.decide(number, "revoke")
    assert revoked["accreditation"]["standing"]["standing"] == "REVOKED"
    await register.logged()
    seen = (await register.ask(READ, number=number))["accreditation"]
    assert seen["standing"]["standing"] == "REVOKED"
    assert [edge["node"]["act"] for edge in seen["decisions"]["edges"]] == [
        "apply", "grant", "suspend", "end_suspension", "revoke",
    ]  # fmt: skip

    refused = await walk.do(PROPOSE, "pema", number=number, act="suspend", reason="TOO-LATE")
    assert (refused["__typename"], refused["code"], refused["allowedActs"]) == (
        "NotAllowed", "NOT_ALLOWED", ["stay", "restore", "bar", "correct", "lodge_appeal"],
    )  # fmt: skip


async def test_a_decision_says_from_which_size_everybody_sees_it(register, walk):
    number = await register.applied()
    granted = await walk.decide(number, "grant")
    await register.logged()

    node = """query ($id: ID!) { node(id: $id) { id ... on Decision { pending act } } }"""
    found = (await register.ask(node, id=granted["decision"]["id"]))["node"]
    assert found == {"id": granted["decision"]["eventId"], "pending": False, "act": "grant"}


async def test_a_rejected_proposal_stays_visible_to_staff_and_makes_nothing(register, walk):
    number = await register.applied()
    proposal_id, digest = await register.proposed(number, "grant")

    rejected = await walk.do(REJECT, "anil", proposal=proposal_id, reason="The hotline does not answer.\nAsk again.")

    assert rejected["proposal"] == {"id": proposal_id, "state": "REJECTED"}
    late = await walk.do(APPROVE, "asha", proposal=proposal_id, digest=digest)
    assert (late["__typename"], late["code"]) == ("Conflict", "ALREADY_DECIDED")


async def test_two_mutations_in_one_request_each_read_what_they_made(register):
    number = await register.applied()
    given = {"number": number, "act": "grant", "reason": "TEST-REASON"}
    both = """mutation ($a: ProposeDecisionInput!, $b: ProposeDecisionInput!) {
      a: proposeDecision(input: $a) { ... on ProposalDone { proposal { id } } }
      b: proposeDecision(input: $b) { ... on ProposalDone { proposal { id } } } }"""

    made = await register.ask(both, "pema", a=given | {"idempotencyKey": "one"}, b=given | {"idempotencyKey": "two"})

    ids = {result["proposal"]["id"] for result in made.values()}
    assert len(ids) == 2


async def test_a_proposal_tells_when_it_takes_effect_and_when_it_expires(register, walk):
    number = await register.applied()
    later = (START + timedelta(days=3)).isoformat()

    made = (await walk.do(PROPOSE, "pema", number=number.lower(), act="grant", reason="OK", effectiveFrom=later))[
        "proposal"
    ]

    assert made["effectiveFrom"] == "2026-05-07T09:00:00.000Z"
    assert made["expiresAt"] == "2026-05-18T09:00:01.000Z"
    assert (made["state"], made["number"], made["act"]) == ("OPEN", number, "grant")
