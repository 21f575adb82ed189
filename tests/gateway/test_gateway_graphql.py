"""GraphQL over HTTP, as a client meets it: routing, refusals, introspection, media types, tokens."""

import json

import pytest
from feed_simulator import new_signer
from gateway_simulator import NUMBER, OTHER
from graphql import build_client_schema, build_schema, get_introspection_query, print_type
from starlette.responses import JSONResponse, PlainTextResponse

MODERN = "application/graphql-response+json"
VERIFY = "query($n: String!) { verify(by: {number: $n}) { verdict } }"


@pytest.fixture(autouse=True)
async def followed(register, gateway):
    register.grant()
    await gateway.follow()


def codes(answered):
    return [error["extensions"]["code"] for error in answered.json()["errors"]]


class TestRouting:
    @pytest.mark.parametrize(
        ("query", "service"),
        [
            ('{ accreditation(number: "X") { number } }', "registry"),
            ("{ log { size } }", "audit"),
            (
                "query { ...A } fragment A on Query { ... on Query { ...B } } fragment B on Query { log { size } }",
                "audit",
            ),
            ("{ __typename log { size } again: log { origin } }", "audit"),
            ('query($yes: Boolean = true) { accreditation(number: "X") @include(if: $yes) { number } }', "registry"),
            ('mutation { rename(number: "X") }', "registry"),
        ],
    )
    async def test_an_operation_goes_whole_to_the_owner(self, register, gateway, query, service):
        answered = await gateway.graphql(query)
        assert answered.status_code == 200
        assert "errors" not in answered.json()
        assert [(to, body["query"]) for to, body, _ in register.forwarded] == [(service, query)]

    async def test_variables_operation_name_and_token_go_along(self, register, gateway):
        token = register.access_token()
        headers = {"Authorization": f"Bearer {token}", "X-Other": "1", "Cookie": "a=b"}
        query = "query Ask($number: String!) { accreditation(number: $number) { number scheme } caller }"
        answered = await gateway.graphql(query, {"number": NUMBER}, operation_name="Ask", headers=headers)
        assert answered.json()["data"]["accreditation"] == {"number": NUMBER, "scheme": "sch_fair"}
        assert answered.json()["data"]["caller"] == f"Bearer {token}"
        ((_, body, received),) = register.forwarded
        assert body == {"query": query, "variables": {"number": NUMBER}, "operationName": "Ask"}
        assert not {"x-other", "cookie"} & received.keys()

    async def test_only_the_operation_that_runs_is_sent(self, register, gateway):
        query = (
            'query A { ...L } query B { verify(by: {number: "X"}) { ...V } } '
            "fragment L on Query { log { size } } fragment V on Verdict { verdict }"
        )
        answered = await gateway.graphql(query, operation_name="A")
        assert answered.json() == {"data": {"log": {"size": 1}}}
        assert "verify" not in register.forwarded[0][1]["query"]
        answered = await gateway.graphql(query, operation_name="B")
        assert answered.json() == {"data": {"verify": {"verdict": "CANNOT_CONCLUDE"}}}

    async def test_verification_is_answered_here(self, register, gateway):
        answered = await gateway.graphql(VERIFY, {"n": NUMBER})
        assert answered.json() == {"data": {"verify": {"verdict": "IN_GOOD_STANDING"}}}
        assert register.forwarded == []

    async def test_fields_of_several_services_are_one_answer(self, register, gateway):
        query = """query($n: String!) { v: verify(by: {number: $n}) { verdict accreditation { number scheme } }
            log { size } gone: accreditation(number: "X") { number } __schema { queryType { name } } }"""
        answered = await gateway.graphql(query, {"n": NUMBER})
        assert answered.json() == {
            "data": {
                "v": {"verdict": "IN_GOOD_STANDING", "accreditation": {"number": NUMBER, "scheme": "sch_fair"}},
                "log": {"size": 1}, "gone": None, "__schema": {"queryType": {"name": "Query"}},
            }
        }  # fmt: skip
        assert sorted(service for service, _, _ in register.forwarded) == ["audit", "registry", "registry"]

    @pytest.mark.parametrize("by", [{"number": OTHER}, {"number": "nonsense"}, {"domain": "x.example"}])
    async def test_a_verdict_about_no_accreditation_has_none(self, register, gateway, by):
        query = "query($by: VerifyBy!) { verify(by: $by) { accreditation { number scheme } } }"
        answered = await gateway.graphql(query, {"by": by})
        assert answered.json() == {"data": {"verify": {"accreditation": None}}}
        assert register.forwarded == []

    async def test_an_accreditation_the_registry_does_not_know(self, register, gateway):
        register.grant(OTHER, organisation="org_other")
        await gateway.follow()
        query = "query($by: VerifyBy!) { verify(by: $by) { verdict accreditation { number scheme } } }"
        answered = await gateway.graphql(query, {"by": {"number": OTHER}})
        verdict = {"verdict": "IN_GOOD_STANDING", "accreditation": None}
        assert answered.json()["data"] == {"verify": verdict}

    async def test_where_a_decision_stands_in_the_log(self, register, gateway):
        query = """query($n: String!) { accreditation(number: $n) { decisions { act logEntry } } }"""
        answered = await gateway.graphql(query, {"n": NUMBER})
        decisions = [{"act": "apply", "logEntry": 0}, {"act": "grant", "logEntry": None}]
        assert answered.json() == {"data": {"accreditation": {"decisions": decisions}}}

    @pytest.mark.parametrize("field", ["_service { sdl }", "_entities(representations: []) { __typename }"])
    async def test_the_machinery_of_federation_cannot_be_reached(self, register, gateway, field):
        assert codes(await gateway.graphql(f"{{ {field} }}")) == ["GRAPHQL_VALIDATION_FAILED"]
        assert register.forwarded == []

    @pytest.mark.parametrize(
        ("query", "code"),
        [
            ("subscription { standingChanged { verdict } }", "SUBSCRIPTIONS_NOT_SUPPORTED"),
            ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
            ("{ log { size ", "GRAPHQL_PARSE_FAILED"),
            ("query A { log { size } } query B { log { size } }", "OPERATION_RESOLUTION_FAILURE"),
            ("fragment F on Query { log { size } }", "OPERATION_RESOLUTION_FAILURE"),
            ("{" + " ".join(f"a{i}: log {{ size }}" for i in range(101)) + "}", "TOO_LARGE"),
            ("{" + " ".join(["log { size }"] * 1001) + "}", "TOO_LARGE"),
            ("{" + "a {" * 30 + "b" + "}" * 31, "TOO_LARGE"),
            ("{" + "a {" * 5000, "GRAPHQL_PARSE_FAILED"),
            ("{ a " * 8000, "GRAPHQL_PARSE_FAILED"),
        ],
    )  # fmt: skip
    async def test_what_cannot_be_run_says_why(self, register, gateway, query, code):
        answered = await gateway.graphql(query)
        assert codes(answered)[0] == code
        assert register.forwarded == []

    async def test_a_fragment_bomb_is_counted_not_expanded(self, gateway):
        levels = " ".join(f"fragment F{i} on Log {{ ...F{i + 1} ...F{i + 1} }}" for i in range(40))
        query = f"{{ log {{ ...F0 }} }} {levels} fragment F40 on Log {{ size }}"
        assert codes(await gateway.graphql(query)) == ["TOO_LARGE"]

    async def test_fragments_in_a_circle_are_a_validation_error(self, gateway):
        query = "{ log { ...A } } fragment A on Log { ...B } fragment B on Log { ...A }"
        assert codes(await gateway.graphql(query))[0] == "GRAPHQL_VALIDATION_FAILED"


class TestIntrospection:
    async def test_describes_the_public_schema(self, gateway):
        answered = await gateway.graphql(get_introspection_query())
        schema = build_client_schema(answered.json()["data"])
        assert {"verify", "verifyMany", "log", "accreditation"} <= schema.query_type.fields.keys()
        assert not {"_service", "_entities"} & schema.query_type.fields.keys()
        assert not {"_Service", "_Entity", "_Any"} & schema.type_map.keys()
        assert list(schema.type_map["Decision"].fields) == ["eventId", "act", "logEntry"]

    async def test_verification_types_are_exactly_the_public_ones(self, gateway):
        public = build_schema("""
            scalar DateTime
            scalar Date
            scalar JWT
            enum Standing { APPLIED DEFERRED WITHDRAWN_APPLICATION REFUSED PROVISIONAL ACTIVE CONDITIONAL SUSPENDED
              REVOKED BARRED SURRENDERED LAPSED TERMINATED NOT_ASSERTED UNRECOGNISED }
            enum VerdictKind { IN_GOOD_STANDING NOT_IN_GOOD_STANDING CANNOT_CONCLUDE }
            type Query {
              verify(by: VerifyBy!, asOf: DateTime, knownAt: DateTime, scope: ScopeQuestion, minTreeSize: Int,
                receipt: Boolean = false): Verdict!
              verifyMany(by: [VerifyBy!]!, asOf: DateTime, scope: ScopeQuestion, minTreeSize: Int): [Verdict!]!
            }
            input VerifyBy @oneOf { number: String identifier: IdentifierInput domain: String }
            input IdentifierInput { scheme: String! value: String! }
            input ScopeQuestion { origin: String destination: String sector: String activity: String authority: ID
              scheme: ID }
            type Verdict { verdict: VerdictKind! reasons: [Reason!]! standing: Standing number: String
              organisationName: String authority: String scheme: String validFrom: Date validUntil: Date
              asOf: DateTime! knownAt: DateTime! treeSize: Int! freshUntil: DateTime! projected: Boolean! record: JWT
              receipt: JWT candidates: [String!]! accreditation: Accreditation }
            type Accreditation { number: String! }
            type Reason { code: String! message: String! }
        """)
        answered = await gateway.graphql(get_introspection_query(descriptions=False, input_value_deprecation=True))
        served = build_client_schema(answered.json()["data"])
        for name in ("Standing", "VerdictKind", "VerifyBy", "IdentifierInput", "ScopeQuestion", "Verdict", "Reason"):
            assert print_type(served.type_map[name]).replace(" @oneOf", "") == print_type(
                public.type_map[name]
            ).replace(" @oneOf", "")
        for name, field in public.query_type.fields.items():
            assert str(served.query_type.fields[name].type) == str(field.type)
            arguments = served.query_type.fields[name].args
            assert {key: str(value.type) for key, value in arguments.items()} == {
                key: str(value.type) for key, value in field.args.items()
            }

    async def test_type_and_typename(self, gateway):
        answered = await gateway.graphql('{ __typename __type(name: "Verdict") { kind } }')
        assert answered.json() == {"data": {"__typename": "Query", "__type": {"kind": "OBJECT"}}}
        assert (await gateway.graphql("{ __typename }")).json() == {"data": {"__typename": "Query"}}

    async def test_can_be_switched_off(self, make_gateway):
        gateway = make_gateway(introspection=False)
        await gateway.follow()
        assert codes(await gateway.graphql("{ __schema { queryType { name } } }")) == ["INTROSPECTION_OFF"]


class TestVerification:
    async def test_many_keep_their_order(self, gateway):
        by = [{"number": OTHER}, {"number": NUMBER}, {"number": "nonsense"}]
        query = "query($by: [VerifyBy!]!) { verifyMany(by: $by) { verdict number reasons { code } } }"
        answers = (await gateway.graphql(query, {"by": by})).json()["data"]["verifyMany"]
        assert [answer["reasons"][0]["code"] for answer in answers] == ["UNKNOWN_NUMBER", "ACTIVE", "BAD_NUMBER"]

    async def test_a_thousand_and_no_more(self, gateway):
        query = "query($by: [VerifyBy!]!) { verifyMany(by: $by) { verdict } }"
        answered = await gateway.graphql(query, {"by": [{"number": NUMBER}] * 1000})
        assert len(answered.json()["data"]["verifyMany"]) == 1000
        answered = await gateway.graphql(query, {"by": [{"number": NUMBER}] * 1001})
        assert codes(answered) == ["TOO_MANY"]

    @pytest.mark.parametrize(
        ("arguments", "code"),
        [
            ('by: {number: "X"}, scope: {origin: "Nepal"}', "BAD_USER_INPUT"),
            ('by: {number: "X"}, minTreeSize: -1', "BAD_USER_INPUT"),
            ('by: {number: "X"}, asOf: "yesterday"', "BAD_USER_INPUT"),
            ('by: {number: "X"}, asOf: "2026-05-04T09:00:00"', "BAD_USER_INPUT"),
            ('by: {number: "X", domain: "x.example"}', "GRAPHQL_VALIDATION_FAILED"),
            ("by: {}", "GRAPHQL_VALIDATION_FAILED"),
        ],
    )
    async def test_a_question_that_cannot_be_asked(self, gateway, arguments, code):
        assert codes(await gateway.graphql(f"{{ verify({arguments}) {{ verdict }} }}")) == [code]

    @pytest.mark.parametrize("by", [{}, {"number": "X", "domain": "x.example"}, {"number": None}, None])
    async def test_variables_that_do_not_fit(self, gateway, by):
        query = "query($by: VerifyBy!) { verify(by: $by) { verdict } }"
        answered = await gateway.graphql(query, {"by": by}, headers={"Accept": MODERN})
        assert answered.status_code == 400
        assert "data" not in answered.json()

    @pytest.mark.parametrize("number", [r'"\ud800"', r'["\ud800"]', r'"\u0000"', "1e3"])
    async def test_texts_that_are_none_break_nothing(self, gateway, number):
        body = f'{{"query": "{VERIFY}", "variables": {{"n": {number}}}}}'.encode()
        answered = await gateway.client.post("/graphql", content=body, headers={"Content-Type": "application/json"})
        assert answered.status_code == 200
        assert "IN_GOOD_STANDING" not in answered.text

    async def test_before_anything_is_verified(self, make_gateway):
        gateway = make_gateway()
        await gateway.follow("composition")
        assert codes(await gateway.graphql(VERIFY, {"n": NUMBER})) == ["NOT_READY"]


class TestAService:
    async def test_that_masks_nothing_is_scrubbed(self, register, gateway):
        body = {"data": None, "errors": [{"message": "no", "path": ["log"], "extensions": {"code": "X", "trace": "…"}}]}
        register.broken["/graphql"] = lambda: JSONResponse(body)
        answered = await gateway.graphql("{ log { size } }")
        errors = [{"message": "no", "path": ["log"], "extensions": {"code": "X"}}]
        assert answered.json() == {"data": None, "errors": errors}

    @pytest.mark.parametrize(
        "response",
        [
            lambda: PlainTextResponse("<html>"),
            lambda: JSONResponse({"error": "secret row 7"}, 500),
            lambda: JSONResponse([1]),
            lambda: JSONResponse({"data": [1]}),
            lambda: JSONResponse({"errors": ["x"]}),
            lambda: JSONResponse({"data": {"x": "y" * (9 * 1024 * 1024)}}),
            lambda: PlainTextResponse("[" * 100_000, media_type="application/json"),
            lambda: 1 / 0,
        ],
        ids=["html", "500", "list", "shape", "error", "too much", "too deep", "crash"],
    )
    async def test_that_answers_nonsense(self, register, gateway, response):
        register.broken["/graphql"] = response
        answered = await gateway.graphql("{ log { size } }")
        assert (answered.status_code, codes(answered)) == (502, ["UPSTREAM_FAILED"])
        assert "secret" not in answered.text

    async def test_that_is_away_leaves_verification_standing(self, register, gateway):
        register.broken["/graphql"] = lambda: 1 / 0
        assert (await gateway.graphql(VERIFY, {"n": NUMBER})).status_code == 200

    async def test_that_changes_its_schema_is_composed_again_or_not_at_all(self, register, gateway):
        clash = {"data": {"_service": {"sdl": "type Query { verify: Int }"}}}
        register.broken["/graphql"] = lambda: JSONResponse(clash)
        with pytest.raises(Exception, match=r"Query\.verify is answered by registry and by"):
            await gateway.follow("composition")
        register.broken.clear()
        assert (await gateway.graphql("{ log { size } }")).status_code == 200


class TestOverHttp:
    @pytest.mark.parametrize(
        ("accept", "media_type"),
        [
            (None, "application/json"),
            ("*/*", "application/json"),
            ("application/json", "application/json"),
            (MODERN, MODERN),
            (f"{MODERN}, application/json;q=0.9", MODERN),
            (f"{MODERN};q=0.5, application/json", "application/json"),
            ("application/json; charset=utf-8", "application/json"),
        ],
    )
    async def test_media_type(self, gateway, accept, media_type):
        headers = {} if accept is None else {"Accept": accept}
        if accept is None:
            gateway.client.headers.pop("accept")
        answered = await gateway.graphql("{ log { size } }", headers=headers)
        assert answered.status_code == 200
        assert answered.headers["content-type"].partition(";")[0] == media_type

    @pytest.mark.parametrize("accept", ["text/html", "image/png", "application/json;q=0", "nonsense"])
    async def test_not_acceptable(self, gateway, accept):
        answered = await gateway.graphql("{ log { size } }", headers={"Accept": accept})
        assert answered.status_code == 406

    @pytest.mark.parametrize(("accept", "status"), [("application/json", 200), (MODERN, 400)])
    async def test_a_request_that_did_not_run(self, gateway, accept, status):
        answered = await gateway.graphql("{ nothing }", headers={"Accept": accept})
        assert answered.status_code == status

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            (b"", 400), (b"{", 400), (b"[]", 400), (b'[{"query":"{ log { size } }"}]', 400), (b'"x"', 400), (b"{}", 400),
            (b'{"query":1}', 400), (b'{"query":"{ log { size } }","variables":[]}', 400), (b"\xff\xfe", 400),
            (b'{"query":"{ log { size } }","operationName":7}', 400), (b"[" * 100_000, 400),
            (b'{"query":"{ log { size } }","variables":{"x":' + b"[" * 60 + b"]" * 60 + b"}}", 400),
            (b'{"query":"{ log { size } }","variables":{"x":NaN}}', 400),
            (b'{"query":"{ log { size } }","variables":{"x":1e999}}', 400),
            (json.dumps({"query": "#" * 1024 * 1024}).encode(), 413),
        ],
    )  # fmt: skip
    async def test_bodies_that_are_no_request(self, gateway, body, status):
        answered = await gateway.client.post("/graphql", content=body, headers={"Content-Type": "application/json"})
        assert answered.status_code == status
        assert answered.json()["errors"][0]["message"]

    @pytest.mark.parametrize("kind", ["text/plain", "application/graphql", "application/json; charset=latin-1", None])
    async def test_content_type(self, gateway, kind):
        headers = {"Content-Type": kind} if kind else {}
        answered = await gateway.client.post("/graphql", content=b'{"query":"{ log { size } }"}', headers=headers)
        assert answered.status_code == 415

    async def test_get_carries_queries_only(self, register, gateway):
        parameters = {"query": VERIFY, "variables": json.dumps({"n": NUMBER})}
        answered = await gateway.get("/graphql", params=parameters)
        assert answered.json() == {"data": {"verify": {"verdict": "IN_GOOD_STANDING"}}}
        refused = await gateway.get("/graphql", params={"query": 'mutation { rename(number: "X") }'})
        assert (refused.status_code, refused.headers["allow"]) == (405, "POST")
        assert register.forwarded == []

    async def test_get_without_a_query_or_with_bad_variables(self, gateway):
        assert (await gateway.get("/graphql")).status_code == 400
        answered = await gateway.get("/graphql", params={"query": VERIFY, "variables": "{"})
        assert answered.status_code == 400

    async def test_other_methods(self, gateway):
        answered = await gateway.client.put("/graphql")
        assert answered.status_code == 405
        assert answered.headers["content-type"] == "application/problem+json"

    async def test_before_composition(self, make_gateway):
        answered = await make_gateway().graphql("{ log { size } }")
        assert (answered.status_code, answered.headers["retry-after"]) == (503, "2")

    async def test_the_query_page_is_whole_in_itself(self, gateway, make_gateway):
        answered = await gateway.get("/graphql", headers={"Accept": "text/html"})
        assert answered.headers["content-type"].startswith("text/html")
        assert "default-src 'none'" in answered.headers["content-security-policy"]
        assert "http" not in answered.text.replace(answered.headers["content-security-policy"], "")
        off = await make_gateway(graphiql=False).get("/graphql", headers={"Accept": "text/html"})
        assert off.status_code == 406


class TestTokens:
    async def ask(self, gateway, authorization):
        return await gateway.graphql("{ caller }", headers={"Authorization": authorization})

    async def test_none_is_anonymous(self, gateway):
        assert (await gateway.graphql("{ caller }")).json() == {"data": {"caller": None}}

    async def test_for_several_audiences(self, register, gateway):
        token = register.access_token(aud=["https://other.example", "https://register.example"])
        assert (await self.ask(gateway, f"bearer {token}")).status_code == 200

    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"exp": 1_700_000_000}, "EXPIRED"),
            ({"aud": "https://other.example"}, "WRONG_AUDIENCE"),
            ({"aud": None}, "WRONG_AUDIENCE"),
            ({"typ": "JWT"}, "WRONG_TYP"),
            ({"signer": new_signer()}, "UNKNOWN_KEY"),
            ({"sub": ""}, "NO_SUBJECT"),
            ({"iat": 2_000_000_000, "exp": 2_000_000_600}, "NOT_YET_VALID"),
        ],
    )
    async def test_refused(self, register, gateway, changes, reason):
        answered = await self.ask(gateway, f"Bearer {register.access_token(**changes)}")
        assert (answered.status_code, answered.json()["code"]) == (401, reason)
        assert answered.headers["content-type"] == "application/problem+json"
        assert answered.headers["www-authenticate"].startswith("Bearer")
        assert register.forwarded == []

    @pytest.mark.parametrize("authorization", ["Basic eDp5", "Bearer", "Bearer ", "Bearer not.a.token", ""])
    async def test_that_are_none(self, register, gateway, authorization):
        assert (await self.ask(gateway, authorization)).status_code == 401
        assert register.forwarded == []

    async def test_tampered(self, register, gateway):
        head, payload, signature = register.access_token().split(".")
        flipped = ("B" if signature[0] == "A" else "A") + signature[1:]
        answered = await self.ask(gateway, f"Bearer {head}.{payload}.{flipped}")
        assert answered.json()["code"] == "BAD_SIGNATURE"
