"""The edge as a subgraph for a stock router: who may ask, and what it answers."""

import pytest
from gateway_simulator import NUMBER

PATH = "/subgraphs/verification"
TOKEN = {"Authorization": "Bearer router-secret"}


@pytest.fixture
async def gateway(register, make_gateway):
    register.grant()
    gateway = make_gateway(subgraph_token="router-secret")
    await gateway.follow()
    return gateway


async def ask(gateway, query, variables=None, headers=TOKEN, **members):
    body = {"query": query, "variables": variables} | members
    return await gateway.client.post(PATH, json=body, headers=headers)


async def test_a_router_learns_the_subgraph(gateway):
    answered = await ask(gateway, "{ _service { sdl } }")
    sdl = answered.json()["data"]["_service"]["sdl"]
    assert "verifyMany" in sdl
    assert "federation/v2.9" in sdl
    assert answered.headers["cache-control"] == "no-store"


async def test_it_answers_as_the_public_door_does(gateway):
    query = "query V($by: VerifyBy!) { verify(by: $by) { __typename verdict number treeSize reasons { code } } }"
    variables = {"by": {"number": NUMBER}}
    here = (await ask(gateway, query, variables, operationName="V")).json()
    assert here["data"]["verify"]["verdict"] == "IN_GOOD_STANDING"
    assert here == (await gateway.graphql(query, variables)).json()


async def test_an_error_of_a_field_keeps_its_code(gateway):
    answered = await ask(gateway, '{ verify(by: {domain: ""}) { verdict } }')
    assert answered.json()["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT", "argument": "by"}


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "Bearer"}, {"Authorization": "Bearer other"}, {"Authorization": "Basic router-secret"}],
)
async def test_without_the_token_nothing_is_answered(gateway, headers):
    answered = await ask(gateway, "{ _service { sdl } }", headers=headers)
    assert (answered.status_code, answered.headers["content-type"]) == (401, "application/problem+json")
    assert answered.headers["www-authenticate"] == "Bearer"


async def test_an_access_token_is_no_service_token(register, gateway):
    headers = {"Authorization": f"Bearer {register.access_token()}"}
    assert (await ask(gateway, "{ _service { sdl } }", headers=headers)).status_code == 401


async def test_without_the_setting_there_is_nothing(make_gateway):
    answered = await ask(make_gateway(), "{ _service { sdl } }", headers={"Authorization": "Bearer "})
    assert (answered.status_code, answered.json()["title"]) == (404, "Not Found")


async def test_get_is_not_answered(gateway):
    assert (await gateway.get(f"{PATH}?query=%7B__typename%7D", headers=TOKEN)).status_code == 405


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{ verify", "GRAPHQL_PARSE_FAILED"),
        ("{" + " a: __typename" * 200 + "}", "GRAPHQL_VALIDATION_FAILED"),
        ("{" + "".join(f" a{n}: __typename" for n in range(101)) + "}", "TOO_LARGE"),
        ("{ " + "__typename " * 20_000 + "}", "GRAPHQL_PARSE_FAILED"),
    ],
)
async def test_a_document_has_bounds(gateway, query, code):
    answered = await ask(gateway, query, headers=TOKEN | {"Accept": "application/graphql-response+json"})
    assert answered.status_code == 400
    assert "data" not in answered.json()
    if code != "GRAPHQL_VALIDATION_FAILED":
        assert answered.json()["errors"][0]["extensions"]["code"] == code


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"query":1}', b"[" * 100_000])
async def test_what_is_no_request(gateway, body):
    answered = await gateway.client.post(PATH, content=body, headers=TOKEN | {"Content-Type": "application/json"})
    assert answered.status_code == 400


async def test_not_acceptable(gateway):
    assert (await ask(gateway, "{ __typename }", headers=TOKEN | {"Accept": "text/html"})).status_code == 406


async def test_before_anything_is_verified(make_gateway):
    gateway = make_gateway(subgraph_token="router-secret")
    answered = await ask(gateway, '{ verify(by: {number: "X"}) { verdict } }')
    assert answered.json()["errors"][0]["extensions"]["code"] == "NOT_READY"
