"""The way of an operation to its plan: parsed, bounded, validated and planned once.

Rules
1. Bounds on the document come before validation (`guards.limits`), validation before anything is asked of anyone.
2. A document with several operations is cut down to the one that runs.
3. Subscriptions are not offered; introspection is where the setting says so.
4. A document holds no control characters but tab and line ends (GraphQL section 2.1.1).
5. What was found out about a document is kept, refusals too, by document and operation name, in a bounded cache.
"""

import re
from dataclasses import dataclass
from typing import Any, Final

from graphql import (
    DirectiveNode,
    DocumentNode,
    GraphQLError,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    OperationType,
    VariableNode,
    Visitor,
    parse,
    print_ast,
    validate,
    visit,
)
from graphql.utilities import separate_operations

from gateway.compose.cache import LastUsed
from gateway.compose.document import TooLarge
from gateway.compose.plan import Plan, plan
from gateway.compose.schema import HERE, Composition
from gateway.guards.limits import DocumentLimits, excess

CACHED: Final = 60_000
"""Weight of what is kept: a field asked for, or ten characters of a document, is 1 and about a kilobyte."""

MAX_ERRORS: Final = 20

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


@dataclass(frozen=True, slots=True)
class Prepared:
    """An operation that can be run; `switches` are the variables that `@skip` and `@include` read."""

    plan: Plan
    switches: frozenset[str]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an operation is not run; errors as GraphQL formats them."""

    errors: tuple[dict[str, Any], ...]


class Preparation:
    """Prepares operations over one composition."""

    def __init__(self, composition: Composition, limits: DocumentLimits, *, introspection: bool = True) -> None:
        self._composition = composition
        self._limits = limits
        self._introspection = introspection
        self._cache: LastUsed[Prepared | Refusal] = LastUsed(CACHED)

    def prepare(self, document: str, operation_name: str | None) -> Prepared | Refusal:
        """Prepare one operation of a document."""
        key = (document, operation_name)
        found = self._cache.get(key)
        if found is None:
            found = self._prepare(document, operation_name)
            fields = found.plan.size if isinstance(found, Prepared) else 0
            self._cache.keep(key, found, 1 + fields + len(document) // 10)
        return found

    def _prepare(self, text: str, operation_name: str | None) -> Prepared | Refusal:
        if _CONTROL.search(text):
            return refusal("GRAPHQL_PARSE_FAILED", "the document holds a control character; write it as an escape")
        try:
            document = parse(text, max_tokens=self._limits.tokens)
            if too_much := excess(document, self._limits):
                return refusal("TOO_LARGE", too_much)
            return self._planned(document, text, operation_name)
        except GraphQLSyntaxError as error:
            return Refusal((formatted(error, "GRAPHQL_PARSE_FAILED"),))
        except RecursionError:
            return refusal("TOO_LARGE", "the document is nested too deeply")
        except TooLarge:
            return refusal(
                "TOO_LARGE", "the operation asks for too many fields of too many types; ask for less at once"
            )

    def _planned(self, document: DocumentNode, text: str, operation_name: str | None) -> Prepared | Refusal:
        operation = _operation(document, operation_name)
        if isinstance(operation, Refusal):
            return operation
        if operation.operation is OperationType.SUBSCRIPTION:
            return refusal("SUBSCRIPTIONS_NOT_SUPPORTED", "subscriptions are not offered; ask again with a query")
        if errors := validate(self._composition.schema, document, max_errors=MAX_ERRORS):
            return Refusal(tuple(formatted(error, "GRAPHQL_VALIDATION_FAILED") for error in errors))
        if sum(isinstance(definition, OperationDefinitionNode) for definition in document.definitions) > 1:
            document = separate_operations(document)[operation.name.value if operation.name else ""]
            text = print_ast(document)
        planned = plan(self._composition, document, operation, text)
        if not self._introspection and any(fetch.subgraph == HERE for fetch in planned.fetches):
            return refusal("INTROSPECTION_OFF", "this gateway does not describe its schema")
        return Prepared(planned, _switches(document))


def refusal(code: str, message: str) -> Refusal:
    """A refusal with one error."""
    return Refusal(({"message": message, "extensions": {"code": code}},))


def formatted(error: GraphQLError, code: str) -> dict[str, Any]:
    """An error of graphql-core with a code for programs."""
    return {**error.formatted, "extensions": {"code": code}}


def _operation(document: DocumentNode, name: str | None) -> OperationDefinitionNode | Refusal:
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    if name is not None:
        operations = [node for node in operations if node.name is not None and node.name.value == name]
    if len(operations) == 1:
        return operations[0]
    if name is not None:
        return refusal("OPERATION_RESOLUTION_FAILURE", f"the document has no single operation named {name[:100]!r}")
    return refusal("OPERATION_RESOLUTION_FAILURE", "send a document with one operation, or name one as operationName")


def _switches(document: DocumentNode) -> frozenset[str]:
    found: set[str] = set()

    class Find(Visitor):
        def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
            if node.name.value in ("skip", "include"):
                values = (argument.value for argument in node.arguments or ())
                found.update(value.name.value for value in values if isinstance(value, VariableNode))

    visit(document, Find())
    return frozenset(found)
