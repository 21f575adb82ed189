"""Composing, for now without joins: the subgraphs' SDL becomes one public schema, and every root field has one owner.

Rules
1. A root field belongs to exactly one subgraph. `_entities` and `_service` are nobody's.
2. A type that several subgraphs define has the same members in each; descriptions and order may differ.
3. An entity (`@key`) belongs to the first subgraph that defines it. What another one adds to it needs a join, so it
   is left out (`left_out` names it) until operations are split.
4. Federation's own types and directives do not reach the public schema. A federation directive that is not in
   `UNDERSTOOD` is refused: it could mean that something must not be shown.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from graphql import (
    REMOVE,
    DirectiveNode,
    DocumentNode,
    FieldDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    ObjectTypeDefinitionNode,
    ObjectTypeExtensionNode,
    SchemaDefinitionNode,
    SchemaExtensionNode,
    TypeDefinitionNode,
    Visitor,
    build_ast_schema,
    parse,
    print_ast,
    print_schema,
    validate_schema,
    visit,
)

PUBLIC_DIRECTIVES: Final = frozenset({"deprecated", "specifiedBy", "oneOf"})
UNDERSTOOD: Final = PUBLIC_DIRECTIVES | {"key", "external", "extends", "shareable", "cost", "listSize", "link"}
ROOTS: Final = {"query": "Query", "mutation": "Mutation"}
"""Operation -> its root type in the public schema; a subgraph may call its own otherwise. No subscriptions yet."""

MAX_SDL: Final = 1024 * 1024

_MACHINERY = frozenset({"_Any", "_Entity", "_Service", "_FieldSet", "FieldSet"})
_MACHINERY_FIELDS = frozenset({"_entities", "_service"})


class CompositionError(Exception):
    """The subgraphs do not make one schema; the message names type and subgraphs."""


@dataclass(frozen=True, slots=True)
class Composition:
    """The public schema, and who answers which root field."""

    schema: GraphQLSchema
    owners: Mapping[tuple[str, str], str]  # ("query" | "mutation", field) -> subgraph
    left_out: tuple[str, ...]  # "Type.field (subgraph)": needs a join

    @property
    def sdl(self) -> str:
        """The public schema as text."""
        return print_schema(self.schema)


@dataclass(frozen=True, slots=True)
class _Defined:
    """A type as one subgraph defines it, stripped to what is public."""

    subgraph: str
    node: Any  # a TypeDefinitionNode; graphql-core has no common type for those with fields
    is_entity: bool
    root: str | None  # the operation it is the root of


def compose(subgraphs: Mapping[str, str]) -> Composition:
    """Compose subgraph name -> SDL, in the order of precedence for rule 3; CompositionError when a rule is broken."""
    roots: dict[str, dict[str, tuple[str, FieldDefinitionNode]]] = {name: {} for name in ROOTS}
    types: dict[str, _Defined] = {}
    left_out: list[str] = []
    for subgraph, sdl in subgraphs.items():
        for defined in _definitions(subgraph, sdl):
            name = defined.node.name.value
            if defined.root is not None:
                _own(roots[defined.root], defined)
            elif name in types:
                left_out += _agree(types[name], defined)
            else:
                types[name] = defined
    owners = {(root, field): owner for root, fields in roots.items() for field, (owner, _) in fields.items()}
    return Composition(_built(roots, types), owners, tuple(left_out))


def _definitions(subgraph: str, sdl: str) -> Iterator[_Defined]:
    if len(sdl) > MAX_SDL:
        raise CompositionError(f"the SDL of {subgraph} is longer than {MAX_SDL} characters")
    try:
        document = parse(sdl, no_location=True)
    except GraphQLError as error:
        raise CompositionError(f"the SDL of {subgraph} cannot be parsed: {error.message}") from error
    operations = _operations(document)
    for node in document.definitions:
        if not isinstance(node, (TypeDefinitionNode, ObjectTypeExtensionNode)) or _is_machinery(node.name.value):
            continue
        root = operations.get(node.name.value)
        if root is None or root in ROOTS:
            directives = {directive.name.value for directive in node.directives or ()}
            yield _Defined(subgraph, _public(subgraph, node), "key" in directives, root)


def _operations(document: DocumentNode) -> dict[str, str]:
    """Root type -> operation, as the subgraph's schema definition says, else by the usual names."""
    named = {"Query": "query", "Mutation": "mutation", "Subscription": "subscription"}
    for node in document.definitions:
        if isinstance(node, (SchemaDefinitionNode, SchemaExtensionNode)):
            named |= {root.type.name.value: root.operation.value for root in node.operation_types or ()}
    return named


def _is_machinery(name: str) -> bool:
    return name in _MACHINERY or name.startswith(("link__", "federation__"))


def _public(subgraph: str, node: TypeDefinitionNode | ObjectTypeExtensionNode) -> Any:
    """Rule 4, and an extension becomes a definition: of a type that has one owner it is all we know here."""

    class Strip(Visitor):
        def enter_directive(self, directive: DirectiveNode, *_: Any) -> Any:
            name = directive.name.value.removeprefix("federation__")
            if name not in UNDERSTOOD:
                raise CompositionError(f"{subgraph} uses the directive @{name}, which is not understood here")
            return None if name in PUBLIC_DIRECTIVES else REMOVE

    stripped = visit(node, Strip())
    if isinstance(stripped, ObjectTypeExtensionNode):
        return ObjectTypeDefinitionNode(
            name=stripped.name,
            fields=stripped.fields,
            interfaces=stripped.interfaces,
            directives=stripped.directives,
            description=None,
        )
    return stripped


def _own(fields: dict[str, tuple[str, FieldDefinitionNode]], defined: _Defined) -> None:
    for field in defined.node.fields or ():
        name = field.name.value
        if name in _MACHINERY_FIELDS:
            continue
        if name in fields:
            raise CompositionError(
                f"{ROOTS[defined.root or 'query']}.{name} is answered by {fields[name][0]} and by {defined.subgraph}"
            )
        fields[name] = (defined.subgraph, field)


def _agree(first: _Defined, second: _Defined) -> list[str]:
    """Rules 2 and 3; returns what is left out."""
    name = first.node.name.value
    if second.is_entity:
        known = {field.name.value for field in first.node.fields}
        extra = [field.name.value for field in second.node.fields if field.name.value not in known]
        return [f"{name}.{field} ({second.subgraph})" for field in extra]
    if _members(first.node) != _members(second.node):
        raise CompositionError(f"{name} is defined differently by {first.subgraph} and {second.subgraph}")
    return []


def _members(node: TypeDefinitionNode) -> tuple[str, list[str]]:
    """A type's kind and members in an order of their own, without descriptions."""

    class Bare(Visitor):
        def enter(self, entered: Any, *_: Any) -> Any:
            described = getattr(entered, "description", None) is not None
            return replace(entered, description=None) if described else None

    bare = visit(node, Bare())
    parts: list[Any] = []
    for member in ("fields", "values", "types", "interfaces"):
        parts += getattr(bare, member, None) or ()
    return str(bare.kind), sorted(print_ast(part) for part in parts)


def _built(
    roots: Mapping[str, Mapping[str, tuple[str, FieldDefinitionNode]]], types: Mapping[str, _Defined]
) -> GraphQLSchema:
    definitions: list[Any] = [
        _root(ROOTS[operation], (field for _, field in fields.values()))
        for operation, fields in roots.items()
        if fields
    ]
    definitions += [defined.node for defined in types.values()]
    try:
        schema = build_ast_schema(DocumentNode(definitions=tuple(definitions)))
    except (TypeError, GraphQLError) as error:
        raise CompositionError(f"the composed schema does not hold together: {error}") from error
    if errors := validate_schema(schema):
        raise CompositionError(f"the composed schema does not hold together: {errors[0].message}")
    return schema


def _root(name: str, fields: Iterable[FieldDefinitionNode]) -> ObjectTypeDefinitionNode:
    query = parse(f"type {name} {{ _: ID }}", no_location=True).definitions[0]
    assert isinstance(query, ObjectTypeDefinitionNode)
    return ObjectTypeDefinitionNode(
        name=query.name, fields=tuple(fields), interfaces=(), directives=(), description=None
    )
