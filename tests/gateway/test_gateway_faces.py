"""The page, the JSON verdict, the artefacts and the operator's paths, as a browser or a script meets them."""

import asyncio
import base64
import gzip
import hashlib
import re
from datetime import timedelta

import pytest
from gateway_simulator import NUMBER, OTHER
from starlette.responses import PlainTextResponse, Response

from gateway.verification.edge import Edge
from goodstanding.number import make_number


def problem(answered):
    assert answered.headers["content-type"] == "application/problem+json"
    return answered.json()


@pytest.fixture(autouse=True)
async def followed(register, gateway):
    register.grant(domains=["himal.example"], valid_for=timedelta(days=30))
    await gateway.follow()


class TestThePage:
    async def page(self, gateway, number=NUMBER):
        answered = await gateway.get(f"/v/{number}")
        return answered, " ".join(re.sub(r"<style>.*?</style>|<[^>]+>", " ", answered.text, flags=re.DOTALL).split())

    async def test_says_yes(self, gateway):
        answered, text = await self.page(gateway)
        assert answered.status_code == 200
        assert "SAMPLE: Yes" in text
        assert "This recruiter is in good standing." in text
        assert "Himal Placements Pvt" in text
        assert "Decided by Ministry of Labour" in text
        assert "Last valid day 03 June 2026" in text
        assert "04 May 2026, 09:00:00 UTC" in text
        assert "fresh until 04 May 2026, 09:00:30 UTC" in text
        assert "To complain, write to Ministry of Labour" in text
        assert "https://register.example" in text
        assert '<h1 class="answer yes">' in answered.text

    async def test_says_no(self, register, gateway):
        register.suspend()
        await gateway.follow()
        answered, text = await self.page(gateway)
        assert answered.status_code == 200
        assert "SAMPLE: No" in text
        assert "This recruiter is not in good standing." in text
        assert "The accreditation is suspended." in text
        assert "not yet in the public log" in text
        assert '<h1 class="answer no">' in answered.text
        assert "is in good standing" not in text

    async def test_says_that_it_cannot_tell(self, register, gateway):
        register.clock.pass_(minutes=5)
        answered, text = await self.page(gateway)
        assert answered.status_code == 200
        assert "We cannot tell" in text
        assert '<h1 class="answer unknown">' in answered.text
        assert "is in good standing" not in text

    @pytest.mark.parametrize(("number", "status"), [(OTHER, 404), ("TEST-7K3M9QXR-24", 400), ("x", 400)])
    async def test_about_a_number_that_is_none(self, gateway, number, status):
        answered, text = await self.page(gateway, number)
        assert answered.status_code == status
        assert "We cannot tell" in text
        assert "labour ministry of your country" in text

    async def test_of_a_real_number_says_nothing_of_samples(self, gateway):
        _, text = await self.page(gateway, make_number("ABC", "7K3M9QXR"))
        assert "SAMPLE" not in text

    async def test_the_shape_differs_with_the_answer(self, register, gateway):
        shapes = set()
        for _ in range(3):
            answered, _ = await self.page(gateway)
            shapes.add(re.search(r"<svg.*?</svg>", answered.text, re.DOTALL)[0])
            if len(shapes) == 1:
                register.suspend()
                await gateway.follow()
            else:
                answered, _ = await self.page(gateway, OTHER)
                shapes.add(re.search(r"<svg.*?</svg>", answered.text, re.DOTALL)[0])
        assert len(shapes) == 3

    async def test_names_keep_their_direction_and_cannot_break_out(self, register, gateway):
        register.grant(OTHER, organisation="org_2", name='<script>alert("x")</script> شركة')
        await gateway.follow()
        answered, _ = await self.page(gateway, OTHER)
        assert 'dir="auto">&lt;script&gt;alert(&#34;x&#34;)&lt;/script&gt; شركة</dd>' in answered.text
        answered, _ = await self.page(gateway, "%3Cscript%3E")
        assert "<script" not in answered.text

    async def test_needs_nothing_from_elsewhere_and_runs_nothing(self, gateway):
        answered, _ = await self.page(gateway)
        policy = answered.headers["content-security-policy"]
        style = re.search(r"<style>(.*?)</style>", answered.text, re.DOTALL)[1]
        allowed = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        assert "default-src 'none'" in policy
        assert f"style-src 'sha256-{allowed}'" in policy
        assert "script" not in policy
        assert not re.search(r"(src|href|url\()", answered.text)
        assert " style=" not in answered.text
        assert answered.headers["x-content-type-options"] == "nosniff"
        assert answered.headers["referrer-policy"] == "no-referrer"
        assert answered.headers["cache-control"] == "no-store"

    async def test_can_be_read_by_everyone(self, gateway):
        answered, _ = await self.page(gateway)
        assert '<html lang="en">' in answered.text
        assert 'name="viewport"' in answered.text
        assert "prefers-color-scheme: dark" in answered.text
        assert 'aria-hidden="true"' in answered.text
        assert '<label for="number">' in answered.text

    async def test_asks_for_a_number(self, gateway):
        answered = await gateway.get("/v")
        assert (answered.status_code, "<form" in answered.text) == (200, True)
        sent = await gateway.get("/v", params={"number": " test-1/../2 "})
        assert (sent.status_code, sent.headers["location"]) == (303, "/v/test-1%2F..%2F2")

    async def test_is_found_at_the_bare_address(self, gateway):
        answer = await gateway.get("/")
        assert (answer.status_code, answer.headers["location"]) == (303, "/v")

    async def test_before_anything_is_verified(self, make_gateway):
        answered = await make_gateway().get(f"/v/{NUMBER}")
        assert answered.status_code == 503
        assert "We cannot tell right now" in answered.text


class TestTheJsonVerdict:
    async def test_headers(self, gateway):
        answered = await gateway.get(f"/verify/{NUMBER}")
        assert answered.headers["content-type"] == "application/json"
        assert answered.headers["cache-control"] == "no-store"
        assert answered.headers["access-control-allow-origin"] == "*"

    @pytest.mark.parametrize(
        ("number", "status", "code"),
        [(OTHER, 404, "UNKNOWN_NUMBER"), ("TEST-7K3M9QXR-24", 400, "BAD_NUMBER"), ("nonsense", 400, "BAD_NUMBER")],
    )
    async def test_a_number_that_is_none_is_a_problem_with_the_verdict_in_it(self, gateway, number, status, code):
        answered = await gateway.get(f"/verify/{number}")
        body = problem(answered)
        assert (answered.status_code, body["status"]) == (status, status)
        assert (body["verdict"], body["reasons"][0]["code"]) == ("CANNOT_CONCLUDE", code)
        assert {"title", "detail", "asOf", "treeSize", "candidates"} <= body.keys()

    @pytest.mark.parametrize(
        ("query", "parameter"),
        [
            ("asOf=yesterday", "asOf"),
            ("asOf=2026-05-04", "asOf"),
            ("asOf=2026-05-04T09:00:00", "asOf"),
            ("asOf=2026-13-04T09:00:00Z", "asOf"),
            ("asOf=2026-05-04T09:00:00+00:00", "asOf"),
            ("knownAt=", "knownAt"),
            ("knownAt=0001-01-01T00:00:00%2B14:00", "knownAt"),
            ("origin=Nepal", "origin"),
            ("destination=J", "destination"),
            ("sector=", "sector"),
            ("activity=" + "x" * 201, "activity"),
            ("minTreeSize=-1", "minTreeSize"),
            ("minTreeSize=1.5", "minTreeSize"),
            ("asof=2026-05-04T09:00:00Z", "asof"),
            ("sector=a&sector=b", "sector"),
        ],
    )
    async def test_a_bad_parameter_is_named(self, gateway, query, parameter):
        answered = await gateway.get(f"/verify/{NUMBER}?{query}")
        assert answered.status_code == 400
        assert problem(answered)["parameter"] == parameter
        assert parameter in answered.json()["detail"]

    async def test_a_plus_sign_is_explained(self, gateway):
        answered = await gateway.get(f"/verify/{NUMBER}?asOf=2026-05-04T09:00:00+02:00")
        assert "%2B" in problem(answered)["detail"]
        answered = await gateway.get(f"/verify/{NUMBER}?asOf=2026-05-04T11:00:00%2B02:00")
        assert answered.json()["asOf"] == "2026-05-04T09:00:00.000Z"

    async def test_before_anything_is_verified(self, make_gateway):
        answered = await make_gateway().get(f"/verify/{NUMBER}")
        assert (answered.status_code, problem(answered)["title"]) == (503, "Not ready")


async def test_what_nobody_foresaw_shows_nothing(gateway, monkeypatch):
    def broken(_edge, _question):
        raise RuntimeError("secret of org_himal")

    monkeypatch.setattr(Edge, "answer", broken)
    answered = await gateway.get(f"/verify/{NUMBER}")
    assert (answered.status_code, problem(answered)["title"]) == (500, "Internal error")
    assert "secret" not in answered.text
    metrics = (await gateway.get("/metrics")).text
    assert 'goodstanding_gateway_requests_total{route="/verify/{number}",status="500"} 1.0' in metrics
    answered = await gateway.graphql('{ verify(by: {number: "X"}) { verdict } }')
    assert answered.json()["errors"][0]["message"] == "The gateway could not answer this field."
    assert "secret" not in answered.text


class TestArtefacts:
    async def test_a_record(self, register, gateway):
        answered = await gateway.get(f"/records/{NUMBER}")
        assert answered.text == register.record_of(NUMBER)
        assert answered.headers["content-type"] == "application/dc+sd-jwt"

    async def test_the_head_of_a_record(self, register, gateway):
        answered = await gateway.client.head(f"/records/{NUMBER}")
        assert answered.headers["content-length"] == str(len(register.record_of(NUMBER)))
        assert answered.content == b""

    async def test_a_problem_of_the_service_passes(self, gateway):
        answered = await gateway.get(f"/records/{OTHER}")
        assert (answered.status_code, problem(answered)["detail"]) == (404, "no such number")

    @pytest.mark.parametrize(
        "path", ["/log/checkpoint", "/log/tile/0/x001/067.p/17", "/feed?after=-1", "/status-lists"]
    )
    async def test_log_feed_and_aggregation(self, gateway, path):
        assert (await gateway.get(path)).status_code == 200

    async def test_the_feed_is_what_the_log_says(self, register, gateway):
        assert (await gateway.get("/feed?after=0")).content == register.log.page(0)

    async def test_a_status_list_keeps_its_headers_and_is_revalidated(self, register, gateway):
        plain = await gateway.get("/status-lists/1", headers={"Accept-Encoding": "identity"})
        assert plain.text == register.status_list()
        assert "content-encoding" not in plain.headers
        assert plain.headers["cache-control"] == "max-age=30"
        again = await gateway.get("/status-lists/1", headers={"If-None-Match": plain.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")

    async def test_a_coding_passes_untouched(self, register, gateway):
        request = gateway.client.build_request("GET", "/status-lists/1", headers={"Accept-Encoding": "gzip"})
        answered = await gateway.client.send(request, stream=True)
        raw = b"".join([chunk async for chunk in answered.aiter_raw()])
        assert answered.headers["content-encoding"] == "gzip"
        assert gzip.decompress(raw).decode() == register.status_list()

    async def test_only_what_concerns_the_artefact_reaches_the_service(self, register, gateway):
        headers = {"Authorization": "Bearer x", "Cookie": "a=b", "X-Forwarded-For": "1", "If-None-Match": '"y"'}
        await gateway.get(f"/records/{NUMBER}", headers=headers)
        path, received = register.asked[-1]
        assert (path, received["if-none-match"]) == (f"/records/{NUMBER}", '"y"')
        assert not {"authorization", "cookie", "x-forwarded-for"} & received.keys()

    @pytest.mark.parametrize(
        "path",
        [
            "/internal/entries", "/log/../internal/entries", "/log/%2e%2e/internal/entries", "/log/..%2finternal/entries",
            "/records/%2e%2e/internal/entries", "/log/./checkpoint", "/records/a%00b", "/log/a\\b", "/status-keys",
            "/records/" + "a" * 2000, "/log/tile//0",
        ],
    )  # fmt: skip
    async def test_nothing_else_can_be_reached(self, register, gateway, path):
        register.asked.clear()
        scope = {
            "type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b"",
            "headers": [], "scheme": "https", "server": ("register.example", 443), "root_path": "",
        }  # fmt: skip
        sent = []

        async def receive():
            return {"type": "http.request", "body": b""}

        async def send(message):
            sent.append(message)

        await gateway.app(scope, receive, send)
        assert sent[0]["status"] == 404
        assert register.asked == []

    @pytest.mark.parametrize(
        "path",
        [
            "/authorities/aut_labour/.well-known/openid-federation", "/organisations/org_x/.well-known/openid-federation",
            "/federation/authorities/aut_labour/fetch?sub=https%3A%2F%2Fregister.example%2Forganisations%2Forg_x",
        ],
    )  # fmt: skip
    async def test_entities_of_the_federation_are_the_registrys(self, gateway, path):
        answered = await gateway.get(path)
        assert (answered.status_code, answered.text) == (200, "e30")
        assert answered.headers["content-type"] == "application/entity-statement+jwt"

    async def test_a_trust_mark_is_posted_and_nothing_larger(self, register, gateway):
        path = "/federation/authorities/aut_labour/trust-mark-status"
        answered = await gateway.client.post(path, data={"trust_mark": "e30"}, headers={"Cookie": "a=b"})
        assert (answered.status_code, answered.text) == (200, "trust_mark=e30")
        assert "cookie" not in register.asked[-1][1]
        answered = await gateway.client.post(path, content=b"x" * 20_001)
        assert answered.status_code == 413
        assert (await gateway.client.post("/federation/authorities/aut_labour/list", content=b"x")).status_code == 405

    async def test_nothing_is_written_through_it(self, gateway):
        answered = await gateway.client.post(f"/records/{NUMBER}", content=b"x")
        assert (answered.status_code, problem(answered)["title"]) == (405, "Method Not Allowed")

    @pytest.mark.parametrize("broken", [lambda: PlainTextResponse("trace", 500), lambda: 1 / 0], ids=["500", "crash"])
    async def test_a_service_that_fails(self, register, gateway, broken):
        register.broken[f"/records/{NUMBER}"] = broken
        answered = await gateway.get(f"/records/{NUMBER}")
        assert (answered.status_code, problem(answered)["title"]) == (502, "Service not available")
        assert "trace" not in answered.text

    async def test_a_redirect_is_passed_not_followed(self, register, gateway):
        register.broken["/log/checkpoint"] = lambda: Response(
            status_code=302, headers={"Location": "http://127.0.0.1/"}
        )
        answered = await gateway.get("/log/checkpoint")
        assert answered.status_code == 302
        assert "location" not in answered.headers


class TestOperations:
    async def test_health(self, gateway):
        assert (await gateway.get("/healthz")).json() == {"status": "ok"}

    async def test_readiness_says_what_is_missing(self, make_gateway):
        gateway = make_gateway()
        answered = await gateway.get("/readyz")
        assert answered.status_code == 503
        assert answered.json()["missing"] == [
            "no checkpoint of the log has been verified yet", "the subgraphs have not been composed yet",
        ]  # fmt: skip
        await gateway.follow()
        answered = await gateway.get("/readyz")
        assert (answered.status_code, answered.json()["tree_size"]) == (200, 5)

    async def test_readiness_waits_for_the_end_of_the_feed(self, make_gateway):
        gateway = make_gateway()
        await gateway.follow("composition")
        await gateway.followers["feed"].step()
        missing = (await gateway.get("/readyz")).json()["missing"]
        assert missing == ["the feed has not been read to its end yet"]

    async def test_metrics(self, gateway):
        await gateway.get(f"/verify/{OTHER}")
        text = (await gateway.get("/metrics")).text
        assert "goodstanding_gateway_tree_size 5.0" in text
        assert 'goodstanding_gateway_requests_total{route="/verify/{number}",status="404"} 1.0' in text
        assert 'goodstanding_gateway_follower_healthy{follower="feed"}' in text
        assert OTHER not in text

    async def test_an_unknown_path(self, gateway):
        assert problem(await gateway.get("/nothing"))["status"] == 404


class TestRunning:
    """The followers for real: started and stopped with the application."""

    async def test_becomes_ready_follows_and_stops(self, register, make_gateway, until):
        gateway = make_gateway()

        async def ready():
            return (await gateway.get("/readyz")).status_code == 200

        async def seen():
            return (await gateway.verify(NUMBER))["verdict"] == "NOT_IN_GOOD_STANDING"

        async with gateway.app.router.lifespan_context(gateway.app):
            await until(ready)
            register.log.publishes = False
            register.clock.pass_(seconds=1)
            register.suspend()
            await until(seen)
        assert not {task.get_name() for task in asyncio.all_tasks()} & gateway.followers.keys()

    async def test_a_failing_follower_is_seen_and_recovers(self, register, make_gateway, until):
        gateway = make_gateway()
        register.broken["/feed"] = lambda: PlainTextResponse("{}\n")

        async def ready():
            return (await gateway.get("/readyz")).status_code == 200

        async def failing():
            feed = (await gateway.get("/readyz")).json()["followers"]["feed"]
            return "LogError" in (feed["error"] or "")

        async with gateway.app.router.lifespan_context(gateway.app):
            await until(failing)
            assert not await ready()
            register.broken.clear()
            await until(ready)
