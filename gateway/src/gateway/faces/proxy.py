"""Artefacts under one origin: passed through as the service that owns them serves them.

1. Only the paths of `OWNERS`, only GET and HEAD; a form of at most 20 KB may be posted to those of `FORMS`. A path with dot segments, escapes or anything unusual is not one of
   them: two readers could resolve it differently.
2. Headers that describe the artefact and its caching go through both ways, coding included; all others stay here.
3. HEAD is a GET whose bytes are left unread, so that every artefact has one. Bytes are streamed as they come. A service that fails answers 502, one that is late to begin 504.
4. Whatever becomes of the reader, the answer of the service is closed, and its connection free again. At most
   `MOST_READERS` read from one service at once, fewer than there are connections: the edge's followers need some too.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from typing import Final

import httpx
from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from gateway.problems import problem
from gateway.upstream import TIMEOUT, UpstreamError, Upstreams

OWNERS: Final[Mapping[str, str]] = {  # route -> service
    "/records/{rest:path}": "registry",
    "/evidence/{rest:path}": "registry",
    "/status-lists": "registry",
    "/status-lists/{rest:path}": "registry",
    "/.well-known/jwt-vc-issuer/{rest:path}": "registry",
    "/vct/{rest:path}": "registry",
    "/authorities/{entity}/.well-known/openid-federation": "registry",
    "/organisations/{entity}/.well-known/openid-federation": "registry",
    "/federation/{rest:path}": "registry",
    "/feed/records": "registry",
    "/feed": "audit",
    "/log/{rest:path}": "audit",
}
FORMS: Final[Mapping[str, str]] = {"/federation/{kind}/{entity}/trust-mark-status": "registry"}  # route -> service
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
_MAX_FORM = 20_000

MOST_READERS: Final = 80


def routes(upstreams: Upstreams, most: int = MOST_READERS) -> APIRouter:
    """The proxied paths; `most` read from one service at once."""
    router = APIRouter()
    places = {owner: asyncio.Semaphore(most) for owner in OWNERS.values()}
    for route, owner in OWNERS.items():
        endpoint = _through(upstreams.named(owner), places[owner])
        router.add_api_route(route, endpoint, methods=["GET", "HEAD"], include_in_schema=False)
    for route, owner in FORMS.items():
        endpoint = _through(upstreams.named(owner), places[owner])
        router.add_api_route(route, endpoint, methods=["POST"], include_in_schema=False)
    return router


def _through(client: httpx.AsyncClient, places: asyncio.Semaphore) -> Callable[[Request], Awaitable[Response]]:
    async def artefact(request: Request) -> Response:
        path = request.scope["raw_path"].partition(b"?")[0].decode("ascii", "replace")
        query = request.url.query
        if not _PATH.fullmatch(path) or len(path) + len(query) > _MAX_TARGET:
            return problem(404, "Not Found", "There is nothing at this address.")
        if places.locked():
            why = "Too many are reading from this service at the moment; try again."
            return problem(503, "Too many readers", why, headers={"Retry-After": "1"})
        form = await _form(request) if request.method == "POST" else b""
        if form is None:
            return problem(413, "Content Too Large", f"A form has at most {_MAX_FORM} bytes.")
        return await _pass(client, request, f"{path}?{query}" if query else path, form, places)

    return artefact


async def _form(request: Request) -> bytes | None:
    """What is posted; None where it is too much."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_FORM:
            return None
    return body


async def _pass(
    client: httpx.AsyncClient, request: Request, target: str, form: bytes, places: asyncio.Semaphore
) -> Response:
    async with AsyncExitStack() as held:
        await held.enter_async_context(places)
        response = await _asked(client, request, target, form)
        held.push_async_callback(response.aclose)
        if response.status_code >= 500:
            raise UpstreamError(f"{target} answered {response.status_code}")
        told = {name: response.headers[name] for name in TOLD if name in response.headers}
        if request.method == "HEAD":
            return Response(None, response.status_code, told)
        return _Passed(response, told, held.pop_all())


async def _asked(client: httpx.AsyncClient, request: Request, target: str, form: bytes) -> httpx.Response:
    # Without this httpx would ask for every coding it knows, on behalf of a client that may know none.
    asked = {"accept-encoding": "identity"}
    asked |= {name: request.headers[name] for name in ASKED if name in request.headers}
    posted = request.method == "POST"
    asked |= {"content-type": "application/x-www-form-urlencoded"} if posted else {}
    method, content = ("POST", form) if posted else ("GET", None)
    outgoing = client.build_request(method, target, headers=asked, content=content, timeout=TIMEOUT)
    try:
        return await client.send(outgoing, stream=True)
    except httpx.TimeoutException as error:
        raise UpstreamError(f"{target} was not answered in time", timed_out=True) from error
    except (httpx.HTTPError, OSError) as error:
        raise UpstreamError(f"{target} could not be asked ({type(error).__name__})") from error


class _Passed(StreamingResponse):
    """A service's answer on its way; `held` is closed even where the reader has left before the first byte."""

    def __init__(self, response: httpx.Response, told: Mapping[str, str], held: AsyncExitStack) -> None:
        super().__init__(response.aiter_raw(), response.status_code, told)
        self._held = held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send (ASGI)."""
        async with self._held:
            await super().__call__(scope, receive, send)
