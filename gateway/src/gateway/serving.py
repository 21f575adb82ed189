"""Running the gateway as a process of its own.

Told to end (SIGINT, SIGTERM), it accepts nothing more, finishes the requests under way within `GRACE_SECONDS`, stops
its followers, and exits 0.
"""

import asyncio
import signal
from typing import Final

import structlog
import uvicorn

from gateway.app import create_app
from gateway.logs import log_as_json
from gateway.settings import Settings
from gateway.tracing import Tracing
from gateway.trusted import files_of
from gateway.upstream import Upstreams, over_http
from goodstanding.clock import system_clock
from goodstanding.trust import Trust

GRACE_SECONDS: Final = 10

_log = structlog.get_logger("gateway")


async def serve(settings: Settings, host: str, port: int) -> None:
    """Serve until the process is told to end. TrustError, KeyRefused."""
    log_as_json(settings.log_level)
    tracing = Tracing("gateway", settings.otlp_endpoint)
    try:
        async with over_http(settings.registry_url) as registry, over_http(settings.audit_url) as audit:
            trust = Trust.load(settings.trust)
            app = create_app(
                settings, Upstreams(registry, audit), trust, system_clock, tracing, look=files_of(settings)
            )
            config = uvicorn.Config(
                app, host=host, port=port, loop="none", http="httptools", lifespan="on", log_config=None,
                access_log=False,  # a look-up is nobody's business
                server_header=False, timeout_graceful_shutdown=GRACE_SECONDS,
            )  # fmt: skip
            # uvicorn raises the signal again once it has shut down: by then it must not kill the process.
            for ending in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(ending, _already_ending)
            _log.info("serving", host=host, port=port)
            await uvicorn.Server(config).serve()
    finally:
        await asyncio.to_thread(tracing.close)
    _log.info("ended")


def _already_ending() -> None:
    """Nothing is left to do."""
