"""GraphQL over HTTP: one POST route, strict about what it reads, problems for what is no GraphQL request.

Answers are `application/graphql-response+json` for clients that accept it, with 400 for a request that cannot be
executed; `application/json` and 200 for all others, as the GraphQL-over-HTTP draft has it for them.
An answer without errors says so in a header, so that a gateway can pass it on unread.
"""

import json
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from registry.access.door import Door
from registry.errors import Invalid
from registry.operations import Operations
from registry.problems import problem

MEDIA_TYPE = "application/graphql-response+json"
MAX_BODY = 256 * 1024  # bytes
FREE_OF_ERRORS = {"GraphQL-Errors": "none"}


@dataclass(frozen=True, slots=True)
class Question:
    """A GraphQL request."""

    query: str
    variables: dict[str, Any] | None
    operation: str | None


def graphql_route(operations: Operations, door: Door) -> Route:
    """The route `POST /graphql`.

    A route of Starlette's: FastAPI's would look for dependencies and parameters in every request, and there are none.
    """

    async def graphql(request: Request) -> Response:
        request.scope["route"] = route  # by which requests are counted
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            return problem(415, "NOT_JSON", "Send the GraphQL request as application/json.")
        body = await _read(request)
        if body is None:
            return problem(413, "TOO_LARGE", f"A request has at most {MAX_BODY} bytes.")
        question = read_question(body)
        actor = await door.actor(request.headers.get("authorization"))
        answer = await operations.run(
            question.query, actor=actor, variables=question.variables, operation=question.operation
        )
        wanted = MEDIA_TYPE in request.headers.get("accept", "")
        content = orjson.dumps(answer.body)
        status = 400 if wanted and not answer.executed else 200
        headers = {"Cache-Control": "no-store"} | ({} if "errors" in answer.body else FREE_OF_ERRORS)
        return Response(content, status, headers, MEDIA_TYPE if wanted else "application/json")

    route = Route("/graphql", graphql, methods=["POST"])
    return route


def read_question(body: bytes) -> Question:
    """Read a request's body; Invalid says what is wrong with it."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Invalid("The body of the request is not JSON in UTF-8.", code="NOT_JSON") from error
    if not isinstance(value, dict) or not isinstance(value.get("query"), str):
        raise Invalid("A GraphQL request is an object with the member query.", code="BAD_REQUEST")
    variables, operation = value.get("variables"), value.get("operationName")
    if not isinstance(variables, dict | None) or not isinstance(operation, str | None):
        raise Invalid("variables must be an object and operationName text, or absent.", code="BAD_REQUEST")
    _need_unicode(body, value)
    return Question(value["query"], variables, operation)


def _need_unicode(body: bytes, value: Any) -> None:
    """Refuse escapes for half a character: no database and no log could keep such text."""
    if b"\\u" not in body:
        return
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise Invalid("The request holds a lone surrogate, which is not text.", code="NOT_UNICODE") from error


async def _read(request: Request) -> bytes | None:
    """The body, or None when it is too large; no more than that is ever held."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            return None
    return bytes(body)
