"""Running the registry as a process of its own: web server and workers side by side, the log over HTTP."""

import asyncio
import signal

import httpx
import structlog
import uvicorn

from goodstanding.clock import system_clock
from registry.app import create_app
from registry.console import opened
from registry.errors import DatabaseRefused
from registry.issuance.log_client import HttpLogClient
from registry.settings import Settings

GRACE_SECONDS = 10  # for requests under way when the process is told to end


async def serve(settings: Settings) -> None:
    """Serve until the process is told to end. DatabaseRefused when the database or the settings do not allow it."""
    _need_log(settings)
    _log_as_json()
    async with opened(settings) as register, httpx.AsyncClient(base_url=settings.audit_url) as client:
        log = HttpLogClient(client, settings.audit_token.get_secret_value())
        app = create_app(register.settings, register.database, log, register.keys, system_clock)
        config = uvicorn.Config(
            app, host=settings.registry_host, port=settings.registry_port, loop="none", http="httptools",
            lifespan="on", log_config=None, access_log=False, server_header=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )  # fmt: skip
        # uvicorn raises the signal again once it has shut down: by then it must not kill the process.
        for ending in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(ending, _already_ending)
        await uvicorn.Server(config).serve()


def _already_ending() -> None:
    """Nothing is left to do."""


def _need_log(settings: Settings) -> None:
    """Without the log and its keys nothing could be issued."""
    if not settings.audit_token.get_secret_value():
        raise DatabaseRefused("Set GOODSTANDING_AUDIT_TOKEN to the secret the log service knows this registry by")
    for name in ("log_vkey", "log_time_vkey"):
        if not getattr(settings, name):
            raise DatabaseRefused(f"Set GOODSTANDING_{name.upper()}; the log service shows both its keys at /log/vkey")


def _log_as_json() -> None:
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ]
    )
