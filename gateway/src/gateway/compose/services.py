"""Asking one subgraph one question, over HTTP or in this process.

1. Nothing is sent twice: a mutation that may have arrived is not repeated.
2. An answer counts when it is a GraphQL response of bounded size in bounded time; anything else is an UpstreamError.
3. An answer that the service marked free of errors (`GraphQL-Errors: none`) may be passed on as it is, if asked for so.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

import httpx
from graphql import GraphQLSchema, execute_sync, parse
from strawberry.federation import Schema

from gateway.compose.sdl import MAX_SDL, CompositionError
from gateway.strict_json import read_json
from gateway.upstream import TIMEOUT, Answer, UpstreamError, read

MAX_ANSWER: Final = 8 * 1024 * 1024
FREE_OF_ERRORS: Final = ("graphql-errors", "none")

_MEDIA_TYPES = ("application/json", "application/graphql-response+json")
_HEADERS = {"Content-Type": "application/json", "Accept": "application/graphql-response+json, application/json"}


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a subgraph."""

    text: str
    variables: Mapping[str, Any]
    name: str | None = None
    authorization: str | None = None
    may_be_raw: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """What it answered: data and errors, or the bytes of an answer free of errors."""

    data: dict[str, Any] | None
    errors: tuple[dict[str, Any], ...] = ()
    raw: bytes | None = None


class Service(Protocol):
    """A subgraph that can be asked."""

    async def sdl(self) -> str:
        """Its SDL; UpstreamError, CompositionError."""
        ...

    async def ask(self, question: Question) -> Reply:
        """Its answer; UpstreamError."""
        ...


class Remote:
    """A subgraph at `/graphql` of a client's base address."""

    def __init__(self, name: str, client: httpx.AsyncClient, timeout: float = TIMEOUT) -> None:
        self._name = name
        self._client = client
        self._timeout = timeout

    async def sdl(self) -> str:
        """Ask `_service`."""
        answer = await self._post({"query": "{ _service { sdl } }"}, _HEADERS, 2 * MAX_SDL)
        try:
            sdl = read_json(answer.body)["data"]["_service"]["sdl"]
        except (ValueError, KeyError, TypeError) as error:
            message = f"{self._name} answered {answer.status} and no SDL when asked for its subgraph"
            raise CompositionError(message) from error
        if not isinstance(sdl, str):
            raise CompositionError(f"{self._name} answered an SDL that is no text")
        return sdl

    async def ask(self, question: Question) -> Reply:
        """Send the question once."""
        body: dict[str, Any] = {"query": question.text}
        if question.variables:
            body["variables"] = question.variables
        if question.name is not None:
            body["operationName"] = question.name
        token = {} if question.authorization is None else {"Authorization": question.authorization}
        answer = await self._post(body, {**_HEADERS, **token}, MAX_ANSWER)
        if answer.media_type not in _MEDIA_TYPES:
            raise UpstreamError(f"it answered {answer.status} with {answer.media_type or 'no media type'}")
        name, value = FREE_OF_ERRORS
        if question.may_be_raw and answer.status == httpx.codes.OK and answer.headers.get(name) == value:
            return Reply(None, raw=answer.body)
        return reply(answer)

    async def _post(self, body: Mapping[str, Any], headers: Mapping[str, str], limit: int) -> Answer:
        content = json.dumps(body).encode()
        return await read(
            self._client,
            "/graphql",
            method="POST",
            headers=headers,
            content=content,
            limit=limit,
            timeout=self._timeout,
        )


class Local:
    """A Strawberry subgraph in this process. It masks what is not for clients itself."""

    def __init__(self, schema: Schema, context: Any) -> None:
        self._schema = schema
        self._context = context

    async def sdl(self) -> str:
        """Its SDL."""
        return self._schema.as_str()

    async def ask(self, question: Question) -> Reply:
        """Execute it here."""
        result = await self._schema.execute(
            question.text, dict(question.variables), context_value=self._context, operation_name=question.name
        )
        return Reply(result.data, tuple(dict(error.formatted) for error in result.errors or ()))


class Introspection:
    """The public schema, answering about itself."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema

    async def sdl(self) -> str:
        """Nothing to compose."""
        return ""

    async def ask(self, question: Question) -> Reply:
        """Execute it on the schema alone."""
        document = parse(question.text)
        result = execute_sync(
            self._schema, document, variable_values=dict(question.variables), operation_name=question.name
        )
        return Reply(result.data, tuple(dict(error.formatted) for error in result.errors or ()))


def reply(answer: Answer) -> Reply:
    """Read an answer (rule 2); UpstreamError when it is no GraphQL response."""
    try:
        body = read_json(answer.body)
    except ValueError as error:
        raise UpstreamError(f"it answered {answer.status} and no JSON") from error
    if not isinstance(body, dict) or not (body.get("data") is not None or body.get("errors")):
        raise UpstreamError(f"it answered {answer.status} with neither data nor errors")
    data, errors = body.get("data"), body.get("errors") or []
    if not isinstance(data, dict | None) or not isinstance(errors, list):
        raise UpstreamError("its answer has data or errors of another shape")
    if not all(isinstance(error, dict) and isinstance(error.get("message"), str) for error in errors):
        raise UpstreamError("its answer has an error without a message")
    return Reply(data, tuple(errors))
