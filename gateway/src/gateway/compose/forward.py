"""Running a plan: here, in the local subgraph, or at a service, to which the operation goes whole.

1. Nothing is sent twice: a mutation that may have arrived is not repeated.
2. A service's answer counts when it is a GraphQL response of bounded size; anything else becomes UPSTREAM_FAILED.
3. Of a service's errors only message, place, path and `extensions.code` go on to the client.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import structlog
from graphql import ExecutionResult, execute_sync
from strawberry.federation import Schema

from gateway.compose.route import HERE, Plan, Refusal, Router
from gateway.upstream import Answer, UpstreamError, Upstreams, read
from gateway.verification.graph import Context

MAX_ANSWER: Final = 8 * 1024 * 1024
VERIFICATION: Final = "verification"

_MEDIA_TYPES = ("application/json", "application/graphql-response+json")
_UNAVAILABLE = "The service that answers this is not available; try again shortly."

_log = structlog.get_logger("gateway.compose")


@dataclass(frozen=True, slots=True)
class Operation:
    """What a client sent: document, the operation's name, variables."""

    query: str
    name: str | None = None
    variables: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """A GraphQL response. `ran` is False when nothing was executed: the request itself is at fault."""

    payload: dict[str, Any]
    ran: bool = True
    failed: bool = False  # a service behind the gateway did not answer


class Executor:
    """Runs planned operations."""

    def __init__(self, router: Router, upstreams: Upstreams, local: Schema, context: Context) -> None:
        self.router = router
        self._upstreams = upstreams
        self._local = local
        self._context = context

    async def run(self, plan: Plan, operation: Operation, authorization: str | None) -> Response:
        """Answer an operation by its plan."""
        if plan.owner == HERE:
            return self._introspect(plan, operation)
        if plan.owner == VERIFICATION:
            return await self._verify(plan, operation)
        return await self._forward(plan, operation, authorization)

    def _introspect(self, plan: Plan, operation: Operation) -> Response:
        variables = dict(operation.variables or {})
        schema = self.router.composition.schema
        result = execute_sync(schema, plan.document, variable_values=variables, operation_name=operation.name)
        return local_response(result)

    async def _verify(self, plan: Plan, operation: Operation) -> Response:
        variables = None if operation.variables is None else dict(operation.variables)
        result = await self._local.execute(
            plan.text, variable_values=variables, context_value=self._context, operation_name=operation.name
        )
        return local_response(ExecutionResult(result.data, result.errors))

    async def _forward(self, plan: Plan, operation: Operation, authorization: str | None) -> Response:
        request: dict[str, Any] = {"query": plan.text}
        if operation.variables is not None:
            request["variables"] = operation.variables
        if operation.name is not None:
            request["operationName"] = operation.name
        headers = {"Content-Type": "application/json", "Accept": "application/graphql-response+json, application/json"}
        if authorization is not None:
            headers["Authorization"] = authorization
        try:
            answer = await read(
                self._upstreams.named(plan.owner),
                "/graphql",
                method="POST",
                headers=headers,
                content=json.dumps(request).encode(),
                limit=MAX_ANSWER,
            )
            return forwarded_response(answer)
        except UpstreamError as error:
            _log.warning("upstream failed", owner=plan.owner, error=str(error)[:300])
            return Response(_failure("UPSTREAM_FAILED", _UNAVAILABLE), failed=True)


def refused(refusal: Refusal) -> Response:
    """The response to an operation that was not planned."""
    return Response({"errors": list(refusal.errors)}, ran=False)


def local_response(result: ExecutionResult) -> Response:
    """The response to an operation executed in this process; the subgraph has masked what is not for the client."""
    errors = [error.formatted for error in result.errors or ()]
    return _response(result.data, [dict(error) for error in errors])


def forwarded_response(answer: Answer) -> Response:
    """Read a service's answer (rules 2 and 3); UpstreamError when it is no GraphQL response."""
    if answer.media_type not in _MEDIA_TYPES:
        raise UpstreamError(f"it answered {answer.status} with {answer.media_type or 'no media type'}")
    try:
        body = json.loads(answer.body)
    except (ValueError, RecursionError) as error:
        raise UpstreamError(f"it answered {answer.status} and no JSON") from error
    if not isinstance(body, dict) or not (body.get("data") is not None or body.get("errors")):
        raise UpstreamError(f"it answered {answer.status} with neither data nor errors")
    data, errors = body.get("data"), body.get("errors") or []
    if not isinstance(data, dict | None) or not isinstance(errors, list):
        raise UpstreamError("its answer has data or errors of another shape")
    return _response(data, [_scrubbed(error) for error in errors])


def _response(data: dict[str, Any] | None, errors: list[dict[str, Any]]) -> Response:
    if data is None and all("path" not in error for error in errors):
        # About the request: variables that do not fit, as validation without their values could not know.
        return Response({"errors": [{"extensions": {"code": "BAD_USER_INPUT"}} | error for error in errors]}, ran=False)
    return Response({"data": data, "errors": errors} if errors else {"data": data})


def _scrubbed(error: Any) -> dict[str, Any]:
    if not isinstance(error, dict) or not isinstance(error.get("message"), str):
        raise UpstreamError("its answer has an error without a message")
    kept = {name: error[name] for name in ("message", "locations", "path") if error.get(name) is not None}
    extensions = error.get("extensions")
    code = extensions.get("code") if isinstance(extensions, dict) else None
    return {**kept, "extensions": {"code": code}} if isinstance(code, str) else kept


def _failure(code: str, message: str) -> dict[str, Any]:
    return {"errors": [{"message": message, "extensions": {"code": code}}]}
