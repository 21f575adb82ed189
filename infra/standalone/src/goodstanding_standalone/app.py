"""The three services as one: their ASGI applications in one process, each hop a function call instead of a network.

Order of start: the register, the log with its tasks, the registry with its workers, the gateway with its followers;
the end is the same in reverse. Only the composition differs from three processes: the services still meet through
their HTTP interfaces, and the registry shows the log its service token.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import httpx
from fastapi import FastAPI

import audit.app
import gateway.app
import gateway.settings
import registry.app
from audit.service import Log, open_log
from gateway.trusted import Keys
from gateway.upstream import Upstreams, in_process
from goodstanding.clock import Clock, system_clock
from goodstanding_standalone.files import service_token
from goodstanding_standalone.register import Register, log_keys, open_register
from goodstanding_standalone.settings import StandaloneSettings
from registry.access.repository import token_keys
from registry.issuance.ledger import PROVE, RELEASE, SUBMIT
from registry.issuance.log_client import HttpLogClient
from registry.issuance.workers import Workers

Wrap = Callable[[httpx.AsyncBaseTransport], httpx.AsyncBaseTransport]
"""What stands between registry and log. Nothing, unless a test wants to cut the hop."""


@dataclass(frozen=True, slots=True)
class House:
    """Everything under one roof; `door` is the application that faces the public."""

    door: FastAPI
    register: Register
    log: Log
    workers: Workers

    async def settled(self) -> bool:
        """True when no event is on its way to the log or to a signed record."""
        return not (await self.workers.status()).waiting.keys() & {SUBMIT, PROVE, RELEASE}


@asynccontextmanager
async def compose(
    settings: StandaloneSettings, clock: Clock = system_clock, wrap: Wrap = lambda transport: transport
) -> AsyncIterator[House]:
    """Open the folder and run all three services until the block ends; raises as `open_register`, and LogStopped."""
    async with AsyncExitStack() as stack:
        register = await stack.enter_async_context(open_register(settings, clock))
        log = await stack.enter_async_context(_running_log(settings, clock))
        token = await asyncio.to_thread(service_token, settings.keys)
        audit_app = audit.app.create_app(log, token)
        hop = httpx.AsyncClient(transport=wrap(_transport(audit_app)), base_url="http://audit.internal")
        await stack.enter_async_context(hop)
        registry_app = registry.app.create_app(
            register.settings, register.database, HttpLogClient(hop, token), register.keys, clock
        )
        await stack.enter_async_context(registry_app.router.lifespan_context(registry_app))
        upstreams = Upstreams(in_process(registry_app, "registry"), in_process(audit_app, "audit"))
        await stack.enter_async_context(upstreams.registry)
        await stack.enter_async_context(upstreams.audit)
        door = await _gateway(settings, register, upstreams)
        await stack.enter_async_context(door.router.lifespan_context(door))
        yield House(door, register, log, registry_app.state.workers)


def _transport(app: FastAPI) -> httpx.ASGITransport:
    return httpx.ASGITransport(app, raise_app_exceptions=False)


async def _gateway(settings: StandaloneSettings, register: Register, upstreams: Upstreams) -> FastAPI:
    async def look() -> Keys:
        async with register.database.read() as tx:
            access_keys = list((await token_keys(tx)).values())
        return Keys(await register.trust(), access_keys)

    keys = await look()
    ours = gateway.settings.Settings(
        origin=settings.public_origin, prefix=settings.prefix, access_keys=keys.access, host=settings.host,
        port=settings.port, var=settings.var,
    )  # fmt: skip
    return gateway.app.create_app(ours, upstreams, keys.trust, register.clock, look=look)


@asynccontextmanager
async def _running_log(settings: StandaloneSettings, clock: Clock) -> AsyncIterator[Log]:
    """The log, mended and published, with sequencer and time cosigner at work."""
    signers = await asyncio.to_thread(log_keys, settings)
    log = open_log(
        url=settings.audit_url, folder=settings.var / "log", origin=settings.log_origin, log_signer=signers[0],
        time_signer=signers[1], clock=clock,
    )  # fmt: skip
    try:
        await log.start()
        async with _working(log.run_sequencer, log.run_time_cosigner):
            yield log
    finally:
        await log.close()


@asynccontextmanager
async def _working(*work: Callable[[asyncio.Event], Awaitable[None]]) -> AsyncIterator[None]:
    """Run background work beside the block, and wait for its end after it."""
    stop = asyncio.Event()
    tasks = [asyncio.ensure_future(each(stop)) for each in work]
    try:
        yield
    finally:
        stop.set()
        await asyncio.gather(*tasks)
