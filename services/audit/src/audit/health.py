"""`/healthz`, `/readyz`, `/metrics`: for whoever runs the log; the gateway does not pass them on."""

import asyncio
from collections.abc import Iterator
from typing import Any

import structlog
from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from sqlalchemy import func, select

from audit.errors import ClockWentBackwards
from audit.metrics import MEDIA_TYPE, Figures, Metrics
from audit.publication import forbid_going_back
from audit.service import Log
from audit.tables import ENTRIES
from goodstanding.checkpoint import VerifiedCheckpoint
from goodstanding.clock import Clock
from goodstanding.errors import GoodstandingError
from goodstanding.policy import satisfied

PATIENCE = 3.0
"""Seconds that database and store each have to answer a probe."""

_NO_STORE = {"Cache-Control": "no-store"}
_log = structlog.get_logger("audit.health")


def routes(log: Log, metrics: Metrics, clock: Clock) -> APIRouter:
    """The operator's paths."""
    router = APIRouter()

    @router.get("/healthz")
    async def healthz() -> Response:
        return JSONResponse({"status": "ok"}, headers=_NO_STORE)

    @router.get("/readyz")
    async def readyz() -> Response:
        figures = await _figures(log)
        missing = _missing(log, figures, int(clock().timestamp()))
        body = {"ready": not missing, "missing": missing, "origin": log.origin, "size": figures.tree_size}
        body |= _witnesses(log, figures)
        return JSONResponse(body, 503 if missing else 200, _NO_STORE)

    @router.get("/metrics")
    async def text() -> Response:
        return Response(metrics.text(await _figures(log), clock()), headers=_NO_STORE, media_type=MEDIA_TYPE)

    return router


def _missing(log: Log, figures: Figures, now: int) -> list[str]:
    """What stands in the way of taking entries in, in words. What is published is answered all the same."""
    missing = []
    if figures.waiting is None:
        missing.append("the database does not answer, or is not migrated; see: audit migrate")
    if log.sequencer.stopped is not None:
        missing.append(f"the log has stopped: {log.sequencer.stopped}")
    if not figures.store_up:
        missing.append("the store of the log's files does not answer")
    elif figures.tree_size is None:
        missing.append("no checkpoint of this log is published")
    missing.extend(_clock_behind(figures, now))
    if not missing and log.sequencer.trouble is not None:
        missing.append(log.sequencer.trouble)
    return missing


def _clock_behind(figures: Figures, now: int) -> Iterator[str]:
    """What a clock that went backwards keeps from being signed, in words."""
    if figures.cosigned_at is not None:
        try:
            forbid_going_back(now, int(figures.cosigned_at.timestamp()))
        except ClockWentBackwards as error:
            yield str(error)


def _witnesses(log: Log, figures: Figures) -> dict[str, Any]:
    """Whether enough witnesses have cosigned, and why one has not; entries are taken in all the same."""
    if log.cosigning.policy is None:
        return {}
    return {
        "witnessed": figures.quorum,
        "witnesses": {name: why or "ok" for name, why in log.cosigning.troubles.items()},
    }


async def _figures(log: Log) -> Figures:
    (store_up, published), waiting = await asyncio.gather(_published(log), _waiting(log))
    stopped = log.sequencer.stopped is not None
    if published is None:
        return Figures(stopped, waiting, store_up, None, None)
    size, policy = published.checkpoint.size, log.cosigning.policy
    if policy is None:
        return Figures(stopped, waiting, store_up, size, published.time)
    outside = published.outside
    return Figures(stopped, waiting, store_up, size, published.time, len(outside), satisfied(policy, outside))


async def _published(log: Log) -> tuple[bool, VerifiedCheckpoint | None]:
    """Whether the store of published files answers, and the checkpoint in it."""
    try:
        async with asyncio.timeout(PATIENCE):
            policy = log.cosigning.policy
            return True, log.signer.verify((await log.reader.snapshot()).note, policy.keys if policy else ())
    except (GoodstandingError, OSError) as error:
        _log.warning("the published checkpoint cannot be read", why=str(error) or "no answer in time")
        return not isinstance(error, OSError), None


async def _waiting(log: Log) -> int | None:
    query = select(func.count()).select_from(ENTRIES).where(ENTRIES.c.log_index.is_(None))
    try:
        async with asyncio.timeout(PATIENCE), log.database.read() as tx:
            return int(await tx.scalar(query) or 0)
    except Exception as error:  # noqa: BLE001 - drivers have errors of their own; to a probe they are all one
        _log.warning("the database does not answer", kind=type(error).__name__)
        return None
