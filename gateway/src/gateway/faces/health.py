"""`/healthz`, `/readyz`, `/metrics`: for whoever runs the gateway.

Ready means that the feed was read to its end under a verified checkpoint and the subgraphs have been composed. A
follower that fails later is shown, but does not end readiness: old answers stay true and say themselves how fresh they are.
"""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from gateway.compose.subgraphs import Supergraph
from gateway.followers import Follower
from gateway.metrics import MEDIA_TYPE, Metrics
from gateway.verification.edge import Edge
from goodstanding.canonical import format_time
from goodstanding.mirror import signed_time


def routes(edge: Edge, supergraph: Supergraph, followers: tuple[Follower, ...], metrics: Metrics) -> APIRouter:
    """The operator's paths."""
    router = APIRouter(include_in_schema=False)

    @router.api_route("/healthz", methods=["GET", "HEAD"])
    async def healthz() -> Response:
        return JSONResponse({"status": "ok"}, headers=_NO_STORE)

    @router.api_route("/readyz", methods=["GET", "HEAD"])
    async def readyz() -> Response:
        missing = _missing(edge, supergraph)
        body = {"ready": not missing, "missing": missing, **_state(edge, followers)}
        return JSONResponse(body, 503 if missing else 200, _NO_STORE)

    @router.get("/metrics")
    async def figures() -> Response:
        return Response(metrics.text(), headers=_NO_STORE, media_type=MEDIA_TYPE)

    return router


_NO_STORE = {"Cache-Control": "no-store"}


def _missing(edge: Edge, supergraph: Supergraph) -> list[str]:
    missing = []
    if edge.sources.mirror.newest is None:
        missing.append("no checkpoint of the log has been verified yet")
    elif not edge.caught_up:
        missing.append("the feed has not been read to its end yet")
    if supergraph.executor is None:
        missing.append("the subgraphs have not been composed yet")
    return missing


def _state(edge: Edge, followers: tuple[Follower, ...]) -> dict[str, Any]:
    newest = edge.sources.mirror.newest
    return {
        "tree_size": edge.sources.mirror.size,
        "signed_time": format_time(signed_time(newest)) if newest else None,
        "followers": {
            follower.name: {"healthy": follower.status.healthy, "error": follower.status.error}
            for follower in followers
        },
    }
