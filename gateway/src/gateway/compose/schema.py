"""Composing: the subgraphs' SDL becomes one public schema, and every field of it has an owner.

Rules
1. A root field belongs to exactly one subgraph.
2. An entity (`@key`) has the same key wherever it is defined. A subgraph that others may ask for it by that key can add
   fields to it; a field belongs to one subgraph, unless it is of the key or `@shareable` in each that has it.
3. Any other type that several subgraphs define has the same members in each, and is `@shareable` if it is an object
   type; descriptions and order may differ. `@specifiedBy` need not be said by all.
4. Introspection belongs to the gateway (`HERE`).

From these follows what the planner rests on: whoever answers an object answers the fields of its key, and whatever else
is asked of that object is one join away.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    ObjectTypeDefinitionNode,
    Visitor,
    build_ast_schema,
    is_abstract_type,
    print_ast,
    print_schema,
    validate_schema,
    visit,
)

from gateway.compose.sdl import ROOTS, CompositionError, Defined, definitions

HERE: Final = "gateway"
"""The owner of introspection."""


@dataclass(frozen=True, slots=True)
class Composition:
    """The public schema, who answers what of it, and what each of them knows of it."""

    schema: GraphQLSchema
    owners: Mapping[str, Mapping[str, tuple[str, ...]]]  # type -> field -> subgraphs, the first one preferred
    keys: Mapping[str, tuple[str, ...]]  # entity -> fields of its key
    known: Mapping[str, GraphQLSchema]  # subgraph -> its own part of the schema

    @property
    def sdl(self) -> str:
        """The public schema as text."""
        return print_schema(self.schema)

    def owner(self, type_name: str, field: str, asked: str | None = None) -> str:
        """Who answers a field: the subgraph being asked already, if it can."""
        if type_name.startswith("__") or field.startswith("__"):
            return HERE
        able = self.owners[type_name][field]
        return asked if asked is not None and asked in able else able[0]

    def possible(self, subgraph: str, type_name: str) -> list[str]:
        """Object types that a subgraph may answer where a type is announced."""
        named = self.known[subgraph].type_map[type_name]
        if not is_abstract_type(named):
            return [type_name]
        return [member.name for member in self.known[subgraph].get_possible_types(named)]


def compose(subgraphs: Mapping[str, str]) -> Composition:
    """Compose subgraph name -> SDL, in the order of preference; CompositionError when a rule is broken."""
    parts: dict[str, list[Defined]] = {}
    known: dict[str, GraphQLSchema] = {}
    for subgraph, sdl in subgraphs.items():
        found = definitions(subgraph, sdl)
        known[subgraph] = _built(f"the schema of {subgraph}", (part.node for part in found.values()), is_whole=False)
        for name, part in found.items():
            parts.setdefault(name, []).append(part)
    schema = _built("the composed schema", (_merged(same) for same in parts.values()))
    owners = {name: _owners(same) for name, same in parts.items()}
    keys = {name: same[0].key.fields for name, same in parts.items() if same[0].key is not None}
    return Composition(schema, owners, keys, {**known, HERE: schema})


def _merged(same: list[Defined]) -> Any:
    """One definition of a type from those of the subgraphs."""
    first, *others = same
    if first.name in ROOTS.values():
        return _joined(same, may_share=False)
    if any(part.key is not None for part in same):
        keys = {part.key.fields if part.key else None for part in same}
        if len(keys) > 1:
            raise CompositionError(f"{first.name} has not the same key in {_names(same)}")
        return _joined(same, may_share=True)
    for other in others:
        if _members(first.node) != _members(other.node):
            raise CompositionError(f"{first.name} is defined differently by {first.subgraph} and {other.subgraph}")
    if others and isinstance(first.node, ObjectTypeDefinitionNode):
        _joined(same, may_share=True)
    said = {_directives(part.node): part.node.directives for part in same if part.node.directives}
    if len(said) > 1:
        raise CompositionError(f"{first.name} has not the same directives in {_names(same)}")
    return replace(first.node, directives=next(iter(said.values()), ()))


def _joined(same: list[Defined], *, may_share: bool) -> ObjectTypeDefinitionNode:
    """An object type with the fields and interfaces of all its parts."""
    fields: dict[str, tuple[Defined, Any]] = {}
    interfaces: dict[str, Any] = {}
    for part in same:
        for field in part.node.fields or ():
            name = field.name.value
            first, known = fields.setdefault(name, (part, field))
            if first is part:
                continue
            if not may_share or not (name in first.shareable and name in part.shareable):
                raise CompositionError(f"{part.name}.{name} is answered by {first.subgraph} and by {part.subgraph}")
            if _bare(known) != _bare(field):
                raise CompositionError(
                    f"{part.name}.{name} is defined differently by {first.subgraph} and {part.subgraph}"
                )
        interfaces |= {interface.name.value: interface for interface in part.node.interfaces or ()}
    merged = tuple(field for _, field in fields.values())
    joined: ObjectTypeDefinitionNode = replace(same[0].node, fields=merged, interfaces=tuple(interfaces.values()))
    return joined


def _owners(same: list[Defined]) -> dict[str, tuple[str, ...]]:
    owners: dict[str, tuple[str, ...]] = {}
    for part in same:
        for field in getattr(part.node, "fields", None) or ():
            owners[field.name.value] = (*owners.get(field.name.value, ()), part.subgraph)
    return owners


def _members(node: Any) -> tuple[str, list[str]]:
    """A type's kind and members in an order of their own, without descriptions."""
    parts: list[Any] = []
    for member in ("fields", "values", "types", "interfaces"):
        parts += getattr(node, member, None) or ()
    is_one_of = any(directive.name.value == "oneOf" for directive in node.directives or ())
    return f"{node.kind} {is_one_of}", sorted(_bare(part) for part in parts)


def _directives(node: Any) -> tuple[str, ...]:
    return tuple(sorted(print_ast(directive) for directive in node.directives or ()))


def _bare(node: Any) -> str:
    class Bare(Visitor):
        def enter(self, entered: Any, *_: Any) -> Any:
            described = getattr(entered, "description", None) is not None
            return replace(entered, description=None) if described else None

    return print_ast(visit(node, Bare()))


def _names(same: Iterable[Defined]) -> str:
    return " and ".join(part.subgraph for part in same)


def _built(what: str, nodes: Iterable[Any], *, is_whole: bool = True) -> GraphQLSchema:
    try:
        schema = build_ast_schema(DocumentNode(definitions=tuple(nodes)))
    except (TypeError, GraphQLError) as error:
        raise CompositionError(f"{what} does not hold together: {error}") from error
    if is_whole and (errors := validate_schema(schema)):
        raise CompositionError(f"{what} does not hold together: {errors[0].message}")
    return schema
