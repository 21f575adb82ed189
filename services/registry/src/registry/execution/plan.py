"""Planning a query: what to call for each field of a selection, and how to finish what comes back.

A plan is made of the executable schema and one operation, and is used for every request with that document. It covers
queries over Strawberry's fields; whatever it does not cover raises `Unplanned`, and graphql-core executes it instead.

Rules
1. Field merging and fragments follow GraphQL, section 6.3.2 (CollectFields). A selection is planned when the first
   object reaches it, and once for the same fields on the same type, so that fragments within fragments stay small.
2. `@skip` and `@include` with variables are decided for each request.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from types import CoroutineType
from typing import Any

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLEnumType,
    GraphQLField,
    GraphQLIncludeDirective,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    GraphQLSkipDirective,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
    get_argument_values,
    get_directive_values,
    is_abstract_type,
    is_leaf_type,
)
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.arguments import convert_arguments
from strawberry.types.field import StrawberryField

Finish = Callable[[Any, Any, Any, Any], None]
"""Puts a finished value in its place: (run, value, container, key)."""


class Unplanned(Exception):
    """Nothing a plan covers, or an answer with an error in it: graphql-core executes the operation instead."""


Condition = tuple[DirectiveNode, bool]
"""`@skip` or `@include` with a variable, and what its `if` must be for the field to be there."""


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """One field of a selection; `arguments` is None where they depend on variables."""

    key: str  # in the answer
    node: FieldNode
    definition: GraphQLField
    call: Callable[..., Any]
    basic: bool  # `call` takes the parent alone
    arguments: Mapping[str, Any] | None
    finish: Finish
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """The fields selected on objects of one type; where it `varies`, variables decide which are there."""

    fields: tuple[Field, ...]
    keys: Mapping[str, Any]  # in order; the value of `__typename`, None for fields
    varies: bool

    def among(self, fields: Sequence[Field]) -> dict[str, Any]:
        """An answer with nothing in it yet, where only these fields are there."""
        there = {one.key for one in fields}
        return {key: value for key, value in self.keys.items() if value is not None or key in there}


@dataclass(slots=True)
class _Collected:
    """The nodes of one key of the answer."""

    nodes: list[FieldNode] = field(default_factory=list)
    conditions: tuple[Condition, ...] = ()


class Plan:
    """The plan of one operation of a document."""

    def __init__(
        self,
        schema: GraphQLSchema,
        converter: GraphQLCoreConverter,
        document: DocumentNode,
        operation: OperationDefinitionNode,
    ) -> None:
        if operation.operation is not OperationType.QUERY or schema.query_type is None:
            raise Unplanned
        self.schema = schema
        self.operation = operation
        self._converter = converter
        self._fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
        self._document = document  # keeps the nodes that the places below are made of
        self._selections: dict[tuple[int, ...], Selection] = {}
        self.root = self.selection([operation.selection_set], schema.query_type)

    def selection(self, sets: Sequence[SelectionSetNode], type_: GraphQLObjectType) -> Selection:
        """What these selection sets select on a type (rule 1)."""
        place = (id(type_), *map(id, sets))
        if place not in self._selections:
            self._selections[place] = self._planned(sets, type_)
        return self._selections[place]

    def arguments(self, one: Field, variables: Any) -> Mapping[str, Any]:
        """The arguments of a field as its resolver takes them. GraphQLError for what does not fit."""
        return self._arguments(one.node, one.definition, variables)

    def _planned(self, sets: Sequence[SelectionSetNode], type_: GraphQLObjectType) -> Selection:
        collected: dict[str, _Collected] = {}
        seen: dict[str, bool] = {}
        for some in sets:
            self._collect(some, type_, (), collected, seen)
        fields, constants = [], {}
        for key, found in collected.items():
            if found.nodes[0].name.value == "__typename":
                if found.conditions:
                    raise Unplanned
                constants[key] = type_.name
            else:
                fields.append(self._field(key, found, type_))
        keys = {key: constants.get(key) for key in collected}
        return Selection(tuple(fields), keys, any(one.conditions for one in fields))

    def _collect(
        self,
        selections: SelectionSetNode,
        type_: GraphQLObjectType,
        conditions: tuple[Condition, ...],
        collected: dict[str, _Collected],
        seen: dict[str, bool],  # fragments, and whether conditions decide over them
    ) -> None:
        for node in selections.selections:
            own = _conditions(node)
            if own is None:
                continue
            held = conditions + own
            if isinstance(node, FieldNode):
                key = node.alias.value if node.alias else node.name.value
                known = collected.setdefault(key, _Collected(conditions=held))
                if known.nodes and (held or known.conditions):
                    raise Unplanned  # one key under several conditions
                known.nodes.append(node)
                continue
            if isinstance(node, FragmentSpreadNode):
                name = node.name.value
                if seen.get(name):
                    raise Unplanned  # its keys under several conditions; looked into once more each time, it would not end
                if name in seen:
                    continue
                seen[name] = bool(held)
                fragment: Any = self._fragments[node.name.value]
            else:
                assert isinstance(node, InlineFragmentNode)
                fragment = node
            if self._applies(fragment, type_):
                self._collect(fragment.selection_set, type_, held, collected, seen)

    def _applies(self, fragment: FragmentDefinitionNode | InlineFragmentNode, type_: GraphQLObjectType) -> bool:
        if fragment.type_condition is None:
            return True
        named = self.schema.get_type(fragment.type_condition.name.value)
        return named is type_ or (is_abstract_type(named) and self.schema.is_sub_type(named, type_))

    def _field(self, key: str, found: _Collected, type_: GraphQLObjectType) -> Field:
        node = found.nodes[0]
        definition = type_.fields.get(node.name.value)
        if definition is None:
            raise Unplanned  # introspection
        call, basic = _called(definition)
        sets = [one.selection_set for one in found.nodes if one.selection_set is not None]
        constant = not _varies(node)
        return Field(
            key,
            node,
            definition,
            call,
            basic,
            self._arguments(node, definition, None) if constant else None,
            self._finish(definition.type, sets),
            found.conditions,
        )

    def _arguments(self, node: FieldNode, definition: GraphQLField, variables: Any) -> Mapping[str, Any]:
        if not definition.args:
            return {}
        made = get_argument_values(definition, node, variables)
        return convert_arguments(
            made,
            _strawberry(definition).arguments,
            scalar_registry=self._converter.scalar_registry,
            config=self._converter.config,
        )

    def _finish(self, type_: GraphQLOutputType, sets: list[SelectionSetNode]) -> Finish:
        if isinstance(type_, GraphQLNonNull):
            return _not_null(self._finish(type_.of_type, sets))
        if isinstance(type_, GraphQLList):
            return _list(self._finish(type_.of_type, sets))
        if is_leaf_type(type_):
            return _enum(type_) if isinstance(type_, GraphQLEnumType) else _leaf(type_.serialize)
        return self._object(type_, sets)

    def _object(self, type_: Any, sets: list[SelectionSetNode]) -> Finish:
        """Objects are finished with what is selected on their own type, whichever of an abstract one it is."""
        by_class: dict[type, Selection] = {}

        def finish(run: Any, value: Any, into: Any, key: Any) -> None:
            if value is None:
                into[key] = None
                return
            selection = by_class.get(value.__class__)
            if selection is None:
                selection = by_class[value.__class__] = self.selection(sets, self._concrete(type_, value))
            into[key] = run.begin(selection, value)

        return finish

    def _concrete(self, type_: Any, value: Any) -> GraphQLObjectType:
        definition = getattr(value.__class__, "__strawberry_definition__", None)
        if definition is None:
            raise Unplanned
        named = self.schema.get_type(self._converter.config.name_converter.from_type(definition))
        if not isinstance(named, GraphQLObjectType):
            raise Unplanned
        if named is not type_ and not (is_abstract_type(type_) and self.schema.is_sub_type(type_, named)):
            raise Unplanned
        return named


def _strawberry(definition: GraphQLField) -> StrawberryField:
    found = definition.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    if not isinstance(found, StrawberryField):
        raise Unplanned
    return found


def _called(definition: GraphQLField) -> tuple[Callable[..., Any], bool]:
    """What to call for a field, and whether it takes the parent alone."""
    known = _strawberry(definition)
    if known.extensions or known.permission_classes:
        raise Unplanned
    resolver = known.base_resolver
    if resolver is None:
        return attrgetter(known.python_name), True
    function, info = resolver.wrapped_func, resolver.info_parameter
    if resolver.root_parameter or resolver.parent_parameter or not callable(function):
        raise Unplanned
    takes_self = resolver.self_parameter is not None and not inspect.ismethod(function)
    if info is not None and info.name != "info":
        raise Unplanned
    if takes_self:
        return (function if info is not None else _without_info(function)), False
    if info is not None:
        return (lambda _, info, **arguments: function(info=info, **arguments)), False
    return (lambda _, info, **arguments: function(**arguments)), False  # noqa: ARG005 - called like any other


def _without_info(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda parent, info, **arguments: function(parent, **arguments)  # noqa: ARG005 - called like any other


def _conditions(node: Any) -> tuple[Condition, ...] | None:
    """The conditions of a selection that variables decide; None where it is left out in any case."""
    found: list[Condition] = []
    for directive in node.directives or ():
        for known, wanted in ((GraphQLSkipDirective, False), (GraphQLIncludeDirective, True)):
            if directive.name.value != known.name:
                continue
            if any(isinstance(argument.value, VariableNode) for argument in directive.arguments):
                found.append((directive, wanted))
            elif (get_directive_values(known, node) or {}).get("if") is not wanted:
                return None
    return tuple(found)


def _varies(node: FieldNode) -> bool:
    """True when an argument depends on a variable."""
    waiting: list[Any] = [argument.value for argument in node.arguments or ()]
    while waiting:
        value = waiting.pop()
        if isinstance(value, VariableNode):
            return True
        waiting += getattr(value, "values", None) or ()
        waiting += [entry.value for entry in getattr(value, "fields", None) or ()]
    return False


def _not_null(finish: Finish) -> Finish:
    def finished(run: Any, value: Any, into: Any, key: Any) -> None:
        if value is None:
            raise Unplanned  # an error with a path: graphql-core says it
        finish(run, value, into, key)

    return finished


def _list(finish: Finish) -> Finish:
    def finished(run: Any, value: Any, into: Any, key: Any) -> None:
        if value is None:
            into[key] = None
            return
        if not isinstance(value, list | tuple):
            raise Unplanned
        made = into[key] = [None] * len(value)
        for at, item in enumerate(value):
            if isinstance(item, CoroutineType):
                run.wait(item, finish, made, at)
            else:
                finish(run, item, made, at)

    return finished


def _leaf(serialize: Callable[[Any], Any]) -> Finish:
    def finished(_: Any, value: Any, into: Any, key: Any) -> None:
        into[key] = None if value is None else serialize(value)

    return finished


def _enum(type_: GraphQLEnumType) -> Finish:
    known: dict[Any, Any] = {}

    def finished(_: Any, value: Any, into: Any, key: Any) -> None:
        if value is None:
            into[key] = None
            return
        if value not in known:
            known[value] = type_.serialize(value)
        into[key] = known[value]

    return finished
