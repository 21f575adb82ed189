"""What an operation selects, merged as GraphQL merges it (section 6.3.2, CollectFields), once per concrete type.

Rules
1. Fragments are dissolved: what applies to a concrete type is a list of its fields in the order of the response.
2. `@skip` and `@include` on fields, spreads and fragments, and on everything around them, become conditions on
   variables; what can never be included is left out.
3. Fields with one response key are one field, included when one of its occurrences is; each occurrence brings its own
   selections along, under its own conditions.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from graphql import (
    BooleanValueNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    InlineFragmentNode,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    is_abstract_type,
)
from graphql.type import SchemaMetaFieldDef, TypeMetaFieldDef, TypeNameMetaFieldDef

Condition = frozenset[tuple[str, bool]]
"""Variables and the values they must have, all of them."""

ALWAYS: Final[Condition] = frozenset()

_META: Final = {
    "__typename": TypeNameMetaFieldDef,
    "__schema": SchemaMetaFieldDef,
    "__type": TypeMetaFieldDef,
}
_WANTED: Final = {"include": True, "skip": False}


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One place in the document where a field is selected; `position` orders those of one object."""

    node: FieldNode
    when: Condition
    position: int


@dataclass(frozen=True, slots=True)
class Field:
    """A field of one concrete type as the response has it."""

    key: str
    name: str
    type: GraphQLOutputType
    occurrences: tuple[Occurrence, ...]
    below: "Selection | None"  # None: a leaf

    @property
    def node(self) -> FieldNode:
        """Its name and arguments; the same in every occurrence."""
        return self.occurrences[0].node

    def position(self, variables: Mapping[str, Any]) -> int | None:
        """Where it stands among its siblings; None when it is not included."""
        return next((one.position for one in self.occurrences if holds(one.when, variables)), None)


class Selection:
    """The selections under a field, from all its occurrences; `fields` merges them for a concrete type."""

    def __init__(self, source: "Source", parts: Iterable[tuple[SelectionSetNode, Condition]]) -> None:
        self._source = source
        self._parts = tuple(parts)
        self._merged: dict[str, tuple[tuple[Field, ...], bool]] = {}

    def fields(self, type_name: str) -> tuple[Field, ...]:
        """Every field of an object of this type that may be included."""
        return self._of(type_name)[0]

    def included(self, type_name: str, variables: Mapping[str, Any]) -> Iterable[Field]:
        """The fields that are included, in the order of the response."""
        fields, conditional = self._of(type_name)
        if not conditional:
            return fields
        placed = [(position, field) for field in fields if (position := field.position(variables)) is not None]
        return [field for _, field in sorted(placed, key=lambda pair: pair[0])]

    def _of(self, type_name: str) -> tuple[tuple[Field, ...], bool]:
        if type_name not in self._merged:
            fields = tuple(self._source.merge(self._parts, type_name))
            conditional = any(occurrence.when for field in fields for occurrence in field.occurrences)
            self._merged[type_name] = (fields, conditional)
        return self._merged[type_name]


class Source:
    """A validated document over a schema, as selections read it."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode) -> None:
        self._schema = schema
        self._fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }

    def merge(self, parts: Iterable[tuple[SelectionSetNode, Condition]], type_name: str) -> Iterator[Field]:
        """Merge selection sets for a concrete type."""
        object_type = self._schema.type_map[type_name]
        assert isinstance(object_type, GraphQLObjectType)
        groups: dict[str, list[Occurrence]] = {}
        found = (each for selections, when in parts for each in self._walk(selections, when, object_type))
        for position, (node, when) in enumerate(found):
            key = node.alias.value if node.alias else node.name.value
            groups.setdefault(key, []).append(Occurrence(node, when, position))
        for key, occurrences in groups.items():
            name = occurrences[0].node.name.value
            type_ = (_META.get(name) or object_type.fields[name]).type
            below = [(one.node.selection_set, one.when) for one in occurrences if one.node.selection_set is not None]
            yield Field(key, name, type_, tuple(occurrences), Selection(self, below) if below else None)

    def _walk(
        self, selections: SelectionSetNode, given: Condition, type_: GraphQLObjectType
    ) -> Iterator[tuple[FieldNode, Condition]]:
        for node in selections.selections:
            when = _condition(node, given)
            if when is None:
                continue
            if isinstance(node, FieldNode):
                yield node, when
                continue
            fragment = self._fragments[node.name.value] if isinstance(node, FragmentSpreadNode) else node
            assert isinstance(fragment, InlineFragmentNode | FragmentDefinitionNode)
            if self._applies(fragment, type_):
                yield from self._walk(fragment.selection_set, when, type_)

    def _applies(self, fragment: InlineFragmentNode | FragmentDefinitionNode, type_: GraphQLObjectType) -> bool:
        if fragment.type_condition is None:
            return True
        named = self._schema.type_map[fragment.type_condition.name.value]
        return named is type_ or (is_abstract_type(named) and self._schema.is_sub_type(named, type_))


def holds(when: Condition, variables: Mapping[str, Any]) -> bool:
    """Whether a condition holds."""
    return all(variables[name] is value for name, value in when)


def named(type_: GraphQLOutputType) -> str:
    """The name inside lists and non-nulls."""
    return str(get_named_type(type_).name)


def _condition(node: SelectionNode, given: Condition) -> Condition | None:
    """Rule 2 for one selection; None when it can never be included."""
    when = set(given)
    for directive in node.directives or ():
        wanted = _WANTED.get(directive.name.value)
        if wanted is None or not directive.arguments:
            continue
        value = directive.arguments[0].value
        if isinstance(value, BooleanValueNode) and value.value is not wanted:
            return None
        if isinstance(value, VariableNode):
            when.add((value.name.value, wanted))
    return None if any((name, not value) in when for name, value in when) else frozenset(when)
