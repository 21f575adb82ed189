"""Reading one subgraph's SDL (Apollo Federation 2.9, the part of it that is understood here).

Rules
1. Directives: those of `PUBLIC` and `FEDERATION`. Any other is refused: it could mean that something must not be shown.
2. `@key` stands once on an object type and names plain fields of it.
3. Object types may be extended (`extend type`); each type is written down once.
4. Root types are called Query and Mutation.
5. Federation's own types, fields and directives do not reach the public schema.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from graphql import (
    REMOVE,
    DirectiveDefinitionNode,
    DirectiveNode,
    DocumentNode,
    GraphQLError,
    ListValueNode,
    ObjectTypeDefinitionNode,
    ObjectTypeExtensionNode,
    SchemaDefinitionNode,
    SchemaExtensionNode,
    StringValueNode,
    TypeDefinitionNode,
    TypeExtensionNode,
    ValueNode,
    Visitor,
    parse,
    visit,
)

PUBLIC: Final = frozenset({"deprecated", "specifiedBy", "oneOf"})
FEDERATION: Final = frozenset({"key", "shareable", "cost", "listSize", "link"})
ROOTS: Final = {"query": "Query", "mutation": "Mutation"}
MAX_SDL: Final = 1024 * 1024

_SPECIFICATION = "https://specs.apollo.dev/federation/v2."
_NEWEST = 9
_MACHINERY = frozenset({"_Any", "_Entity", "_Service", "_FieldSet", "FieldSet"})
_MACHINERY_FIELDS = frozenset({"_entities", "_service"})


class CompositionError(Exception):
    """The subgraphs do not make one schema; the message names type and subgraphs."""


@dataclass(frozen=True, slots=True)
class Key:
    """What an entity is known by, and whether this subgraph can be asked for it by that."""

    fields: tuple[str, ...]
    resolvable: bool


@dataclass(frozen=True, slots=True)
class Defined:
    """A type as one subgraph defines it; the node is stripped to what is public."""

    subgraph: str
    node: Any  # a TypeDefinitionNode; graphql-core has no common type for those with fields
    key: Key | None
    shareable: frozenset[str]  # fields other subgraphs may answer as well

    @property
    def name(self) -> str:
        """The type's name."""
        return str(self.node.name.value)


def definitions(subgraph: str, sdl: str) -> dict[str, Defined]:
    """The types of a subgraph by name; CompositionError when a rule is broken."""
    if len(sdl) > MAX_SDL:
        raise CompositionError(f"the SDL of {subgraph} is longer than {MAX_SDL} characters")
    try:
        document = parse(sdl, no_location=True)
    except GraphQLError as error:
        raise CompositionError(f"the SDL of {subgraph} cannot be parsed: {error.message}") from error
    found: dict[str, Defined] = {}
    for node in _types(subgraph, document):
        defined = _defined(subgraph, node)
        if defined.name in found:
            raise CompositionError(f"{subgraph} defines {defined.name} twice")
        found[defined.name] = defined
    return found


def _types(subgraph: str, document: DocumentNode) -> Iterator[Any]:
    for node in document.definitions:
        if isinstance(node, (SchemaDefinitionNode, SchemaExtensionNode)):
            _check_schema(subgraph, node)
        elif isinstance(node, TypeDefinitionNode | ObjectTypeExtensionNode):
            name = node.name.value
            if name not in _MACHINERY and not name.startswith(("link__", "federation__")) and name != "Subscription":
                yield node
        elif isinstance(node, TypeExtensionNode):
            raise CompositionError(f"{subgraph} extends {node.name.value}; only object types can be extended here")
        elif not isinstance(node, DirectiveDefinitionNode):
            raise CompositionError(f"the SDL of {subgraph} holds a {node.kind.replace('_', ' ')}")


def _check_schema(subgraph: str, node: SchemaDefinitionNode | SchemaExtensionNode) -> None:
    for root in node.operation_types or ():
        usual = ROOTS.get(root.operation.value, "Subscription")
        if root.type.name.value != usual:
            raise CompositionError(f"{subgraph} calls a root type {root.type.name.value}; it must be called {usual}")
    for directive in node.directives or ():
        arguments = _arguments(directive)
        url, imports = _text(arguments.get("url")), arguments.get("import")
        if "/federation/" in url:
            version = url.removeprefix(_SPECIFICATION)
            if not version.isdecimal() or int(version) > _NEWEST:
                raise CompositionError(
                    f"{subgraph} is written for {url}; understood is up to {_SPECIFICATION}{_NEWEST}"
                )
        elif "/link/" not in url:
            raise CompositionError(f"{subgraph} links {url or 'something unnamed'}, which is not understood here")
        renamed = isinstance(imports, ListValueNode) and any(not _text(value) for value in imports.values)
        if renamed or "as" in arguments:
            raise CompositionError(f"{subgraph} renames what it imports; that is not understood here")


def _defined(subgraph: str, node: Any) -> Defined:
    name = node.name.value
    keys = [directive for directive in node.directives or () if _plain(directive) == "key"]
    is_object = isinstance(node, (ObjectTypeDefinitionNode, ObjectTypeExtensionNode))
    if keys and (not is_object or len(keys) > 1):
        raise CompositionError(f"{subgraph} gives {name} a key: only object types have one, and one only")
    fields = {field.name.value: field for field in getattr(node, "fields", None) or ()}
    everywhere = _has(node, "shareable")
    shared = (key for key, field in fields.items() if _has(field, "shareable"))
    key = _key(subgraph, name, keys[0], fields) if keys else None
    shareable = frozenset(fields if everywhere else shared) | frozenset(key.fields if key else ())
    return Defined(subgraph, _stripped(subgraph, node), key, shareable)


def _key(subgraph: str, name: str, directive: DirectiveNode, fields: Mapping[str, Any]) -> Key:
    arguments = _arguments(directive)
    named = tuple(_text(arguments.get("fields")).split())
    if not named or any(field not in fields for field in named):
        raise CompositionError(f"{subgraph} keys {name} by something other than plain fields of it")
    resolvable = arguments.get("resolvable")
    key = Key(named, getattr(resolvable, "value", True) is True)
    if not key.resolvable and set(fields) - set(named):
        raise CompositionError(f"{subgraph} cannot be asked for {name}, and yet adds fields to it")
    return key


def _stripped(subgraph: str, node: Any) -> Any:
    """Rules 1 and 5, and an extension becomes a definition."""

    class Strip(Visitor):
        def enter_directive(self, directive: DirectiveNode, *_: Any) -> Any:
            if _plain(directive) not in PUBLIC | FEDERATION:
                raise CompositionError(
                    f"{subgraph} uses the directive @{_plain(directive)}, which is not understood here"
                )
            return None if _plain(directive) in PUBLIC else REMOVE

        def enter_field_definition(self, field: Any, *_: Any) -> Any:
            return REMOVE if field.name.value in _MACHINERY_FIELDS else None

    bare = visit(node, Strip())
    if isinstance(bare, ObjectTypeExtensionNode):
        return ObjectTypeDefinitionNode(
            name=bare.name, fields=bare.fields, interfaces=bare.interfaces, directives=bare.directives, description=None
        )
    return bare


def _has(node: Any, name: str) -> bool:
    return any(_plain(directive) == name for directive in node.directives or ())


def _plain(directive: DirectiveNode) -> str:
    return directive.name.value.removeprefix("federation__")


def _arguments(directive: DirectiveNode) -> dict[str, ValueNode]:
    return {argument.name.value: argument.value for argument in directive.arguments or ()}


def _text(value: ValueNode | None) -> str:
    return value.value if isinstance(value, StringValueNode) else ""
