"""The audit service as an ASGI application: pure composition over a `Log`; it starts nothing and opens nothing."""

from fastapi import FastAPI
from strawberry.federation import Schema

from audit import graphql_http, health, internal, public
from audit.graph import build_schema
from audit.metrics import Metrics
from audit.problems import install
from audit.service import Log
from audit.tracing import Tracing
from audit.watching import WatchRequests
from goodstanding.clock import Clock, system_clock


def create_app(
    log: Log,
    service_token: str,
    *,
    clock: Clock = system_clock,
    metrics: Metrics | None = None,
    tracing: Tracing | None = None,
) -> FastAPI:
    """Put the routes together. `service_token` is what callers of `/internal` send; it must not be empty.

    The caller runs `log.run_sequencer`, `log.run_time_cosigner` and `log.run_cosigning`, and closes the log.
    """
    if not service_token:
        raise ValueError("the audit service needs a service token; set GOODSTANDING_AUDIT_TOKEN")
    metrics = metrics or Metrics()
    app = FastAPI(
        title="goodstanding audit", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False
    )  # fmt: skip
    install(app)
    app.add_middleware(WatchRequests, metrics=metrics, tracing=tracing or Tracing("audit"))
    schema = build_schema()
    app.include_router(public.routes(log))
    app.include_router(internal.routes(log, service_token, subgraph_sdl(schema)))
    app.include_router(graphql_http.routes(log, schema))
    app.include_router(health.routes(log, metrics, clock))
    return app


def subgraph_sdl(schema: Schema) -> str:
    """Return the schema as a supergraph's composition wants it (`_service { sdl }`)."""
    result = schema.execute_sync("{ _service { sdl } }")
    assert result.data is not None
    return str(result.data["_service"]["sdl"])
