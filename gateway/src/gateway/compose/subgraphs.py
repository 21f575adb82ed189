"""Fetching the subgraphs' SDL and keeping the last composition that held."""

import json
from typing import Final

import structlog

from gateway.compose.forward import VERIFICATION, Executor
from gateway.compose.route import Router
from gateway.compose.schema import MAX_SDL, Composition, CompositionError, compose
from gateway.guards.limits import DocumentLimits
from gateway.upstream import Upstreams, read
from gateway.verification.graph import Context, subgraph

SERVICES: Final = ("registry", "audit")
"""Remote subgraphs, in the order of precedence for entities."""

_QUERY = json.dumps({"query": "{ _service { sdl } }"}).encode()
_HEADERS = {"Content-Type": "application/json", "Accept": "application/json"}

_log = structlog.get_logger("gateway.compose")


class Supergraph:
    """The composed schema as it is now; None until every subgraph has been seen once."""

    def __init__(self, upstreams: Upstreams, context: Context, limits: DocumentLimits, *, introspection: bool) -> None:
        self._upstreams = upstreams
        self._context = context
        self._limits = limits
        self._introspection = introspection
        self._local = subgraph()
        self._sdl: dict[str, str] = {}
        self.executor: Executor | None = None

    async def refresh(self) -> bool:
        """Fetch and compose; what was composed before stays in use when that fails.

        Raises UpstreamError when a service is away, CompositionError when the subgraphs do not fit together.
        """
        sdl = {name: await self._fetch(name) for name in SERVICES}
        sdl[VERIFICATION] = self._local.as_str()
        if sdl != self._sdl:
            self._use(compose(sdl))
            self._sdl = sdl
        return False

    def _use(self, composition: Composition) -> None:
        router = Router(composition, self._limits, introspection=self._introspection)
        self.executor = Executor(router, self._upstreams, self._local, self._context)
        _log.info("composed", fields=len(composition.owners), left_out=list(composition.left_out))

    async def _fetch(self, name: str) -> str:
        answer = await read(
            self._upstreams.named(name), "/graphql", method="POST", headers=_HEADERS, content=_QUERY, limit=2 * MAX_SDL
        )
        try:
            sdl = json.loads(answer.body)["data"]["_service"]["sdl"]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise CompositionError(f"{name} answered {answer.status} and no SDL when asked for its subgraph") from error
        if not isinstance(sdl, str):
            raise CompositionError(f"{name} answered an SDL that is no text")
        return sdl
