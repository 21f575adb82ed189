"""The gateway as an ASGI application. Everything it uses is handed in; what it starts, it stops."""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from fastapi import FastAPI

from gateway import problems
from gateway.compose.kept import KeptSubgraphs
from gateway.compose.subgraphs import Supergraph, services
from gateway.faces import graphql, health, page, proxy, subgraph, verify
from gateway.followers import Follower, Followers
from gateway.guards.limits import DocumentLimits
from gateway.guards.openid import OpenIdGuard
from gateway.guards.tokens import Guard, TokenGuard
from gateway.metrics import Metrics
from gateway.settings import Settings
from gateway.tracing import Tracing
from gateway.trusted import Look, follow
from gateway.upstream import Upstreams
from gateway.verification.edge import Edge
from gateway.verification.graph import Context
from gateway.watching import WatchRequests
from goodstanding.clock import Clock
from goodstanding.errors import TrustError
from goodstanding.trust import Trust, TrustedLog

COMPOSE_EVERY = 30.0
"""Seconds between two looks at the subgraphs' SDL."""


def create_app(
    settings: Settings,
    upstreams: Upstreams,
    trust: Trust,
    clock: Clock,
    tracing: Tracing | None = None,
    *,
    look: Look | None = None,
) -> FastAPI:
    """Build a gateway. Its followers run from the application's start-up to its shutdown.

    `look` is asked again and again for the keys as they are then; without it, those given here are all there are.
    Raises TrustError when the log to follow is not in the trust configuration, KeyRefused for an unsound access key.
    """
    bound = timedelta(seconds=settings.freshness_seconds)
    log = followed_log(trust, settings.prefix)
    edge = Edge(trust, log, upstreams, clock, bound, settings.var / "edge")
    context, limits = Context(edge), DocumentLimits()
    kept = KeptSubgraphs(settings.var / "subgraphs.sdl")
    supergraph = Supergraph(services(upstreams, context), limits, kept=kept, introspection=settings.introspection)
    guard = guard_of(settings, clock)
    keys = () if look is None else (follow(look, edge, guard),)
    followers = Followers((*edge.followers(), *keys, Follower("composition", supergraph.refresh, COMPOSE_EVERY)))
    metrics = Metrics(edge, followers.members, clock)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        edge.on_load = _settle
        followers.start()
        yield
        await followers.stop()
        await edge.close()

    app = FastAPI(title="goodstanding", docs_url=None, redoc_url=None, lifespan=lifespan)
    app.state.followers, app.state.edge = followers, edge
    problems.install(app)
    app.add_middleware(WatchRequests, metrics=metrics, tracing=tracing or Tracing("gateway"))
    for router in (
        graphql.routes(supergraph, guard, graphiql=settings.graphiql),
        subgraph.routes(context, settings.subgraph_token.get_secret_value(), limits),
        verify.routes(edge),
        page.routes(edge, settings.origin),
        health.routes(edge, supergraph, followers.members, metrics),
        proxy.routes(upstreams),
    ):
        app.include_router(router)
    return app


def guard_of(settings: Settings, clock: Clock) -> Guard:
    """Who verifies bearer tokens: against the provider's keys where one is set, against the access keys otherwise."""
    if not settings.oidc_issuer:
        return TokenGuard(settings.access_keys, settings.origin, clock)
    return OpenIdGuard(settings.oidc_issuer, settings.oidc_audience or settings.origin, settings.oidc_algs, clock)


def _settle() -> None:
    """Take what is there now out of the collector's sight: it stays, and looking at it again and again takes time."""
    gc.collect()
    gc.freeze()


def followed_log(trust: Trust, prefix: str | None) -> TrustedLog:
    """The log to follow: that of the prefix, or the only one; TrustError when there is no such log."""
    if prefix is None and len(trust.logs) == 1:
        return next(iter(trust.logs.values()))
    if prefix is None or prefix not in trust.logs:
        known = ", ".join(sorted(trust.logs)) or "none"
        raise TrustError(f"set the number prefix of the log to follow; the trust configuration has: {known}")
    return trust.logs[prefix]
