"""The registry as a web application: its subgraph, its artefacts, its health; the workers run while it does."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import APIRouter, FastAPI, Response
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError

from goodstanding.clock import Clock
from registry import problems
from registry.access.door import Door
from registry.accreditations.graph import connection_of_organisation
from registry.accreditations.service import Accreditations
from registry.context import Services
from registry.database import Database
from registry.endpoint import graphql_route
from registry.issuance.keys import KeyStore
from registry.issuance.log_client import LogClient
from registry.issuance.routes import artefact_routes
from registry.issuance.workers import Workers
from registry.migrate import is_current
from registry.operations import Operations
from registry.organisations.service import Organisations
from registry.settings import Settings


def create_app(settings: Settings, database: Database, log_client: LogClient, keys: KeyStore, clock: Clock) -> FastAPI:
    """Compose the application over parts that are open already; whoever made them closes them.

    The workers run between the lifespan's startup and shutdown. They are `app.state.workers`, the acts
    `app.state.services`, for whoever runs this application inside another one.
    """
    workers = Workers(database, log_client, keys, clock, settings)
    app = FastAPI(
        title="goodstanding registry", docs_url=None, redoc_url=None, openapi_url=None, lifespan=_lifespan(workers)
    )
    app.state.workers = workers
    problems.install(app)
    services = Services(
        organisations=Organisations(database, clock, workers.wake),
        accreditations=Accreditations(database, clock, settings, workers.wake),
        accreditations_of=connection_of_organisation,
    )
    app.state.services = services
    operations = Operations(database, clock, services)
    app.include_router(graphql_route(operations, Door(database, clock, settings)))
    app.include_router(artefact_routes(database, keys, log_client, clock, settings))
    app.include_router(_health_routes(database))
    return app


def _lifespan(workers: Workers) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        stop = asyncio.Event()
        running = asyncio.create_task(workers.run(stop))
        try:
            yield
        finally:
            stop.set()
            await running

    return lifespan


def _health_routes(database: Database) -> APIRouter:
    router = APIRouter()

    @router.get("/healthz")
    async def healthz() -> Response:
        return JSONResponse({"status": "ok"})

    @router.get("/readyz")
    async def readyz() -> Response:
        try:
            async with database.read() as tx:
                current = await is_current(tx)
        except (SQLAlchemyError, OSError) as error:
            problems.report(error)
            return problems.problem(503, "DATABASE_UNAVAILABLE", "The database does not answer.")
        if not current:
            return problems.problem(503, "NOT_MIGRATED", "The database is not migrated; run: registry migrate")
        return JSONResponse({"status": "ready"})

    return router
