"""Edge, registry and log in one answer, through the one door of the real services."""

import pytest

pytestmark = pytest.mark.asyncio(loop_scope="session")

TRAVELLED = """query($n: String!) {
  verify(by: {number: $n}) {
    verdict
    accreditation {
      number holder: organisation { __typename name }
      decisions(first: 50) { edges { node { act id logEntry { index proof: inclusionProof { treeSize hashes } } } } }
    }
  }
  log { size }
}"""


async def ask(world, query, variables=None, token=None):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = await world.client.post("/graphql", json={"query": query, "variables": variables}, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_from_a_verdict_to_the_proofs_of_its_decisions(world):
    number = world.made.numbers["ACTIVE"]
    answer = await ask(world, TRAVELLED, {"n": number})

    assert "errors" not in answer
    accreditation = answer["data"]["verify"]["accreditation"]
    assert list(accreditation) == ["number", "holder", "decisions"]
    assert accreditation["number"] == number
    assert accreditation["holder"]["__typename"] == "Organisation"
    nodes = [edge["node"] for edge in accreditation["decisions"]["edges"]]
    assert {"apply", "grant"} <= {node["act"].lower() for node in nodes}
    for node in nodes:
        assert list(node) == ["act", "id", "logEntry"]
        assert 0 <= node["logEntry"]["index"] < answer["data"]["log"]["size"]
        assert node["logEntry"]["proof"]["hashes"]


async def test_many_verdicts_many_accreditations(world):
    numbers = [*world.made.numbers.values(), "TEST-00000000-00", *world.made.numbers.values()]
    query = "query($by: [VerifyBy!]!) { verifyMany(by: $by) { number accreditation { number scheme { name } } } }"
    answer = await ask(world, query, {"by": [{"number": number} for number in numbers]})

    assert "errors" not in answer
    for asked, verdict in zip(numbers, answer["data"]["verifyMany"], strict=True):
        if asked in world.made.numbers.values():
            assert verdict["accreditation"]["number"] == asked
            assert verdict["accreditation"]["scheme"]["name"]
        else:
            assert verdict["accreditation"] is None


async def test_a_node_of_one_service_with_a_field_of_another(world):
    number = world.made.numbers["SUSPENDED"]
    query = "query($n: String!) { accreditation(number: $n) { decisions { edges { node { id } } } } }"
    edges = (await ask(world, query, {"n": number}))["data"]["accreditation"]["decisions"]["edges"]
    query = "query($id: ID!) { node(id: $id) { __typename ... on Decision { eventId logEntry { index } } } }"
    answer = await ask(world, query, {"id": edges[0]["node"]["id"]})

    assert answer["data"]["node"]["__typename"] == "Decision"
    assert answer["data"]["node"]["logEntry"]["index"] >= 0


async def test_a_token_reaches_every_service_that_is_asked(world):
    query = "{ proposals { edges { node { state } } } log { size } }"
    anonymous = await ask(world, query)
    known = await ask(world, query, token=world.tokens["approver"])

    assert anonymous["data"]["log"] == known["data"]["log"]
    assert "errors" not in known
