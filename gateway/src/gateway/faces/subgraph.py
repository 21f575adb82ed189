"""`/subgraphs/verification`: the edge as a federation subgraph over HTTP, for a stock router in place of our composing.

1. Without the setting GOODSTANDING_SUBGRAPH_TOKEN there is nothing here [404]. With it, callers send it as a bearer
   token [401]: a router, which has already let its own caller in.
2. Requests and answers are those of `/graphql`, POST only; a document has the same bounds, and `_service` is answered.
"""

import hmac
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from graphql import GraphQLError, GraphQLSyntaxError, parse

from gateway.compose.execute import Operation
from gateway.faces.graphql import MODERN, GraphQLJson, accepted
from gateway.faces.graphql_request import BadRequest, from_body
from gateway.guards.limits import DocumentLimits, excess
from gateway.problems import problem
from gateway.verification.graph import Context, subgraph

_NO_STORE = {"Cache-Control": "no-store"}


def routes(context: Context, token: str, limits: DocumentLimits) -> APIRouter:
    """The subgraph's endpoint; `token` is what callers must send."""
    router = APIRouter()
    schema = subgraph()

    @router.api_route("/subgraphs/verification", methods=["POST"], include_in_schema=False)
    async def verification(request: Request) -> Response:
        if refusal := _refused(request, token):
            return refusal
        media_type = accepted(request.headers.get("accept"))
        if media_type is None:
            return problem(
                406, "Not acceptable", f"GraphQL answers are {MODERN} or application/json; accept one of them"
            )
        try:
            operation = await from_body(request)
            _check(operation, limits)
        except BadRequest as error:
            payload = {"errors": [{"message": str(error), "extensions": {"code": error.code}}]}
            return GraphQLJson(payload, error.status, {**_NO_STORE, **error.headers}, media_type=media_type)
        result = await schema.execute(
            operation.query,
            variable_values=None if operation.variables is None else dict(operation.variables),
            context_value=context,
            operation_name=operation.name,
        )
        return _answer(result.data, result.errors or [], media_type)

    return router


def _refused(request: Request, token: str) -> Response | None:
    """Rule 1."""
    if not token:
        return problem(404, "Not Found", "There is nothing at this address.")
    scheme, _, shown = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and hmac.compare_digest(shown.strip().encode(), token.encode()):
        return None
    challenge = {"WWW-Authenticate": "Bearer"}
    return problem(401, "Unauthorized", "Send the subgraph's service token as a bearer token.", headers=challenge)


def _check(operation: Operation, limits: DocumentLimits) -> None:
    try:
        document = parse(operation.query, max_tokens=limits.tokens)
    except GraphQLSyntaxError as error:
        raise BadRequest(400, str(error.message), code="GRAPHQL_PARSE_FAILED") from error
    if sentence := excess(document, limits):
        raise BadRequest(400, sentence, code="TOO_LARGE")


def _answer(data: dict[str, Any] | None, errors: list[GraphQLError], media_type: str) -> Response:
    """An answer that did not get as far as running is 400 where the media type lets it be."""
    ran = data is not None or any(error.path for error in errors)
    payload: dict[str, Any] = {"data": data} if ran else {}
    payload |= {"errors": [dict(error.formatted) for error in errors]} if errors else {}
    return GraphQLJson(payload, 400 if media_type == MODERN and not ran else 200, _NO_STORE, media_type=media_type)
