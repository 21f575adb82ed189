"""Every member of every mutation, and every list, with what nobody should send: refused by type, and nothing is left.

What each refusal says is in the tests of each feature; here nothing is left out.
"""

import json
from datetime import timedelta

import pytest
from core_world import LABOUR, OWNER, START, TRADE, opaque
from graphql import GraphQLEnumType, GraphQLInputObjectType, build_ast_schema, get_named_type, is_list_type, parse
from graphql import is_required_input_field as required

from registry.access.model import Role
from registry.access.service import add_member, grant_role
from registry.errors import Conflict, Invalid
from registry.graph import sdl

SCHEMA = build_ast_schema(parse(sdl()), assume_valid_sdl=True)
MUTATIONS = sorted(SCHEMA.mutation_type.fields)
LONG = "x" * 200_000
TEXTS = {
    "200 KB": LONG,
    "nothing": "",
    "blank": "   ",
    "right to left": "Himal \u202e stnemecalP",
    "a control character": "Himal\x00Placements",
    "half a character": "Himal \ud800",
    "two scripts in one word": "Himаl Рlacements",
}
REFUSALS = {"Invalid", "NotFound", "Forbidden", "Conflict", "NotAllowed"}


def plain(kind):
    """A value of an input type that a client could send: as little as the type allows."""
    named = get_named_type(kind)
    if is_list_type(getattr(kind, "of_type", kind)) or is_list_type(kind):
        return [plain(named)]
    if isinstance(named, GraphQLInputObjectType):
        return {name: plain(field.type) for name, field in named.fields.items() if required(field)}
    if isinstance(named, GraphQLEnumType):
        return next(iter(named.values))
    return {"DateTime": START.isoformat(), "Date": "2026-05-04", "Int": 1, "Boolean": False}.get(named.name, "plain")


def texts(kind, path=()):
    """The paths of everything in an input type that is text, optional members included; two levels deep."""
    for name, field in get_named_type(kind).fields.items():
        named = get_named_type(field.type)
        if isinstance(named, GraphQLInputObjectType):
            if len(path) < 2:
                yield from texts(named, (*path, (name, field)))
        elif named.name in ("String", "ID"):
            yield (*path, (name, field))


def put(given, path, text):
    """The input with a text in the place of a member."""
    (name, field), *deeper = path
    value = put(plain(get_named_type(field.type)), deeper, text) if deeper else text
    as_list = is_list_type(field.type) or is_list_type(getattr(field.type, "of_type", None))
    return given | {name: [value] if as_list else value}


@pytest.fixture
async def official(register):
    """The token of somebody with every role at both authorities: nothing is refused for want of one."""
    async with register.database.write() as tx:
        await add_member(tx, "all", "Everybody in one", now=START)
        for role in Role:
            for authority in (LABOUR, OWNER):
                await grant_role(tx, authority, "all", role)
    return await register.token("all")


async def sent(register, token, name, given):
    kind = SCHEMA.mutation_type.fields[name].args["input"].type
    query = f"mutation ($i: {kind}) {{ {name}(input: $i) {{ __typename ... on DomainError {{ code message }} }} }}"
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    content = json.dumps({"query": query, "variables": {"i": given}})  # half a character travels as an escape
    response = await register.client.post("/graphql", content=content, headers=headers)
    return response.json()


@pytest.mark.parametrize("name", MUTATIONS)
async def test_no_text_in_any_member_does_anything_but_be_refused(register, official, name):
    kind = SCHEMA.mutation_type.fields[name].args["input"].type
    before = await register.snapshot()

    for path in texts(kind):
        for what, text in TEXTS.items():
            answer = await sent(register, official, name, put(plain(kind), path, text))
            said = (name, ".".join(step for step, _ in path), what, answer)
            if "detail" in answer:  # no GraphQL at all: a problem
                assert (answer["status"], what) == (400, "half a character"), said
            elif "errors" in answer:
                assert "INTERNAL" not in str(answer["errors"]), said
            else:
                assert answer["data"][name]["__typename"] in REFUSALS, said
                assert len(answer["data"][name]["message"]) < 2_000, said
    assert await register.snapshot() == before


async def test_members_and_words_of_a_newer_client_are_named(register, official):
    for name in MUTATIONS:
        kind = SCHEMA.mutation_type.fields[name].args["input"].type
        enums = [member for member, field in get_named_type(kind).fields.items()
                 if isinstance(get_named_type(field.type), GraphQLEnumType)]  # fmt: skip
        for unknown in ("sinceVersion9", *enums):
            given = plain(kind) | {unknown: "HIBERNATING"}
            answer = await sent(register, official, name, given)
            assert ("HIBERNATING" if unknown in enums else unknown) in str(answer["errors"]), (name, unknown)


@pytest.mark.parametrize("first", [-1, 101, 2_000_000_000])
async def test_no_list_takes_a_page_of_that_size(register, first):
    number = await register.granted()
    await register.logged()
    lists = [f"{name}(first: $f) {{ edges {{ cursor }} }}" for name in ("accreditations", "organisations", "authorities",
                                                                       "proposals", "changes")]  # fmt: skip
    lists.append(f'accreditation(number: "{number}") {{ decisions(first: $f) {{ edges {{ cursor }} }} }}')
    lists.append("organisations { edges { node { accreditations(first: $f) { edges { cursor } } } } }")

    for asked in lists:
        body = (await register.post(f"query ($f: Int) {{ {asked} }}", "pema", f=first)).json()
        assert [error["extensions"] for error in body["errors"]] == [{"code": "INVALID", "field": "first"}], asked


async def test_a_cursor_of_one_list_does_not_open_another(register):
    number = await register.granted()
    await register.logged()
    decisions = f'accreditation(number: "{number}") {{ decisions(after: $a) {{ edges {{ cursor }} }} }}'

    for asked, foreign in (
        ("accreditations(after: $a) { edges { cursor } }", opaque("aut_labour")),
        ("authorities(after: $a) { edges { cursor } }", opaque(number)),
        ("changes(after: $a) { edges { cursor } }", opaque("-5")),
        ("changes(after: $a) { edges { cursor } }", opaque("9" * 30)),
        (decisions, opaque(number)),
    ):
        (error,) = await register.errors(f"query ($a: String) {{ {asked} }}", a=foreign)
        assert error["extensions"] == {"code": "INVALID", "field": "after"}, asked


@pytest.mark.parametrize(
    ("act", "dates"),
    [
        ("suspend", {"effective_from": START + timedelta(days=2), "effective_until": START + timedelta(days=2)}),
        ("suspend", {"effective_from": START + timedelta(days=2), "effective_until": START + timedelta(days=1)}),
        ("suspend", {"effective_until": START - timedelta(days=1)}),
        ("renew", {"valid_until": (START - timedelta(days=1)).date()}),
        (
            "renew",
            {"valid_from": (START + timedelta(days=9)).date(), "valid_until": (START + timedelta(days=8)).date()},
        ),
    ],
)
async def test_dates_that_cross(register, act, dates):
    number = await register.granted()
    measure = {"measure": "preventive"} if act == "suspend" else {}
    before = await register.snapshot()

    with pytest.raises(Invalid):
        await register.proposed(number, act, **measure, **dates)
    assert await register.snapshot() == before


async def test_one_organisation_has_one_open_accreditation_of_a_scheme_at_an_authority(register):
    organisation = await register.organisation()
    first = await register.applied(by=organisation)
    assert await register.applied(by=organisation, scheme="sch_standard")  # another scheme
    assert await register.applied_at(TRADE, "other", organisation, "sch_standard")  # another authority

    for act in (None, "grant", "suspend"):
        if act:
            register.clock.forward(seconds=1)
            await register.decided(first, act, **({"measure": "preventive"} if act == "suspend" else {}))
        with pytest.raises(Conflict) as refusal:
            await register.applied(by=organisation)
        assert (refusal.value.code, refusal.value.blocked_by) == ("ALREADY_OPEN", first)
    register.clock.forward(seconds=1)
    await register.decided(first, "revoke")
    assert await register.applied(by=organisation) != first


@pytest.mark.parametrize("number", ["TEST-7K3M9QXR-24", "TEST-7K3M9QXR-32", "TEST-7K3M9QRX-23", "LIVE-7K3M9QXR-23",
                                    "TEST-7K3M9QXR-2３", "TEST-7K3M9QXR", LONG])  # fmt: skip
async def test_numbers_with_bad_check_digits_are_nobodys(register, number):
    (error,) = await register.errors("query ($n: String!) { accreditation(number: $n) { number } }", n=number)

    assert error["extensions"] == {"code": "BAD_NUMBER", "field": "number"}
    assert len(error["message"]) < 1_000
