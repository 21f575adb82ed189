"""Executing in lockstep, on a schema of its own: what is merged, what is read together, what ends how, and what is bounded."""

import asyncio
from types import SimpleNamespace

import pytest
import strawberry
from graphql import get_operation_ast, parse, validate

from registry.execution.lockstep import run
from registry.execution.plan import Plan, Unplanned
from registry.loaders import Loader

pytestmark = pytest.mark.filterwarnings("error")  # a coroutine that was never awaited is one


@strawberry.type
class Item:
    """Something with things below it."""

    name: str

    @strawberry.field
    async def below(self, info: strawberry.Info, count: int = 2) -> list["Item"]:
        await info.context.loader.load(self.name)
        return [Item(name=f"{self.name}{at}") for at in range(count)]

    @strawberry.field
    async def late(self, info: strawberry.Info) -> str:
        await asyncio.sleep(0)
        (found,) = await info.context.loader.load_many([self.name])
        await asyncio.sleep(0.001)
        return f"{found}, late"

    @strawberry.field
    async def failing(self, info: strawberry.Info) -> str:
        await info.context.loader.load(self.name)
        raise LookupError(self.name)

    @strawberry.field
    async def endless(self, info: strawberry.Info) -> str:
        info.context.begun.append(self.name)
        try:
            await asyncio.Event().wait()
        finally:
            info.context.ended.append(self.name)
        return ""

    @strawberry.field
    async def patient(self, info: strawberry.Info) -> str:
        try:
            return str(await info.context.loader.load(self.name))
        finally:
            info.context.ended.append(self.name)

    @strawberry.field
    def item(self) -> "Item | None":
        return None


@strawberry.type
class Query:
    """Where it begins."""

    @strawberry.field
    def item(self, name: str = "a") -> Item:
        return Item(name=name)


SCHEMA = strawberry.Schema(Query)


def context():
    """A request's, with a loader that notes what it reads."""
    made = SimpleNamespace(reads=[], begun=[], ended=[])

    async def read(keys):
        made.reads.append(list(keys))
        return {key: key.upper() for key in keys}

    made.loader = Loader(read, lockstep=True)
    return made


def planned(query):
    document = parse(query)
    assert validate(SCHEMA._schema, document) == []
    return Plan(SCHEMA._schema, SCHEMA.schema_converter, document, get_operation_ast(document))


async def answer(query, of=None, **variables):
    return await run(planned(query), of or context(), variables)


async def test_fields_of_one_key_are_merged_in_the_order_in_which_they_come_first():
    data = await answer("""{ z: item { ...A } item(name: "b") { name } z: item { kind: __typename ...A name }
      ... on Query { item(name: "b") { again: name } } } fragment A on Item { below(count: 1) { name } }""")

    assert data == {
        "z": {"below": [{"name": "a0"}], "kind": "Item", "name": "a"}, "item": {"name": "b", "again": "b"},
    }  # fmt: skip
    assert list(data) == ["z", "item"]
    assert list(data["z"]) == ["below", "kind", "name"]


@pytest.mark.parametrize(("yes", "keys"), [(True, ["a", "c"]), (False, ["b", "c"])])
async def test_variables_decide_what_is_there(yes, keys):
    query = """query ($yes: Boolean!) { a: item @include(if: $yes) { name } b: item @skip(if: $yes) { name }
      ... @include(if: true) { c: item { name } } ... @skip(if: true) { d: item { name } } }"""

    assert list(await answer(query, yes=yes)) == keys


async def test_all_of_a_level_is_read_at_once_and_nothing_twice():
    made = context()
    await answer("{ item { x: below { below { patient } } y: below { patient } } }", made)

    assert made.reads == [["a"], ["a0", "a1"], ["a00", "a01", "a10", "a11"]]


async def test_a_resolver_may_wait_for_anything():
    data = await answer("{ item { late below { late } } }")

    assert data == {"item": {"late": "A, late", "below": [{"late": "A0, late"}, {"late": "A1, late"}]}}


async def test_what_a_resolver_raises_is_raised_and_all_others_end():
    made = context()
    with pytest.raises(LookupError, match="a0"):
        await answer("{ item { below { failing patient } patient } }", made)

    assert sorted(made.ended) == ["a", "a0", "a1"]


async def test_whoever_is_cancelled_ends_every_resolver():
    made = context()
    asking = asyncio.create_task(answer("{ item { patient endless } }", made))
    while not made.begun:
        await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking

    assert made.ended == ["a", "a"]


async def test_a_plan_grows_with_the_document_and_not_with_what_it_spells_out():
    levels = 22
    below = [
        f"fragment F{at} on Item {{ a: below(count: 1) {{ ...F{at + 1} }} ...F{at + 1} ... on Item {{ ...F{at + 1} }} }}"
        for at in range(levels)
    ]
    plan = planned(f"{{ item {{ ...F0 }} }} {' '.join(below)} fragment F{levels} on Item {{ name }}")
    async with asyncio.timeout(2):
        data = await run(plan, context(), {})

    assert data["item"]["name"] == "a"
    assert len(plan._selections) <= levels + 3


def test_fragments_that_variables_switch_on_are_not_spelled_out_either():
    """However many ways lead to a fragment, it is looked into once."""
    levels = 60
    below = [
        f"fragment F{at} on Item {{ ...F{at + 1} @include(if: $yes) ...F{at + 1} @include(if: $yes) }}"
        for at in range(levels)
    ]
    query = f"query ($yes: Boolean!) {{ item {{ ...F0 }} }} {' '.join(below)} fragment F{levels} on Item {{ ... @skip(if: true) {{ name }} }}"
    plan = planned(query)
    with pytest.raises(Unplanned):
        plan.selection([plan.operation.selection_set.selections[0].selection_set], SCHEMA._schema.type_map["Item"])
