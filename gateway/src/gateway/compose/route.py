"""The way of an operation: parsed and validated once, then sent whole to the one subgraph that owns its root fields.

Rules
1. Bounds on the document come before validation (`guards.limits`), validation before anything is asked of anyone.
2. `__schema` and `__type` are answered here; `__typename` belongs to nobody and goes along.
3. Root fields of several owners, or of an owner and introspection, are refused: NOT_COMPOSED.
4. `@skip` and `@include` do not change who owns a field.
5. A document with several operations is cut down to the one that runs: its owner need not know the others.

What was found out about a document is kept, refusals too, by document and operation name, in a bounded cache.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    parse,
    print_ast,
    validate,
)
from graphql.utilities import separate_operations

from gateway.compose.schema import Composition
from gateway.guards.limits import DocumentLimits, excess

HERE: Final = "gateway"
"""The owner of introspection."""

CACHED: Final = 1_000
CACHED_LENGTH: Final = 16 * 1024
"""Longer documents are planned each time: the cache stays below 16 MB of text."""

MAX_ERRORS: Final = 20
_INTROSPECTION = frozenset({"__schema", "__type"})


@dataclass(frozen=True, slots=True)
class Plan:
    """Who answers an operation, and the document to send."""

    owner: str
    operation: OperationType
    document: DocumentNode
    text: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an operation is not run; errors as GraphQL formats them."""

    errors: tuple[dict[str, Any], ...]


class Router:
    """Plans operations over one composition."""

    def __init__(self, composition: Composition, limits: DocumentLimits, *, introspection: bool = True) -> None:
        self.composition = composition
        self._limits = limits
        self._introspection = introspection
        self._cached = lru_cache(maxsize=CACHED)(self._plan)

    def plan(self, document: str, operation_name: str | None) -> Plan | Refusal:
        """Plan one operation of a document."""
        if len(document) > CACHED_LENGTH:
            return self._plan(document, operation_name)
        return self._cached(document, operation_name)

    def _plan(self, text: str, operation_name: str | None) -> Plan | Refusal:
        try:
            document = parse(text, max_tokens=self._limits.tokens)
            if too_much := excess(document, self._limits):
                return _refusal("TOO_LARGE", too_much)
            return self._planned(document, text, operation_name)
        except GraphQLSyntaxError as error:
            return Refusal((_formatted(error, "GRAPHQL_PARSE_FAILED"),))
        except RecursionError:
            return _refusal("TOO_LARGE", "the document is nested too deeply")

    def _planned(self, document: DocumentNode, text: str, operation_name: str | None) -> Plan | Refusal:
        operation = _operation(document, operation_name)
        if isinstance(operation, Refusal):
            return operation
        if operation.operation is OperationType.SUBSCRIPTION:
            return _refusal("SUBSCRIPTIONS_NOT_SUPPORTED", "subscriptions are not offered; ask again with a query")
        if errors := validate(self.composition.schema, document, max_errors=MAX_ERRORS):
            return Refusal(tuple(_formatted(error, "GRAPHQL_VALIDATION_FAILED") for error in errors))
        owner = self._owner(document, operation)
        if isinstance(owner, Refusal):
            return owner
        if sum(isinstance(definition, OperationDefinitionNode) for definition in document.definitions) > 1:
            document = separate_operations(document)[operation.name.value if operation.name else ""]
            text = print_ast(document)
        return Plan(owner, operation.operation, document, text)

    def _owner(self, document: DocumentNode, operation: OperationDefinitionNode) -> str | Refusal:
        root = operation.operation.value
        owners: dict[str, str] = {}  # owner -> the first of its fields
        for field in dict.fromkeys(_root_fields(document, operation.selection_set)):
            if field != "__typename":
                owner = HERE if field in _INTROSPECTION else self.composition.owners[root, field]
                owners.setdefault(owner, field)
        if HERE in owners and not self._introspection:
            return _refusal("INTROSPECTION_OFF", "this gateway does not describe its schema")
        if len(owners) > 1:
            fields = " and ".join(sorted(owners.values()))
            message = f"{fields} are answered by different services and cannot be asked in one operation yet; ask twice"
            return _refusal("NOT_COMPOSED", message)
        return next(iter(owners), HERE)


def _operation(document: DocumentNode, name: str | None) -> OperationDefinitionNode | Refusal:
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    if name is not None:
        operations = [node for node in operations if node.name is not None and node.name.value == name]
    if len(operations) == 1:
        return operations[0]
    if name is not None:
        return _refusal("OPERATION_RESOLUTION_FAILURE", f"the document has no single operation named {name[:100]!r}")
    return _refusal("OPERATION_RESOLUTION_FAILURE", "send a document with one operation, or name one as operationName")


def _root_fields(document: DocumentNode, selections: SelectionSetNode) -> Iterator[str]:
    """Names of the root fields, through fragments; each fragment is entered once."""
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    waiting, entered = [selections], set[str]()
    while waiting:
        for selection in waiting.pop().selections:
            if isinstance(selection, FieldNode):
                yield selection.name.value
            elif isinstance(selection, FragmentSpreadNode):
                if (name := selection.name.value) not in entered:
                    entered.add(name)
                    waiting.append(fragments[name].selection_set)
            elif (inner := getattr(selection, "selection_set", None)) is not None:
                waiting.append(inner)


def _refusal(code: str, message: str) -> Refusal:
    return Refusal(({"message": message, "extensions": {"code": code}},))


def _formatted(error: GraphQLError, code: str) -> dict[str, Any]:
    return {**error.formatted, "extensions": {"code": code}}
