"""Watching requests: a span, a count and a log line for each, under its route's template, so that no number is kept."""

from time import perf_counter

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from audit.metrics import Metrics
from audit.tracing import Tracing

_log = structlog.get_logger("audit.http")


class WatchRequests:
    """Middleware. What fails is a warning; everything else is for debugging: the relay asks many times a second."""

    def __init__(self, app: ASGIApp, metrics: Metrics, tracing: Tracing) -> None:
        self._app = app
        self._metrics = metrics
        self._tracing = tracing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request (ASGI)."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, begun = 500, perf_counter()

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with self._tracing.request(scope["method"], scope["headers"]) as span:
            try:
                await self._app(scope, receive, watched)
            finally:
                route = getattr(scope.get("route"), "path", "none")
                span.update_name(f"{scope['method']} {route}")
                span.set_attribute("http.response.status_code", status)
                self._metrics.requests.labels(route, str(status)).inc()
                took = round(1000 * (perf_counter() - begun), 1)
                write = _log.warning if status >= 500 else _log.debug
                write("request", method=scope["method"], route=route, status=status, ms=took)
