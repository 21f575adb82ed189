"""Composing: what fits together, what is refused and why, and what stays when a service is away."""

import json

import pytest
from graphql import build_schema
from starlette.responses import JSONResponse, PlainTextResponse

from gateway.compose.schema import HERE, compose
from gateway.compose.sdl import MAX_SDL, CompositionError
from gateway.upstream import UpstreamError

LINK = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable"])'
THING = 'type Thing @key(fields: "id") { id: ID! name: String }'


def linked(url, more=""):
    return f'extend schema @link(url: "{url}"{more}) type Query {{ a: Int }}'


class TestWhatFits:
    def test_an_entity_gets_its_fields_from_all_who_have_it(self):
        one = f"{LINK} type Query {{ a: Thing _service: _Service! }} type _Service {{ sdl: String! }} {THING}"
        two = f'{LINK} type Query {{ b: Int }} extend type Thing @key(fields: "id") {{ id: ID! extra: Int }}'
        composition = compose({"one": one, "two": two})
        assert list(composition.schema.type_map["Thing"].fields) == ["id", "name", "extra"]
        assert composition.owners["Thing"] == {"id": ("one", "two"), "name": ("one",), "extra": ("two",)}
        assert composition.owners["Query"] == {"a": ("one",), "b": ("two",)}
        assert composition.keys == {"Thing": ("id",)}

    def test_who_is_asked_already_is_preferred(self):
        composition = compose(
            {
                "one": f"type Query {{ a: Thing }} {THING}",
                "two": f"type Query {{ b: Thing }} {THING}".replace("name: String", "x: Int"),
            }
        )
        assert composition.owner("Thing", "id", "two") == "two"
        assert composition.owner("Thing", "name", "two") == "one"
        assert composition.owner("Query", "__schema") == HERE

    def test_a_stub_of_an_entity_owned_elsewhere(self):
        stub = 'type Query { b: Thing } type Thing @key(fields: "id", resolvable: false) { id: ID! }'
        assert "name" in compose({"two": stub, "one": f"type Query {{ a: Thing }} {THING}"}).sdl

    def test_an_entity_implements_what_any_part_of_it_does(self):
        one = 'type Query { a: I } interface I { id: ID! } type Thing implements I @key(fields: "id") { id: ID! }'
        two = 'type Query { b: Thing } type Thing @key(fields: "id") { id: ID! extra: Int }'
        composition = compose({"two": two, "one": one})
        assert [each.name for each in composition.schema.type_map["Thing"].interfaces] == ["I"]
        assert composition.possible("one", "I") == ["Thing"]

    def test_a_key_of_several_fields(self):
        sdl = 'type Query { a: Thing } type Thing @key(fields: "a b") { a: ID! b: Int! }'
        assert compose({"one": sdl}).keys == {"Thing": ("a", "b")}

    def test_a_shared_type_may_differ_in_order_and_description_only(self):
        shared = '"what" enum E { "one" A B }', "enum E { B A }"
        sdl = [f"type Query {{ {name}: E }} {enum}" for name, enum in zip("ab", shared, strict=True)]
        assert set(compose({"one": sdl[0], "two": sdl[1]}).schema.type_map["E"].values) == {"A", "B"}

    @pytest.mark.parametrize(
        "shared",
        ["type V @shareable { x: Int }", "type V { x: Int @shareable }", "type V { x: Int @federation__shareable }"],
    )
    def test_a_value_type_shared_by_several(self, shared):
        composition = compose({name: f"type Query {{ {name}: V }} {shared}" for name in ("one", "two")})
        assert composition.owners["V"] == {"x": ("one", "two")}

    def test_public_directives_stay_and_federation_s_go(self):
        sdl = """type Query { a(i: I): Int @deprecated(reason: "old") @cost(weight: 5) b: [Int] @listSize(assumedSize: 3) }
            input I @oneOf { x: Int y: Int } scalar S @specifiedBy(url: "https://s.example")"""
        composed = compose({"one": sdl})
        assert composed.schema.query_type.fields["a"].deprecation_reason == "old"
        assert composed.schema.type_map["I"].is_one_of
        assert "cost" not in composed.sdl
        build_schema(composed.sdl)

    def test_where_a_scalar_is_specified_need_not_be_said_by_all(self):
        one = 'type Query { a: S } scalar S @specifiedBy(url: "https://s.example")'
        composition = compose({"two": "type Query { b: S } scalar S", "one": one})
        assert composition.schema.type_map["S"].specified_by_url == "https://s.example"

    def test_subscriptions_are_not_offered_yet(self):
        composition = compose(
            {
                "one": "schema { query: Query subscription: Subscription } type Query { a: Int } type Subscription { b: Int }"
            }
        )
        assert composition.schema.subscription_type is None

    def test_a_service_may_have_entities_only(self):
        two = 'type Thing @key(fields: "id") { id: ID! extra: Int }'
        assert "extra" in compose({"one": f"type Query {{ a: Thing }} {THING}", "two": two}).sdl


@pytest.mark.parametrize(
    ("one", "two", "message"),
    [
        ("type Query { a: Int }", "type Query { a: Int }", r"Query\.a is answered by one and by two"),
        ("type Query { a: Int @shareable }", "type Query { a: Int @shareable }", r"Query\.a is answered by one and by two"),
        ("type Query { a: E } enum E { A }", "type Query { b: E } enum E { B }", "E is defined differently by one and two"),
        ("type Query { a: T } type T { x: Int }", "type Query { b: T } type T { x: Int! }", "T is defined differently"),
        ("type Query { a: T } type T { x: Int }", "type Query { b: T } type T { x: Int }", r"T\.x is answered by one and by two"),
        ("type Query { a(i: I): Int } input I @oneOf { x: Int }", "type Query { b(i: I): Int } input I { x: Int }", "I is defined differently"),
        ('type Query { a: S } scalar S @specifiedBy(url: "https://s.example")', 'type Query { b: S } scalar S @specifiedBy(url: "https://t.example")', "S has not the same directives"),
        ("type Query { a: I } interface I { x: Int }", "type Query { b: I } type I { x: Int }", "I is defined differently"),
        (f"type Query {{ a: Thing }} {THING}", f"type Query {{ b: Thing }} {THING}", r"Thing\.name is answered by one and by two"),
        (f"type Query {{ a: Thing }} {THING}", "type Query { b: Thing } type Thing { id: ID! @shareable }", "Thing has not the same key in one and two"),
        (f"type Query {{ a: Thing }} {THING}", 'type Thing @key(fields: "x") { x: Int }', "Thing has not the same key"),
        (f"type Query {{ a: Thing }} {THING}", 'type Thing @key(fields: "id") { id: Int! }', r"Thing\.id is defined differently"),
        ("type Query { a: Int }", "type Query { b: Gone }", "schema of two does not hold together"),
        ("type Query { a: I } interface I { x: Int! } type T implements I { x: Int }", "type Query { b: Int }", "composed schema does not hold"),
        ("type Query { a: Int }", "type Query {", "SDL of two cannot be parsed"),
        ("type Query { a: Int }", "x" * (1024 * 1024 + 1), "longer than"),
        ("scalar S", "scalar T", "does not hold together"),
        ("type Query { a: Int } type T { x: Int }", "type T { x: Int } extend type T { y: Int }", "two defines T twice"),
        ("type Query { a: Int }", "extend enum E { A }", "two extends E; only object types"),
        ("type Query { a: Int }", "query { a }", "holds a operation definition"),
    ],
)  # fmt: skip
def test_what_does_not_fit_together_is_refused(one, two, message):
    with pytest.raises(CompositionError, match=message):
        compose({"one": one, "two": two})


@pytest.mark.parametrize(
    ("sdl", "message"),
    [
        *[
            (f'type Query {{ a: T }} type T @key(fields: "id") {{ id: ID! x: Int @{used} }}', f"one uses the directive @{used.split('(')[0]}")
            for used in ("inaccessible", "external", 'requires(fields: "id")', 'provides(fields: "id")', 'override(from: "two")',
                         "authenticated", 'tag(name: "x")')
        ],
        ("type Query { a: T } type T @interfaceObject { x: Int }", "@interfaceObject"),
        ("type Query { a: Int @federation__inaccessible }", "one uses the directive @inaccessible"),
        ('type Query { a: T } type T @key(fields: "a") @key(fields: "b") { a: ID! b: ID! }', "gives T a key"),
        ('type Query { a: T } interface T @key(fields: "a") { a: ID! }', "gives T a key"),
        ('type Query { a: T } type T @key(fields: "a { b }") { a: B } type B { b: ID! }', "keys T by something other"),
        ('type Query { a: T } type T @key(fields: "") { a: ID! }', "keys T by something other"),
        ('type Query { a: T } type T @key(fields: "b") { a: ID! }', "keys T by something other"),
        ('type Query { a: T } type T @key(fields: "a", resolvable: false) { a: ID! b: Int }', "cannot be asked for T"),
        ("schema { query: Q } type Q { a: Int }", "calls a root type Q; it must be called Query"),
        (linked("https://specs.apollo.dev/federation/v2.10"), "written for .*v2.10"),
        (linked("https://specs.apollo.dev/federation/v1.0"), "written for .*v1.0"),
        (linked("https://specs.apollo.dev/federation/v3.0"), "written for .*v3.0"),
        (linked("https://specs.apollo.dev/connect/v0.1"), "links .*connect"),
        (linked("https://specs.apollo.dev/federation/v2.9", ', import: [{name: "@key", as: "@id"}]'), "renames"),
        (linked("https://specs.apollo.dev/federation/v2.9", ', as: "fed"'), "renames"),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_refused_by_name(sdl, message):
    with pytest.raises(CompositionError, match=message):
        compose({"one": sdl})


class TestKeepingTheLast:
    @pytest.mark.parametrize(
        "body",
        [b"{}", b'{"data":{"_service":{"sdl":1}}}', b"x", b'{"data":null}', b"<html>no</html>", b"\xff\xfe", b"[1]", b"",
         b"[" * 100_000, b'{"data":{"_service":{"sdl":NaN}}}'],
        ids=lambda body: body[:40],
    )  # fmt: skip
    async def test_a_service_without_sdl(self, register, make_gateway, body):
        register.broken["/graphql"] = lambda: PlainTextResponse(body)
        with pytest.raises(CompositionError, match="registry answered"):
            await make_gateway().follow("composition")

    @pytest.mark.parametrize("length", [MAX_SDL + 1, 2 * MAX_SDL + 1])
    async def test_a_service_with_too_long_an_sdl(self, register, make_gateway, length):
        register.broken["/graphql"] = lambda: JSONResponse({"data": {"_service": {"sdl": "#" * length}}})
        with pytest.raises((CompositionError, UpstreamError), match="longer than|answered more than"):
            await make_gateway().follow("composition")

    async def test_a_service_that_is_away_or_changed_for_the_worse_changes_nothing(self, register, gateway):
        await gateway.follow("composition")
        bad = {"data": {"_service": {"sdl": "type Query { verify: Int @inaccessible }"}}}
        for broken in (lambda: 1 / 0, lambda: JSONResponse(bad)):
            register.broken["/graphql"] = broken
            with pytest.raises(Exception, match=r"registry|not"):
                await gateway.follow("composition")
            register.broken.clear()
            assert (await gateway.graphql("{ log { size } }")).json() == {"data": {"log": {"size": 1}}}

    async def test_the_first_composition_waits_for_every_service(self, register, make_gateway):
        gateway = make_gateway()
        register.broken["/graphql"] = lambda: 1 / 0
        with pytest.raises(CompositionError):
            await gateway.follow("composition")
        answered = await gateway.graphql("{ log { size } }")
        assert (answered.status_code, json.loads(answered.text)["errors"][0]["extensions"]["code"]) == (
            503,
            "NOT_READY",
        )
