"""Valid queries over a schema: nested fields, aliases, fragments, the same field again, arguments, conditions, variables.

Choices come from a `random.Random`. Values of arguments come from pools, by the argument's name or by its type's.
"""

import json
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from graphql import (
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_composite_type,
    is_enum_type,
    is_input_object_type,
    is_list_type,
    is_non_null_type,
)

DEPTH, FIELDS = 7, 60  # of one query
CONDITIONS = ("skip", "include")
LEFT_OUT = frozenset({"_service", "accessLog"})  # prints the whole schema; says other things each time it is read


class RandomQuery:
    """One query: `text`, and the `variables` to send with it."""

    def __init__(self, schema: GraphQLSchema, pools: Mapping[str, Sequence[Any]], random: Random) -> None:
        self._schema, self._pools, self._random = schema, pools, random
        self._fields = FIELDS
        self._aliases = 0
        self._declared: list[str] = []
        self._fragments: list[tuple[str, str, str]] = []  # name, the type it is on, the whole definition
        self.variables: dict[str, Any] = {}
        body = self._selections(schema.query_type, DEPTH)
        head = f"({', '.join(self._declared)})" if self._declared else ""
        self.text = " ".join([f"query{head} {body}", *(whole for _, _, whole in self._fragments)])

    def _once_in(self, count: int) -> bool:
        return self._random.randrange(count) == count - 1

    def _selections(self, type_: Any, depth: int) -> str:
        parts = [self._part(type_, depth) for _ in range(self._random.randint(1, 5))]
        return f"{{ {' '.join(parts)} }}"

    def _part(self, type_: Any, depth: int) -> str:
        has_fields = hasattr(type_, "fields")  # a union has none
        if self._once_in(12) or (depth == 0 and not has_fields):
            return f"{self._alias()}__typename"
        if depth > 0 and (not has_fields or self._once_in(3 if is_abstract_type(type_) else 6)):
            return self._fragment(type_, depth)
        return self._field(type_, depth)

    def _fragment(self, type_: Any, depth: int) -> str:
        on = self._random.choice([each for each in self._schema.type_map.values() if self._overlap(each, type_)])
        known = [name for name, about, _ in self._fragments if about == on.name]
        if known and self._once_in(3):
            return f"...{self._random.choice(known)}{self._condition()}"
        body = self._selections(on, depth - 1)
        if self._once_in(2):
            return f"... on {on.name}{self._condition()} {body}"
        name = f"F{len(self._fragments)}"
        self._fragments.append((name, on.name, f"fragment {name} on {on.name} {body}"))
        return f"...{name}{self._condition()}"

    def _overlap(self, one: Any, other: Any) -> bool:
        def concrete(type_: Any) -> set[Any]:
            return set(self._schema.get_possible_types(type_)) if is_abstract_type(type_) else {type_}

        return is_composite_type(one) and not one.name.startswith("__") and bool(concrete(one) & concrete(other))

    def _field(self, type_: Any, depth: int) -> str:
        deep = depth > 0 and self._fields > 0
        simple = {name for name, one in type_.fields.items() if not is_composite_type(get_named_type(one.type))}
        usable = [name for name in type_.fields if name not in LEFT_OUT and (deep or name in simple)]
        if not usable:
            return "__typename"
        self._fields -= 1
        name = self._random.choice(usable)
        definition = type_.fields[name]
        arguments = self._arguments(definition.args)
        head = f"{self._alias() if arguments or self._once_in(8) else ''}{name}{arguments}"
        inner = get_named_type(definition.type)
        if not is_composite_type(inner):
            return f"{head}{self._condition()}"
        again = [f"{head} {self._selections(inner, depth - 1)}"] if self._once_in(8) else []
        return " ".join([f"{head}{self._condition()} {self._selections(inner, depth - 1)}", *again])

    def _alias(self) -> str:
        self._aliases += 1
        return f"x{self._aliases}: "

    def _condition(self) -> str:
        if not self._once_in(100):
            return ""
        value = self._random.choice((True, False))
        given = self._variable("Boolean!", value) if self._once_in(2) else json.dumps(value)
        return f" @{self._random.choice(CONDITIONS)}(if: {given})"

    def _arguments(self, args: Mapping[str, Any]) -> str:
        given = [name for name, one in args.items() if is_non_null_type(one.type) or self._once_in(3)]
        return f"({', '.join(f'{name}: {self._value(name, args[name].type)}' for name in given)})" if given else ""

    def _value(self, name: str, type_: Any) -> str:
        """A value, or a variable that has it, or a variable that is not sent."""
        value = self._chosen(name, type_)
        if get_named_type(type_).name == "_Any" or self._once_in(2):
            return self._variable(str(type_), value, sent=is_non_null_type(type_) or not self._once_in(8))
        return self._literal(value, type_)

    def _chosen(self, name: str, type_: Any) -> Any:
        if not is_non_null_type(type_) and self._once_in(10):
            return None
        inner = get_nullable_type(type_)
        if is_list_type(inner):
            return [self._chosen(name, inner.of_type) for _ in range(self._random.randint(0, 3))]
        if is_input_object_type(inner):
            return {key: self._chosen(key, one.type) for key, one in inner.fields.items() if self._once_in(4)}
        if is_enum_type(inner):
            return self._random.choice(list(inner.values))
        return self._random.choice(self._pools.get(name) or self._pools[inner.name])

    def _literal(self, value: Any, type_: Any) -> str:
        inner = get_nullable_type(type_)
        if value is None:
            return "null"
        if isinstance(value, list):
            return f"[{', '.join(self._literal(one, inner.of_type) for one in value)}]"
        if isinstance(value, dict):
            members = (f"{key}: {self._member(one, inner.fields[key].type)}" for key, one in value.items())
            return f"{{{', '.join(members)}}}"
        return value if is_enum_type(inner) else json.dumps(value)

    def _member(self, value: Any, type_: Any) -> str:
        return self._variable(str(type_), value) if self._once_in(4) else self._literal(value, type_)

    def _variable(self, type_: str, value: Any, *, sent: bool = True) -> str:
        name = f"v{len(self._declared)}"
        self._declared.append(f"${name}: {type_}")
        if sent:
            self.variables[name] = value
        return f"${name}"
