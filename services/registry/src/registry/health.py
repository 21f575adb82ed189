"""`/healthz`, `/readyz`, `/metrics`: for whoever runs the registry; the gateway does not pass them on.

Ready means that requests can be served: the database answers and is migrated. That the log is away, or the relay has
halted, is told under `troubled` and does not end readiness: a suspension must be decided, and is published, without it.
"""

import asyncio
from collections.abc import Mapping

import structlog
from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from sqlalchemy import text

from goodstanding.clock import Clock
from registry.database import Database
from registry.issuance.errors import LogUnavailable
from registry.issuance.figures import Figures, read_figures
from registry.issuance.ledger import ASIDE
from registry.issuance.log_client import LogClient
from registry.issuance.workers import Workers
from registry.metrics import MEDIA_TYPE, Metrics
from registry.migrate import is_current

PATIENCE = 3.0  # seconds the database and the log have to answer a probe
_NO_STORE = {"Cache-Control": "no-store"}
_UNGUARDED = text("SELECT rolname FROM pg_roles WHERE rolname = current_user AND (rolsuper OR rolbypassrls)")
_log = structlog.get_logger("registry.health")


class Health:
    """What is asked about the state of this process. `workers` is None where they run elsewhere."""

    def __init__(self, database: Database, log_client: LogClient, workers: Workers | None) -> None:
        self._database = database
        self._log = log_client
        self._workers = workers

    @property
    def halted(self) -> str | None:
        """Why the relay of this process has stopped for good."""
        return self._workers.halted if self._workers else None

    async def missing(self) -> list[str]:
        """What stands in the way of serving requests, in words."""
        try:
            async with asyncio.timeout(PATIENCE), self._database.read() as tx:
                current = await is_current(tx)
        except Exception as error:  # noqa: BLE001 - drivers have errors of their own; to a probe they are all one
            _log.warning("the database does not answer", kind=type(error).__name__)
            return ["the database does not answer"]
        return [] if current else ["the database is not at the version this program needs; run: registry migrate"]

    async def troubled(self, waiting: Mapping[str, int]) -> list[str]:
        """What goes wrong behind the requests, in words. `waiting` is the outbox: stage -> rows."""
        found = []
        try:
            async with asyncio.timeout(PATIENCE):
                await self._log.proofs([])
        except (LogUnavailable, TimeoutError) as error:
            found.append(str(error) or "the log does not answer in time")
        if self._workers and (trouble := self._workers.trouble) and trouble not in found:
            found.append(f"issuance is being tried again: {trouble}")
        if self.halted:
            found.append(f"the relay has halted: {self.halted}")
        if aside := waiting.get(ASIDE, 0):
            found.append(f"the log refuses {aside} events for good")
        return found + await self._unguarded()

    async def _unguarded(self) -> list[str]:
        """Whether the role we connect as would be shown what is restricted, whoever asks."""
        if self._database.sqlite:
            return []
        try:
            async with asyncio.timeout(PATIENCE), self._database.read() as tx:
                role = await tx.scalar(_UNGUARDED)
        except Exception as error:  # noqa: BLE001 - as above
            _log.warning("the database does not answer", kind=type(error).__name__)
            return []
        return (
            []
            if role is None
            else [f"the database role {role} is a superuser or has BYPASSRLS: row security does not hold for it"]
        )

    async def figures(self) -> Figures | None:
        """What waits and what is published; None when the database does not answer."""
        try:
            async with asyncio.timeout(PATIENCE), self._database.read() as tx:
                return await read_figures(tx)
        except Exception as error:  # noqa: BLE001 - as above
            _log.warning("the database does not answer", kind=type(error).__name__)
            return None


def health_routes(health: Health, metrics: Metrics, clock: Clock) -> APIRouter:
    """The operator's paths."""
    router = APIRouter()

    @router.get("/healthz")
    async def healthz() -> Response:
        return JSONResponse({"status": "ok"}, headers=_NO_STORE)

    @router.get("/readyz")
    async def readyz() -> Response:
        missing = await health.missing()
        figures = None if missing else await health.figures()
        waiting = dict(figures.waiting) if figures else {}
        troubled = [] if missing else await health.troubled(waiting)
        body = {"ready": not missing, "missing": missing, "troubled": troubled, "waiting": waiting}
        return JSONResponse(body, 503 if missing else 200, _NO_STORE)

    @router.get("/metrics")
    async def text() -> Response:
        text = metrics.text(await health.figures(), halted=health.halted is not None, now=clock())
        return Response(text, headers=_NO_STORE, media_type=MEDIA_TYPE)

    return router
