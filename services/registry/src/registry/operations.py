"""Executing GraphQL operations: parsed and validated once per document, bounded, and with errors fit for clients.

Rules
1. A document is at most `MAX_DOCUMENT` characters and `MAX_TOKENS` tokens. Parsed and validated documents are kept,
   the `CACHED` most recently used ones: validating costs ten times what executing a small query does.
2. A request reads at one moment (`context.py`); whatever happens, its read transaction ends. What it has read of
   restricted data is noted before the answer is released, or there is none.
3. Queries run in lockstep (`execution`); what that does not cover, and whatever has an error in it, graphql-core executes.
4. What is wrong with the request is said as it is; domain errors keep their code, and so does a database that is
   away; anything else becomes "internal error" with an id.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    OperationDefinitionNode,
    OperationType,
    get_operation_ast,
    parse,
    specified_rules,
    validate,
)
from strawberry.extensions import SchemaExtension

from goodstanding.clock import Clock
from registry.access.model import Actor
from registry.context import Context, Services
from registry.database import Database
from registry.errors import Conflict, DomainError, Invalid, NotAllowed, Unavailable
from registry.execution.lockstep import run
from registry.execution.plan import Plan, Unplanned
from registry.graph import RegistrySchema, make_schema
from registry.problems import note, report
from registry.tracing import Spans, no_spans

MAX_DOCUMENT = 20_000  # characters
MAX_TOKENS = 2_000
MAX_ERRORS = 20  # of validation, in one answer
CACHED = 128  # documents; the largest takes 1.2 MB


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document, or what is wrong with it."""

    document: DocumentNode | None
    errors: tuple[GraphQLError, ...] = ()
    plans: dict[str | None, Plan | None] = field(default_factory=dict)  # by operation; None: left to graphql-core


@dataclass(frozen=True, slots=True)
class Answer:
    """The body of an answer, and whether the request could be executed at all."""

    body: dict[str, Any]
    executed: bool


class Operations:
    """The executable subgraph with its cache of documents."""

    def __init__(self, database: Database, clock: Clock, services: Services, span: Spans = no_spans) -> None:
        self._database = database
        self._clock = clock
        self._services = services
        self._span = span
        self._schema: RegistrySchema = make_schema([lambda: _CachedDocument(self._prepared)])
        self._prepared = lru_cache(CACHED)(self._prepare)

    async def run(
        self, query: str, *, actor: Actor, variables: dict[str, Any] | None = None, operation: str | None = None
    ) -> Answer:
        """Execute one operation for an actor."""
        prepared = self._prepared(query)
        if prepared.errors:
            return Answer({"errors": [_shown(error) for error in prepared.errors]}, executed=False)
        chosen = get_operation_ast(prepared.document, operation) if prepared.document else None
        if chosen is None:
            return _refused("The document has several operations, or none of the name given: name one of them.")
        with self._span(_name(chosen)):
            data = await self._in_lockstep(prepared, chosen, operation, actor, variables)
            if data is not None:
                return Answer({"data": data}, executed=True)
            return await self._by_graphql_core(query, chosen, actor, variables, operation)

    async def _in_lockstep(
        self,
        prepared: Prepared,
        chosen: OperationDefinitionNode,
        operation: str | None,
        actor: Actor,
        variables: dict[str, Any] | None,
    ) -> dict[str, Any] | None:
        """The data of an answer without errors, or None (rule 3)."""
        if operation not in prepared.plans:
            prepared.plans[operation] = self._planned(prepared, chosen)
        plan = prepared.plans[operation]
        if plan is None:
            return None
        context = Context(actor, self._database, self._clock, self._services, lockstep=True)
        try:
            await context.believe()
            data = await run(plan, context, variables)
            await self._services.access_log.write(actor, context.notes)
        except Exception:  # noqa: BLE001 - whatever it is, it is said by graphql-core, with its path
            return None
        else:
            return data
        finally:
            await context.close()

    def _planned(self, prepared: Prepared, chosen: OperationDefinitionNode) -> Plan | None:
        assert prepared.document is not None
        try:
            return Plan(self._schema._schema, self._schema.schema_converter, prepared.document, chosen)  # noqa: SLF001 - as below
        except Unplanned:
            return None

    async def _by_graphql_core(
        self,
        query: str,
        chosen: OperationDefinitionNode,
        actor: Actor,
        variables: dict[str, Any] | None,
        operation: str | None,
    ) -> Answer:
        context = Context(actor, self._database, self._clock, self._services)
        try:
            if chosen.operation is OperationType.QUERY:
                await context.believe()
            result = await self._schema.execute(
                query, variable_values=variables, context_value=context, operation_name=operation
            )
            await self._services.access_log.write(actor, context.notes)
        except Unavailable as error:  # before the answer was begun, or when what it shows could not be noted
            return Answer({"data": None, "errors": [_shown(GraphQLError("", original_error=error))]}, executed=True)
        finally:
            await context.close()
        executed = result.data is not None or not _is_request_error(result.errors)
        body: dict[str, Any] = {"data": result.data} if executed else {}
        if result.errors:
            body["errors"] = [_shown(error) for error in result.errors]
        return Answer(body, executed)

    def _prepare(self, query: str) -> Prepared:
        try:
            document = parse(query, max_source_length=MAX_DOCUMENT, max_lexical_tokens=MAX_TOKENS, max_comments=100)
        except GraphQLError as error:
            return Prepared(None, (error,))
        schema = self._schema._schema  # noqa: SLF001 - the library offers no other way to its executable schema
        errors = validate(schema, document, specified_rules, max_errors=MAX_ERRORS)
        return Prepared(document, tuple(errors))


class _CachedDocument(SchemaExtension):
    """Hands the prepared document over, so that it is neither parsed nor validated again."""

    def __init__(self, prepared: Any) -> None:
        self._prepared = prepared

    def on_parse(self) -> Iterator[None]:
        """Instead of parsing."""
        self.execution_context.graphql_document = self._prepared(self.execution_context.query).document
        yield

    def on_validate(self) -> Iterator[None]:
        """Instead of validating."""
        self.execution_context.pre_execution_errors = []
        yield


def _name(operation: OperationDefinitionNode) -> str:
    """Names a span after the acts of a mutation: fields of the schema, and never what a client chose."""
    if operation.operation is not OperationType.MUTATION:
        return "query"
    acts = [node.name.value for node in operation.selection_set.selections if isinstance(node, FieldNode)]
    return f"act {' '.join(acts[:3])}"


def _refused(message: str) -> Answer:
    return Answer({"errors": [_shown(GraphQLError(message))]}, executed=False)


def _is_request_error(errors: list[GraphQLError] | None) -> bool:
    """True when nothing was executed: such errors have no path (GraphQL, section 7.1.2)."""
    return any(error.path is None for error in errors or ())


def _shown(error: GraphQLError) -> dict[str, Any]:
    """An error as clients see it (rule 4)."""
    cause = error.original_error
    while isinstance(cause, GraphQLError):
        cause = cause.original_error
    shown: dict[str, Any] = dict(error.formatted)
    if isinstance(cause, DomainError):
        return shown | {"message": cause.message, "extensions": _extensions(cause)}
    if isinstance(cause, Unavailable):
        note(cause)
        return shown | {"message": cause.message, "extensions": {"code": cause.code}}
    if cause is None:
        return shown | {"extensions": {"code": "BAD_REQUEST"}}
    error_id = report(cause)
    message = f"Internal error. Please quote {error_id} when you report it."
    return shown | {"message": message, "extensions": {"code": "INTERNAL", "errorId": error_id}}


def _extensions(error: DomainError) -> dict[str, Any]:
    more: dict[str, Any] = {"code": error.code}
    if isinstance(error, Invalid) and error.field is not None:
        more["field"] = error.field
    elif isinstance(error, NotAllowed):
        more["allowedActs"] = list(error.allowed_acts)
    elif isinstance(error, Conflict) and error.blocked_by is not None:
        more["blockedBy"] = error.blocked_by
    return more
