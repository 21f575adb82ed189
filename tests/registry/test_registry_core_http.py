"""The web application's edge: what it reads, what it refuses and how, and that nothing inner shows."""

import asyncio
import json

from core_world import HOME
from structlog.testing import capture_logs

from goodstanding.keys import PemSigner
from registry.access.tokens import TokenIssuer
from registry.endpoint import MAX_BODY, MEDIA_TYPE
from registry.operations import CACHED

JSON = {"Content-Type": "application/json"}
TYPES = "{ __typename }"


def problem_of(response, status, code):
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert (body["status"], body["code"]) == (status, code)
    assert "Traceback" not in response.text
    return body


NO_REQUESTS = [
    (b"{}", {"Content-Type": "text/plain"}, 415, "NOT_JSON"),
    (b"query=1", {"Content-Type": "application/x-www-form-urlencoded"}, 415, "NOT_JSON"),
    (b"{", JSON, 400, "NOT_JSON"),
    (b"\xff\xfe", JSON, 400, "NOT_JSON"),
    (b"[" * 100_000, JSON, 400, "NOT_JSON"),
    (b"[]", JSON, 400, "BAD_REQUEST"),
    (b'{"query": 1}', JSON, 400, "BAD_REQUEST"),
    (b'{"query": "{ __typename }", "variables": []}', JSON, 400, "BAD_REQUEST"),
    (b'{"query": "{ __typename }", "operationName": 1}', JSON, 400, "BAD_REQUEST"),
    (b'{"query": "{ __typename }", "variables": {"a": "\\ud800"}}', JSON, 400, "NOT_UNICODE"),
    (b" " * (MAX_BODY + 1), JSON, 413, "TOO_LARGE"),
    (b'{"query": "{ __typename }"}', JSON | {"Authorization": "Basic eDp5"}, 401, "NOT_BEARER"),
    (b'{"query": "{ __typename }"}', JSON | {"Authorization": "Bearer x.y.z"}, 401, "NOT_BASE64URL"),
]


async def test_a_request_that_is_none(register):
    for content, headers, status, code in NO_REQUESTS:
        response = await register.client.post("/graphql", content=content, headers=headers)
        assert len(problem_of(response, status, code)["detail"]) > 20


NO_OPERATIONS = [
    "", "{", "{ nothing }", "{ accreditation { number } }", "{ " * 900 + "}" * 900, "{ __typename } #" + "x" * 20_000,
    "{ " + "__typename " * 2_500 + "}", "query A { __typename } query B { __typename }", "subscription { a }",
    '{ accreditations(filter: {changedSince: "yesterday"}) { edges { cursor } } }',
    "{ __schema { types { fields { type { fields { type { fields { type { fields { name } } } } } } } } } }",
]  # fmt: skip


async def test_an_operation_that_cannot_be_executed_says_why(register):
    for query in NO_OPERATIONS:
        response = await register.client.post("/graphql", json={"query": query}, headers={"Accept": MEDIA_TYPE})
        assert response.status_code == 400, query
        assert response.headers["content-type"] == MEDIA_TYPE
        body = response.json()
        assert "data" not in body
        assert all(error["message"] and error["extensions"]["code"] == "BAD_REQUEST" for error in body["errors"])


async def test_older_clients_get_json_and_200(register):
    good = await register.client.post("/graphql", json={"query": TYPES})
    bad = await register.client.post("/graphql", json={"query": "{"})

    assert (good.status_code, bad.status_code) == (200, 200)
    assert good.headers["content-type"] == "application/json"
    assert (good.headers.get("graphql-errors"), bad.headers.get("graphql-errors")) == ("none", None)
    assert good.json() == {"data": {"__typename": "Query"}}
    assert bad.json()["errors"]


async def test_one_of_several_operations_by_name(register):
    query = "query A { __typename } query B { authorities { edges { cursor } } }"
    response = await register.client.post("/graphql", json={"query": query, "operationName": "A"})

    assert response.json() == {"data": {"__typename": "Query"}}


async def test_what_nobody_expected_is_masked_and_logged_without_its_words(register, monkeypatch):
    async def fail(*_):
        raise RuntimeError("the password of pema is 1234")

    monkeypatch.setattr("registry.schemes.repository.authority_page", fail)
    with capture_logs() as logs:
        response = await register.post("{ authorities { edges { cursor } } }")

    (error,) = response.json()["errors"]
    assert error["extensions"]["code"] == "INTERNAL"
    assert error["extensions"]["errorId"] in error["message"]
    assert "pema" not in response.text
    assert [entry["error_id"] for entry in logs if "error_id" in entry] == [error["extensions"]["errorId"]]
    assert logs[0]["error"] == "RuntimeError"
    assert any("fail" in place for place in logs[0]["where"])
    assert "1234" not in json.dumps(logs)


async def test_an_exception_outside_graphql_is_a_problem(register, monkeypatch):
    async def fail(*_, **__):
        raise RuntimeError("the password of pema is 1234")

    monkeypatch.setattr("registry.operations.Operations.run", fail)
    body = problem_of(await register.post(TYPES), 500, "INTERNAL")

    assert body["error_id"] in body["detail"]


async def test_paths_and_methods_that_are_none_are_problems(register):
    problem_of(await register.client.get("/nothing"), 404, "NOT_FOUND")
    problem_of(await register.client.get("/graphql"), 405, "METHOD_NOT_ALLOWED")
    problem_of(await register.client.get("/feed/records?after=x"), 400, "BAD_REQUEST")


async def test_health_and_readiness(register):
    assert (await register.client.get("/healthz")).json() == {"status": "ok"}
    answered = await register.client.get("/readyz")
    assert answered.json().items() >= {"ready": True, "missing": [], "troubled": []}.items()
    assert answered.json()["waiting"]["SUBMIT"] > 0  # nobody works here
    register.log.cut = True
    answered = await register.client.get("/readyz")
    assert (answered.status_code, answered.json()["troubled"]) == (200, ["the log did not answer: the line is cut"])
    async with register.database.write() as tx:
        await tx.exec_driver_sql("DELETE FROM alembic_version")
    answered = await register.client.get("/readyz")
    assert answered.status_code == 503
    assert "registry migrate" in answered.json()["missing"][0]


async def test_a_relay_that_has_halted_is_told_and_the_registry_stays_ready(register):
    register.log.lie = "root"
    while not register.app.state.workers.halted:
        await register.app.state.workers.round()

    answered = await register.client.get("/readyz")
    figures = (await register.client.get("/metrics")).text

    assert answered.status_code == 200
    assert answered.json()["troubled"][0].startswith("the relay has halted: ")
    assert "goodstanding_registry_relay_halted 1.0" in figures
    assert 'goodstanding_registry_outbox_rows{stage="PROVE"}' in figures


async def test_an_expired_token_is_refused_even_when_it_was_good_before(register):
    headers = {"Authorization": f"Bearer {await register.token('pema')}"}
    assert (await register.client.post("/graphql", json={"query": TYPES}, headers=headers)).status_code == 200
    register.clock.forward(minutes=15)

    response = await register.client.post("/graphql", json={"query": TYPES}, headers=headers)

    problem_of(response, 401, "EXPIRED")
    assert response.headers["www-authenticate"] == 'Bearer error="invalid_token"'


async def test_a_token_signed_by_somebody_else_is_refused(register, tmp_path):
    stranger = PemSigner.create(tmp_path / "stranger.pem")
    token = TokenIssuer(stranger, HOME, register.clock).issue(await register.actor("anil"))

    response = await register.client.post(
        "/graphql", json={"query": TYPES}, headers={"Authorization": f"Bearer {token}"}
    )

    problem_of(response, 401, "UNKNOWN_KEY")


async def test_the_first_requests_may_come_together(register):
    headers = {"Authorization": f"Bearer {await register.token('pema')}"}

    posts = (register.client.post("/graphql", json={"query": TYPES}, headers=headers) for _ in range(8))
    responses = await asyncio.gather(*posts)

    assert {response.status_code for response in responses} == {200}


async def test_documents_are_parsed_and_validated_once_and_not_kept_for_ever(register, monkeypatch):
    parsed = []
    real = __import__("registry.operations", fromlist=["parse"]).parse
    monkeypatch.setattr("registry.operations.parse", lambda *a, **k: parsed.append(1) or real(*a, **k))
    for _ in range(3):
        await register.ask(TYPES)
    assert len(parsed) == 1
    for number in range(CACHED):
        await register.ask(f"{{ a{number}: __typename }}")
    await register.ask(TYPES)

    assert len(parsed) == CACHED + 2


async def test_the_workers_run_while_the_application_does(register):
    number = await register.granted()
    async with register.app.router.lifespan_context(register.app):
        await register.logged()

    query = "query ($n: String!) { accreditation(number: $n) { standing { standing } } }"
    assert (await register.ask(query, n=number))["accreditation"]["standing"]["standing"] == "ACTIVE"


async def test_a_client_that_hangs_up_in_the_middle_of_its_request_is_nobodys_fault(register):
    scope = {
        "type": "http", "method": "POST", "path": "/graphql", "raw_path": b"/graphql", "query_string": b"",
        "headers": [(b"content-type", b"application/json")], "http_version": "1.1", "scheme": "http",
        "server": ("register.example", 443), "client": ("127.0.0.1", 9), "root_path": "", "extensions": {},
    }  # fmt: skip
    heard = [{"type": "http.request", "body": b'{"que', "more_body": True}, {"type": "http.disconnect"}]
    sent = []

    async def receive():
        return heard.pop(0)

    async def send(message):
        sent.append(message)

    with capture_logs() as logs:
        await register.app(scope, receive, send)
    assert sent[0]["status"] == 400
    assert not [line for line in logs if line["log_level"] in ("warning", "error")]
