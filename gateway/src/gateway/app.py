"""The gateway as an ASGI application. Everything it uses is handed in; what it starts, it stops."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from fastapi import FastAPI

from gateway import problems
from gateway.compose.subgraphs import Supergraph
from gateway.faces import graphql, health, page, proxy, verify
from gateway.followers import Follower, Followers
from gateway.guards.limits import DocumentLimits
from gateway.guards.tokens import TokenGuard
from gateway.metrics import CountRequests, Metrics
from gateway.settings import Settings
from gateway.upstream import Upstreams
from gateway.verification.edge import Edge
from gateway.verification.graph import Context
from goodstanding.clock import Clock
from goodstanding.errors import TrustError
from goodstanding.trust import Trust, TrustedLog

COMPOSE_EVERY = 30.0
"""Seconds between two looks at the subgraphs' SDL."""


def create_app(settings: Settings, upstreams: Upstreams, trust: Trust, clock: Clock) -> FastAPI:
    """Build a gateway. Its followers run from the application's start-up to its shutdown.

    Raises TrustError when the log to follow is not in the trust configuration, KeyRefused for an unsound access key.
    """
    bound = timedelta(seconds=settings.freshness_seconds)
    edge = Edge(trust, followed_log(trust, settings.prefix), upstreams, clock, bound)
    supergraph = Supergraph(upstreams, Context(edge), DocumentLimits(), introspection=settings.introspection)
    followers = Followers((*edge.followers(), Follower("composition", supergraph.refresh, COMPOSE_EVERY)))
    metrics = Metrics(edge, followers.members, clock)
    guard = TokenGuard(settings.access_keys, settings.origin, clock)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        followers.start()
        yield
        await followers.stop()
        edge.close()

    app = FastAPI(title="goodstanding", docs_url=None, redoc_url=None, lifespan=lifespan)
    app.state.followers = followers
    problems.install(app)
    app.add_middleware(CountRequests, metrics=metrics)
    for router in (
        graphql.routes(supergraph, guard, graphiql=settings.graphiql),
        verify.routes(edge),
        page.routes(edge, settings.origin),
        health.routes(edge, supergraph, followers.members, metrics),
        proxy.routes(upstreams),
    ):
        app.include_router(router)
    return app


def followed_log(trust: Trust, prefix: str | None) -> TrustedLog:
    """The log to follow: that of the prefix, or the only one; TrustError when there is no such log."""
    if prefix is None and len(trust.logs) == 1:
        return next(iter(trust.logs.values()))
    if prefix is None or prefix not in trust.logs:
        known = ", ".join(sorted(trust.logs)) or "none"
        raise TrustError(f"set the number prefix of the log to follow; the trust configuration has: {known}")
    return trust.logs[prefix]
