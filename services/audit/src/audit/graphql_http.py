"""GraphQL over HTTP for the subgraph (GraphQL-over-HTTP draft, POST with JSON). Everything it answers is public."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field
from strawberry.federation import Schema
from strawberry.types import ExecutionResult

from audit.loaders import GraphContext
from audit.requests import parse, read_body
from audit.service import Log

MAX_REQUEST_BYTES = 256 * 1024
FREE_OF_ERRORS = {"GraphQL-Errors": "none"}
_RESPONSE = "application/graphql-response+json"


class GraphRequest(BaseModel):
    """A GraphQL request; other members are ignored, as the specification asks."""

    model_config = ConfigDict(strict=True)

    query: str
    variables: dict[str, Any] | None = None
    operation_name: str | None = Field(default=None, alias="operationName")


def routes(log: Log, schema: Schema) -> APIRouter:
    """Return the route of the subgraph."""
    router = APIRouter()

    @router.post("/graphql")
    async def graphql(request: Request) -> Response:
        asked = parse(GraphRequest, await read_body(request, MAX_REQUEST_BYTES))
        result = await schema.execute(
            asked.query,
            variable_values=asked.variables,
            context_value=GraphContext(log),
            operation_name=asked.operation_name,
        )
        assert isinstance(result, ExecutionResult)
        modern = _RESPONSE in request.headers.get("accept", "")
        return _response(result, modern=modern)

    return router


def _response(result: ExecutionResult, *, modern: bool) -> Response:
    """Answer in the newer media type when asked for it; only that one says by status that nothing was executed.

    An answer without errors says so in a header, so that a gateway can pass it on unread.
    """
    content: dict[str, Any] = {}
    if result.errors:
        content["errors"] = [error.formatted for error in result.errors]
    executed = result.data is not None or not result.errors
    if executed:
        content["data"] = result.data
    status = 400 if modern and not executed else 200
    headers = {} if result.errors else FREE_OF_ERRORS
    return JSONResponse(content, status, headers, media_type=_RESPONSE if modern else "application/json")
