"""`goodstanding-standalone serve`: open the folder, serve, and end in order when told to."""

import asyncio

import httpx
import structlog

from goodstanding_standalone.app import Wrap, compose
from goodstanding_standalone.demo_file import write_trust
from goodstanding_standalone.serving import listening, serving, sole_server
from goodstanding_standalone.settings import StandaloneSettings

_log = structlog.get_logger("standalone")


def _nothing(transport: httpx.AsyncBaseTransport) -> httpx.AsyncBaseTransport:
    return transport


async def serve(settings: StandaloneSettings, wrap: Wrap = _nothing) -> None:
    """Serve until SIGINT or SIGTERM; `trust.json` in the folder tells readers whom to trust.

    Raises PortInUse, FolderInUse, and what `compose` raises.
    """
    with sole_server(settings.var), listening(settings) as sock:
        async with compose(settings, wrap=wrap) as house:
            trust = await house.register.trust()
            await asyncio.to_thread(write_trust, settings.var / "trust.json", trust)
            async with serving(house.door, sock) as server:
                _log.info("serving", origin=settings.public_origin, folder=str(settings.var))
                await server
        _log.info("ended")
