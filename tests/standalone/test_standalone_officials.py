from datetime import UTC, datetime

import pytest

from goodstanding_standalone.sample.authorities import ETHICAL, MAIN
from registry.accreditations.service import Accreditations, ApplicationDraft
from registry.errors import Invalid

pytestmark = pytest.mark.asyncio(loop_scope="session")

LONG_AGO = datetime(2001, 2, 3, tzinfo=UTC)


@pytest.fixture
def acts(world):
    register = world.house.register
    return Accreditations(register.database, register.clock, register.settings, lambda: None)


async def an_organisation_without_an_application(world):
    data = await world.front.graphql(
        "{ organisations(first: 40, filter: {kind: EMPLOYER}) { edges { node { id "
        "accreditations(first: 1) { edges { cursor } } } } } }", {},
    )  # fmt: skip
    nodes = [edge["node"] for edge in data["organisations"]["edges"]]
    return next(node["id"] for node in nodes if not node["accreditations"]["edges"])


async def test_a_file_older_than_the_register_is_entered_on_a_legal_basis_only(world, acts):
    organisation = await an_organisation_without_an_application(world)
    member = await world.house.register.member("proposer")
    with pytest.raises(Invalid) as refused:
        await acts.apply(member, ApplicationDraft(organisation, MAIN, ETHICAL, effective_from=LONG_AGO), key="paper")

    assert (refused.value.code, refused.value.field) == ("RETROACTIVE", "legalBasis")

    entered = ApplicationDraft(organisation, MAIN, ETHICAL, effective_from=LONG_AGO, legal_basis="Act on paper files")
    event = await acts.apply(member, entered, key="paper")
    assert await acts.apply(member, entered, key="paper") == event
    data = await world.front.graphql(
        "query($id: ID!) { node(id: $id) { ... on Decision { act legalBasis effectiveFrom } } }",
        {"id": event}, world.tokens["proposer"],
    )  # fmt: skip
    assert data["node"] == {"act": "apply", "legalBasis": "Act on paper files",
                            "effectiveFrom": "2001-02-03T00:00:00.000Z"}  # fmt: skip


async def test_what_lies_before_the_application_still_cannot_be_granted(world):
    number = world.made.numbers["APPLIED"]
    answer = await world.front.mutate(
        "proposeDecision", "ProposeDecisionInput", "... on ProposalDone { proposal { id } }",
        {"number": number, "act": "grant", "reason": "test", "legalBasis": "Act", "effectiveFrom": "2001-02-03T00:00:00Z"},
        world.tokens["proposer"],
    )  # fmt: skip

    assert answer["__typename"] in ("NotAllowed", "Conflict")
    assert "application" in answer["message"]
