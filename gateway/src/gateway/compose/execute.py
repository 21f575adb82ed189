"""Running what was prepared: variables, fetches, completion."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import get_variable_values

from gateway.compose.complete import Completion
from gateway.compose.fetch import Request, Run
from gateway.compose.prepare import MAX_ERRORS, Preparation, Prepared, Refusal, formatted, refusal
from gateway.compose.schema import HERE, Composition
from gateway.compose.services import Introspection, Service
from gateway.guards.limits import DocumentLimits


@dataclass(frozen=True, slots=True)
class Operation:
    """What a client sent: document, the operation's name, variables."""

    query: str
    name: str | None = None
    variables: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """A GraphQL response, encoded already where it is passed on as a service gave it.

    `ran` is False when nothing was executed: the request itself is at fault. `failed`: a service did not answer, and
    nothing is left of the data.
    """

    payload: dict[str, Any] | bytes
    ran: bool = True
    failed: bool = False


class Executor:
    """Answers operations over one composition."""

    def __init__(
        self,
        composition: Composition,
        services: Mapping[str, Service],
        limits: DocumentLimits,
        *,
        introspection: bool = True,
    ) -> None:
        self.composition = composition
        self._preparation = Preparation(composition, limits, introspection=introspection)
        self._services = {**services, HERE: Introspection(composition.schema)}

    def prepare(self, operation: Operation) -> Prepared | Refusal:
        """Plan an operation, or say why it is not run."""
        return self._preparation.prepare(operation.query, operation.name)

    async def run(self, prepared: Prepared, operation: Operation, authorization: str | None) -> Response:
        """Answer a prepared operation."""
        sent = operation.variables or {}
        coerced = self._coerced(prepared, sent)
        if isinstance(coerced, Refusal):
            return refused(coerced)
        run = Run(prepared.plan, self._services, Request(sent, coerced, authorization))
        raw = await run.run()
        if raw is not None:
            return Response(raw)
        payload = Completion(self.composition, prepared.plan, run.faults, coerced).payload(run.data)
        return Response(payload, failed=run.failed and payload["data"] is None)

    def _coerced(self, prepared: Prepared, sent: Mapping[str, Any]) -> Mapping[str, Any] | Refusal:
        """The variables' values (GraphQL section 6.1.2), for conditions; services get what was sent."""
        declared = prepared.plan.definition.variable_definitions or ()
        values = get_variable_values(self.composition.schema, declared, dict(sent), max_errors=MAX_ERRORS)
        if isinstance(values, list):
            return Refusal(tuple(formatted(error, "BAD_USER_INPUT") for error in values))
        for name in prepared.switches:
            if not isinstance(values.coerced.get(name), bool):
                return refusal("BAD_USER_INPUT", f"the variable ${name} decides what is included; it must not be null")
        return values.coerced


def refused(refusal_: Refusal) -> Response:
    """The response to an operation that was not run."""
    return Response({"errors": list(refusal_.errors)}, ran=False)
