"""Artefacts under one origin: passed through as the service that owns them serves them.

1. Only the paths of `OWNERS`, only GET and HEAD. A path with dot segments, escapes or anything unusual is not one of
   them: two readers could resolve it differently.
2. Headers that describe the artefact and its caching go through both ways, coding included; all others stay here.
3. HEAD is a GET whose bytes are left unread, so that every artefact has one. Bytes are streamed as they come. A service that fails answers 502, one that is late to begin 504.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Final

import httpx
from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse

from gateway.problems import problem
from gateway.upstream import TIMEOUT, UpstreamError, Upstreams

OWNERS: Final[Mapping[str, str]] = {  # route -> service
    "/records/{rest:path}": "registry",
    "/evidence/{rest:path}": "registry",
    "/status-lists": "registry",
    "/status-lists/{rest:path}": "registry",
    "/.well-known/jwt-vc-issuer/{rest:path}": "registry",
    "/vct/{rest:path}": "registry",
    "/feed/records": "registry",
    "/feed": "audit",
    "/log/{rest:path}": "audit",
}
ASKED: Final = (
    "accept", "accept-encoding", "if-none-match", "if-modified-since", "range", "cache-control", "last-event-id",
)  # fmt: skip
TOLD: Final = (
    "content-type", "content-length", "content-encoding", "content-range", "accept-ranges", "etag", "last-modified",
    "cache-control", "expires", "age", "vary", "link", "retry-after", "access-control-allow-origin",
    "access-control-expose-headers", "content-disposition",
)  # fmt: skip

_PATH = re.compile(r"(/(?!\.{1,2}(/|$))[A-Za-z0-9._~:@-]+)+", re.ASCII)
_MAX_TARGET = 2_000


def routes(upstreams: Upstreams) -> APIRouter:
    """The proxied paths."""
    router = APIRouter()
    for route, owner in OWNERS.items():
        endpoint = _through(upstreams.named(owner))
        router.add_api_route(route, endpoint, methods=["GET", "HEAD"], include_in_schema=False)
    return router


def _through(client: httpx.AsyncClient) -> Callable[[Request], Awaitable[Response]]:
    async def artefact(request: Request) -> Response:
        path = request.scope["raw_path"].partition(b"?")[0].decode("ascii", "replace")
        query = request.url.query
        if not _PATH.fullmatch(path) or len(path) + len(query) > _MAX_TARGET:
            return problem(404, "Not Found", "There is nothing at this address.")
        return await _pass(client, request, f"{path}?{query}" if query else path)

    return artefact


async def _pass(client: httpx.AsyncClient, request: Request, target: str) -> Response:
    # Without this httpx would ask for every coding it knows, on behalf of a client that may know none.
    asked = {"accept-encoding": "identity"}
    asked |= {name: request.headers[name] for name in ASKED if name in request.headers}
    outgoing = client.build_request("GET", target, headers=asked, timeout=TIMEOUT)
    try:
        response = await client.send(outgoing, stream=True)
    except httpx.TimeoutException as error:
        raise UpstreamError(f"{target} was not answered in time", timed_out=True) from error
    except (httpx.HTTPError, OSError) as error:
        raise UpstreamError(f"{target} could not be asked ({type(error).__name__})") from error
    if response.status_code >= 500:
        await response.aclose()
        raise UpstreamError(f"{target} answered {response.status_code}")
    told = {name: response.headers[name] for name in TOLD if name in response.headers}
    if request.method == "HEAD":
        await response.aclose()
        return Response(None, response.status_code, told)
    return StreamingResponse(_stream(response), response.status_code, told)


async def _stream(response: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for chunk in response.aiter_raw():
            yield chunk
    finally:
        await response.aclose()
