"""Generated operations: three subgraphs behind the gateway answer what one server over the same data answers."""

import asyncio
import json

from composed_library import COMPOSITION, DIRECT, monolith, payload, places, respond
from graphql import (
    get_named_type,
    is_abstract_type,
    is_composite_type,
    is_interface_type,
    is_object_type,
    parse,
    validate,
)
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

SCHEMA = COMPOSITION.schema
DECLARED = {"yes": "Boolean! = true", "no": "Boolean!", "n": "Int = 2", "text": "String", "book": "ID!"}
VALUES = {
    "Int": ["0", "1", "3", "$n", "null"],
    "String": ['"Salt"', '""', "$text", "null"],
    "ID": ['"b1"', '"b2"', '"b3"', '"b4"', '"b5"', '"a1"', '"a3"', '"r2"', "$book"],
    "Style": ["LOUD", "PLAIN"],
    "BookFilter": ["{}", "{minPages: $n}", '{titles: ["Salt", "Ash"]}', "{also: {minPages: $n, style: LOUD}, titles: null}"],
    "[Tag!]": ["[]", '[{word: "r"}]', '{word: "r", weight: $n}'],
    "[Int]": ["[1, $n, null]", "4"],
    "[String!]": ['["x"]', "null"],
    "Int!": ["1", "3"],
}  # fmt: skip
CONDITIONS = [f"@{name}(if: {value})" for name in ("skip", "include") for value in ("$yes", "$no", "true", "false")]


@st.composite
def operations(draw):  # noqa: C901 - one closure per production of the grammar
    """A valid query and its variables."""
    fragments = []

    def condition():
        return f" {draw(st.sampled_from(CONDITIONS))}" if draw(st.integers(0, 4)) == 0 else ""

    def value(type_):
        choices = VALUES.get(str(type_)) or VALUES[str(get_named_type(type_))]
        if str(type_).endswith("!"):
            choices = [choice for choice in choices if choice not in ("null", "$text")]
        return draw(st.sampled_from(choices))

    def field(type_, depth):
        usable = [
            name for name, each in type_.fields.items() if depth > 0 or not is_composite_type(get_named_type(each.type))
        ]
        name = draw(st.sampled_from([*usable, "__typename"]))
        definition = type_.fields.get(name)
        if definition is None:
            return f"{draw(st.sampled_from(['', 'kind: ', 'x: ']))}__typename{condition()}"
        required = {key for key, each in definition.args.items() if str(each.type).endswith("!")}
        given_ = [key for key in definition.args if key in required or draw(st.booleans())]
        arguments = ", ".join(f"{key}: {value(definition.args[key].type)}" for key in given_)
        alias = draw(st.sampled_from(["", "", "", f"{name[:2]}_: ", "isbn: ", "x: "]))
        inner = get_named_type(definition.type)
        below = f" {selections(inner, depth - 1)}" if is_composite_type(inner) else ""
        return f"{alias}{name}{f'({arguments})' if arguments else ''}{condition()}{below}"

    def fragment(type_, depth):
        overlapping = [
            each.name
            for each in SCHEMA.type_map.values()
            if is_composite_type(each) and not each.name.startswith("__") and _overlap(each, type_)
        ]
        on = draw(st.sampled_from(overlapping))
        body = selections(SCHEMA.type_map[on], depth)
        if draw(st.booleans()):
            return f"... on {on}{condition()} {body}"
        fragments.append(f"fragment F{len(fragments)} on {on} {body}")
        return f"...F{len(fragments) - 1}{condition()}"

    def selections(type_, depth):
        parts = []
        for _ in range(draw(st.integers(1, 3))):
            may_fragment = depth > 0 and draw(st.integers(0, 3)) == 0
            if may_fragment or not (is_object_type(type_) or is_interface_type(type_)):
                parts.append(fragment(type_, depth - 1) if depth > 0 else "__typename")
            else:
                parts.append(field(type_, depth))
        return "{ " + " ".join(parts) + " }"

    body = selections(SCHEMA.query_type, 4)
    text = " ".join([body, *fragments])
    used = [name for name in DECLARED if f"${name}" in text]
    head = ", ".join(f"${name}: {DECLARED[name]}" for name in used)
    pools = {"yes": [True, False], "no": [False, True], "n": [1, 4, None], "text": ["Iron", None], "book": ["b1", "b5"]}
    needed = {"no", "book"}
    sent = {
        name: draw(st.sampled_from(pools[name])) for name in used if name in needed or draw(st.booleans())
    }  # fmt: skip
    return f"query{f'({head})' if head else ''} {text}", sent


def _overlap(one, other):
    def concrete(type_):
        return set(SCHEMA.get_possible_types(type_)) if is_abstract_type(type_) else {type_}

    return concrete(one) & concrete(other)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(operations())
def test_generated_operations_answer_as_one_server_does(operation):
    query, variables = operation
    assume(not validate(SCHEMA, parse(query)))
    wanted = monolith(query, variables)
    got = payload(asyncio.run(respond(DIRECT, query, variables)))
    assert json.dumps(got.get("data")) == json.dumps(wanted.get("data")), query
    assert places(got) == places(wanted), query
