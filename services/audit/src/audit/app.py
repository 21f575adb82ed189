"""The audit service as an ASGI application: pure composition over a `Log`; it starts nothing and opens nothing."""

from fastapi import FastAPI
from fastapi.responses import JSONResponse, Response
from strawberry.federation import Schema

from audit import graphql_http, internal, public
from audit.errors import NotLogged
from audit.graph import build_schema
from audit.problems import install, problem
from audit.service import Log


def create_app(log: Log, service_token: str) -> FastAPI:
    """Put the routes together. `service_token` is what callers of `/internal` send; it must not be empty.

    The caller runs `log.run_sequencer` and `log.run_time_cosigner`, and closes the log.
    """
    if not service_token:
        raise ValueError("the audit service needs a service token; set GOODSTANDING_AUDIT_TOKEN")
    app = FastAPI(title="goodstanding audit", openapi_url=None)
    install(app)
    schema = build_schema()
    app.include_router(public.routes(log))
    app.include_router(internal.routes(log, service_token, subgraph_sdl(schema)))
    app.include_router(graphql_http.routes(log, schema))

    @app.get("/healthz")
    async def healthz() -> Response:
        return JSONResponse({"status": "ok"})

    @app.get("/readyz")
    async def readyz() -> Response:
        if log.sequencer.stopped is not None:
            return problem(503, "The log has stopped", log.sequencer.stopped)
        try:
            size = (await log.reader.snapshot()).checkpoint.size
        except NotLogged as error:
            return problem(503, "Not ready", str(error))
        return JSONResponse({"status": "ready", "origin": log.origin, "size": size})

    return app


def subgraph_sdl(schema: Schema) -> str:
    """Return the schema as a supergraph's composition wants it (`_service { sdl }`)."""
    result = schema.execute_sync("{ _service { sdl } }")
    assert result.data is not None
    return str(result.data["_service"]["sdl"])
