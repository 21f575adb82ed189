"""GraphQL over HTTP (GraphQL-over-HTTP, working draft): `/graphql`.

1. The answer's media type is what Accept prefers of `application/graphql-response+json` and `application/json`; 406
   for anything else. Without an Accept header it is `application/json`.
2. POST carries one JSON object [415, 400], at most 1 MB, counted before it is parsed [413]. A list is a batch: 400.
3. GET carries query, variables and operationName as parameters, and never a mutation [405].
4. A token is verified before the document is looked at [401].
5. A request that ran answers 200. One that did not answers 400 as `application/graphql-response+json`; as
   `application/json` it answers 200, but 400 when it was not a GraphQL request at all.
"""

import json
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from graphql import OperationType

from gateway.compose.execute import Operation, refused
from gateway.compose.execute import Response as GraphQLResponse
from gateway.compose.prepare import Refusal
from gateway.compose.subgraphs import Supergraph
from gateway.faces.graphiql import Graphiql
from gateway.faces.graphql_request import BadRequest, from_body, from_query
from gateway.guards.tokens import Guard
from gateway.problems import problem

MODERN: Final = "application/graphql-response+json"
CLASSIC: Final = "application/json"


def routes(supergraph: Supergraph, guard: Guard, *, graphiql: bool) -> APIRouter:
    """The GraphQL endpoint."""
    router = APIRouter()
    page = Graphiql() if graphiql else None

    @router.api_route("/graphql", methods=["GET", "POST"], include_in_schema=False)
    async def graphql(request: Request) -> Response:
        if page and request.method == "GET" and "query" not in request.query_params and _is_browser(request):
            return page.response()
        media_type = accepted(request.headers.get("accept"))
        if media_type is None:
            return problem(406, "Not acceptable", f"GraphQL answers are {MODERN} or {CLASSIC}; accept one of them")
        authorization = request.headers.get("authorization")
        await guard.caller(authorization)
        try:
            operation = from_query(request) if request.method == "GET" else await from_body(request)
            return _answer(await _run(supergraph, operation, request.method, authorization), media_type)
        except BadRequest as error:
            payload = {"errors": [{"message": str(error), "extensions": {"code": error.code}}]}
            return GraphQLJson(payload, error.status, {**_NO_STORE, **error.headers}, media_type=media_type)

    return router


_NO_STORE = {"Cache-Control": "no-store"}


async def _run(supergraph: Supergraph, operation: Operation, method: str, authorization: str | None) -> GraphQLResponse:
    executor = supergraph.executor
    if executor is None:
        message = "the services have not been composed yet; try again shortly"
        raise BadRequest(503, message, code="NOT_READY", headers={"Retry-After": "2"})
    prepared = executor.prepare(operation)
    if isinstance(prepared, Refusal):
        return refused(prepared)
    if method == "GET" and prepared.plan.operation is not OperationType.QUERY:
        raise BadRequest(405, "only queries can be sent with GET; send this with POST", headers={"Allow": "POST"})
    return await executor.run(prepared, operation, authorization)


def _answer(response: GraphQLResponse, media_type: str) -> Response:
    status = 400 if media_type == MODERN and not response.ran else 200
    if response.failed:
        status = 502
    if isinstance(response.payload, bytes):
        return Response(response.payload, status, _NO_STORE, media_type)
    return GraphQLJson(response.payload, status, _NO_STORE, media_type=media_type)


class GraphQLJson(JSONResponse):
    """JSON that can be sent whatever a client or a service put into it: a lone surrogate becomes a question mark."""

    def render(self, content: Any) -> bytes:
        """Encode the content."""
        return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def accepted(accept: str | None) -> str | None:
    """The media type to answer with (rule 1), None when neither is accepted."""
    if accept is None or not accept.strip():
        return CLASSIC
    ranks: dict[str, float] = {}
    for part in accept.split(","):
        name, *parameters = (item.strip().lower() for item in part.split(";"))
        ranks[name] = next((_quality(item) for item in parameters if item.startswith("q=")), 1.0)
    anything = max(ranks.get("*/*", 0.0), ranks.get("application/*", 0.0))
    modern, classic = ranks.get(MODERN, 0.0), ranks.get(CLASSIC, anything)
    if max(modern, classic) <= 0:
        return None
    return MODERN if modern >= classic else CLASSIC


def _quality(item: str) -> float:
    try:
        return float(item.removeprefix("q="))
    except ValueError:
        return 0.0


def _is_browser(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "")
