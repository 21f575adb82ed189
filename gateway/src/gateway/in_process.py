"""A hop within this process: an ASGI application asked as over a network, its answer read as it is made.

httpx has such a transport, but that one hands over an answer only once the application has ended: a stream would
arrive in one piece.

1. The application runs in a task of its own. At most one piece of an answer waits; until it is read, the
   application's next `send` waits too, so that a slow reader slows its source and fills no memory.
2. An error before the answer has begun becomes a 500. Later it cuts the answer off, as a broken connection would.
3. Whoever closes an answer unread, or gives up waiting for it, ends the task.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import httpx
from starlette.types import ASGIApp, Message, Scope

END_SECONDS = 5.0
"""How long an application that is told to end may clean up before it is waited for no more."""


class InProcessTransport(httpx.AsyncBaseTransport):
    """Sends requests to an application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return as soon as status and headers are known; the body is still to come."""
        exchange = _Exchange(await request.aread())
        task = asyncio.create_task(exchange.run(self._app, _scope(request)))
        body = _Body(exchange, task)
        try:
            begun = await exchange.pieces.get()
        except asyncio.CancelledError:
            await body.aclose()
            raise
        if begun is None:
            return httpx.Response(500)
        return httpx.Response(begun["status"], headers=begun.get("headers", []), stream=body)


class _Exchange:
    """One request and what the application answers; None in `pieces` is the end of the answer, whole or not."""

    def __init__(self, body: bytes) -> None:
        self.pieces: asyncio.Queue[Message | None] = asyncio.Queue(1)
        self.whole = asyncio.Event()
        self._body: bytes | None = body

    async def run(self, app: ASGIApp, scope: Scope) -> None:
        """Have the application answer."""
        with contextlib.suppress(Exception):  # the application has told its own log (rule 2)
            await app(scope, self._receive, self._send)
        await self.pieces.put(None)

    async def _receive(self) -> Message:
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        await self.whole.wait()  # who asked stays until then, or has the task ended (rule 3)
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        await self.pieces.put(message)
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            self.whole.set()


class _Body(httpx.AsyncByteStream):
    """The pieces of an answer that has begun."""

    def __init__(self, exchange: _Exchange, task: "asyncio.Task[None]") -> None:
        self._exchange = exchange
        self._task = task

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the pieces as they come; httpx.ReadError when the end is missing."""
        while (piece := await self._exchange.pieces.get()) is not None:
            yield piece.get("body", b"")
        if not self._exchange.whole.is_set():
            raise httpx.ReadError("the answer was cut off")

    async def aclose(self) -> None:
        """End the application's task, if it has not ended by itself."""
        self._task.cancel()
        await asyncio.wait({self._task}, timeout=END_SECONDS)


def _scope(request: httpx.Request) -> Scope:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request.method,
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "scheme": request.url.scheme,
        "path": request.url.path,
        "raw_path": request.url.raw_path.partition(b"?")[0],
        "query_string": request.url.query,
        "server": (request.url.host, request.url.port),
        "client": ("127.0.0.1", 0),
        "root_path": "",
    }
