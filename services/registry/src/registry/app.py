"""The registry as a web application: its subgraph, its artefacts, its health; the workers run while it does.

`registry work` is an application too: the same workers, and health alone.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import structlog
from fastapi import FastAPI

from goodstanding.clock import Clock
from registry import problems
from registry.access.door import Door, door_of
from registry.access.log import AccessLog
from registry.accreditations.graph import connection_of_organisation
from registry.accreditations.service import Accreditations
from registry.administration.service import Administration
from registry.assessments.service import Assessments
from registry.assessments.surveillance import Surveillance
from registry.context import Services
from registry.database import Database
from registry.endpoint import graphql_route
from registry.erasure.service import Erasures
from registry.federation.routes import federation_routes
from registry.health import Health, health_routes
from registry.intake.service import Intake
from registry.issuance.keys import KeyStore
from registry.issuance.log_client import LogClient
from registry.issuance.routes import artefact_routes
from registry.issuance.workers import Workers
from registry.metrics import Metrics
from registry.operations import Operations
from registry.organisations.service import Organisations
from registry.people.graph import people_of
from registry.people.service import People
from registry.relations.graph import relations_of, supply_chain
from registry.relations.service import Relations
from registry.settings import Settings
from registry.signals.graph import signal_counts
from registry.signals.service import Signals
from registry.tracing import Tracing
from registry.watching import WatchRequests

STOP_SECONDS = 20.0
"""How long the workers have to finish their round; then its transaction is rolled back, and a later round repeats it."""

_log = structlog.get_logger("registry")


def create_app(
    settings: Settings,
    database: Database,
    log_client: LogClient,
    keys: KeyStore,
    clock: Clock,
    *,
    workers: bool = True,
    tracing: Tracing | None = None,
    door: Door | None = None,
) -> FastAPI:
    """Compose the application over parts that are open already; whoever made them closes them.

    The workers run between the lifespan's startup and shutdown, unless they run in other processes (`workers` False).
    They are `app.state.workers`, the acts `app.state.services`, for whoever runs this application inside another one.
    """
    tracing = tracing or Tracing("registry")
    worker = Workers(database.as_registry(), log_client, keys, clock, settings, span=tracing.span)
    app = _application(database, log_client, clock, tracing, worker if workers else None)
    services = Services(
        organisations=Organisations(database, clock, worker.wake),
        accreditations=Accreditations(database, clock, settings, worker.wake),
        relations=Relations(database, clock, worker.wake),
        erasures=Erasures(database, clock, settings, worker.wake),
        people=People(database, clock),
        access_log=AccessLog(database, clock),
        administration=Administration(database, clock, settings, worker.wake),
        intake=Intake(database, clock, settings, worker.wake),
        assessments=Assessments(database, clock),
        surveillance=Surveillance(database, clock),
        signals=Signals(database, clock, settings),
        accreditations_of=connection_of_organisation,
        relations_of=relations_of,
        supply_chain=supply_chain,
        people_of=people_of,
        signal_counts=signal_counts,
    )
    app.state.workers = worker
    app.state.services = services
    operations = Operations(database, clock, services, tracing.span)
    app.router.routes.insert(0, graphql_route(operations, door or door_of(settings, database, clock)))
    app.include_router(artefact_routes(database, keys, log_client, clock, settings))
    app.include_router(federation_routes(database, keys, clock, settings))
    return app


def create_work_app(
    settings: Settings, database: Database, log_client: LogClient, keys: KeyStore, clock: Clock, *, tracing: Tracing
) -> FastAPI:
    """Compose the workers alone, with their health."""
    worker = Workers(database.as_registry(), log_client, keys, clock, settings, span=tracing.span)
    return _application(database, log_client, clock, tracing, worker)


def _application(
    database: Database, log_client: LogClient, clock: Clock, tracing: Tracing, worker: Workers | None
) -> FastAPI:
    app = FastAPI(
        title="goodstanding registry", docs_url=None, redoc_url=None, openapi_url=None, lifespan=_lifespan(worker)
    )
    metrics = Metrics()
    problems.install(app)
    app.add_middleware(WatchRequests, metrics=metrics, tracing=tracing)
    app.include_router(health_routes(Health(database, log_client, worker), metrics, clock))
    return app


def _lifespan(worker: Workers | None) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        if worker is None:
            yield
            return
        stop = asyncio.Event()
        running = asyncio.create_task(worker.run(stop))
        try:
            yield
        finally:
            stop.set()
            await _finish(running)

    return lifespan


async def _finish(running: "asyncio.Task[None]") -> None:
    _, late = await asyncio.wait([running], timeout=STOP_SECONDS)
    if late:
        _log.warning("a round of the workers is cut short", after_seconds=STOP_SECONDS)
        running.cancel()
    await asyncio.gather(running, return_exceptions=bool(late))
