"""Reading a GraphQL request from HTTP: rules 2 and 3 of `graphql.py`."""

from collections.abc import Mapping
from itertools import chain
from typing import Any, Final

from fastapi import Request

from gateway.compose.execute import Operation
from gateway.strict_json import read_json

MAX_BODY: Final = 1024 * 1024
MAX_DEPTH: Final = 50

_MEMBERS: Mapping[str, tuple[type, ...]] = {
    "query": (str,),
    "operationName": (str, type(None)),
    "variables": (dict, type(None)),
    "extensions": (dict, type(None)),
}


class BadRequest(Exception):
    """A request that is not one of GraphQL over HTTP: its status, a code for programs, and headers to answer with."""

    def __init__(
        self, status: int, message: str, *, code: str = "BAD_REQUEST", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = dict(headers or {})


def from_query(request: Request) -> Operation:
    """Read the parameters of a GET request; BadRequest."""
    parameters = request.query_params
    if len(request.url.query) > MAX_BODY:
        raise BadRequest(413, f"a request has at most {MAX_BODY:,} bytes", code="TOO_LARGE")
    members: dict[str, Any] = {name: parameters[name] for name in ("query", "operationName") if name in parameters}
    for name in ("variables", "extensions"):
        if parameters.get(name):
            members[name] = _parsed(parameters[name].encode())
    return _operation(members)


async def from_body(request: Request) -> Operation:
    """Read the JSON body of a POST request; BadRequest."""
    media_type, _, parameters = request.headers.get("content-type", "").partition(";")
    charset = parameters.strip().lower().removeprefix("charset=").strip('"')
    if media_type.strip().lower() != "application/json" or charset not in ("", "utf-8"):
        headers = {"Accept": "application/json"}
        raise BadRequest(415, "send the request as application/json in UTF-8", headers=headers)
    return _operation(_parsed(await _bounded(request)))


async def _bounded(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise BadRequest(413, f"a request has at most {MAX_BODY:,} bytes", code="TOO_LARGE")
    return bytes(body)


def _parsed(data: bytes) -> Any:
    """JSON that can be written again: no NaN, no infinity, not deeper than it may be sent on."""
    try:
        value = read_json(data)
    except ValueError as error:
        raise BadRequest(400, "the request is not JSON, or is nested too deeply") from error
    if data.count(b"[") + data.count(b"{") > MAX_DEPTH:
        _check_depth(value)
    return value


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        inner = [item.values() if isinstance(item, dict) else item for item in level if isinstance(item, (dict, list))]
        level = list(chain.from_iterable(inner))
    if level:
        raise BadRequest(400, f"the request is nested deeper than {MAX_DEPTH} levels")


def _operation(members: Any) -> Operation:
    if isinstance(members, list):
        raise BadRequest(400, "batches are not accepted; send one operation per request")
    if not isinstance(members, dict):
        raise BadRequest(400, "a request is a JSON object with a query")
    for name, kinds in _MEMBERS.items():
        if (name in members or name == "query") and not isinstance(members.get(name), kinds):
            raise BadRequest(400, f"{name} is missing, or not of its kind")
    return Operation(members["query"], members.get("operationName") or None, members.get("variables"))
