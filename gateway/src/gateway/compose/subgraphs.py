"""Fetching the subgraphs' SDL and keeping the last composition that held."""

from collections.abc import Mapping
from typing import Final

import structlog

from gateway.compose.execute import Executor
from gateway.compose.schema import compose
from gateway.compose.services import Local, Remote, Service
from gateway.guards.limits import DocumentLimits
from gateway.upstream import Upstreams
from gateway.verification.graph import Context, subgraph

_log = structlog.get_logger("gateway.compose")

VERIFICATION: Final = "verification"


def services(upstreams: Upstreams, context: Context) -> dict[str, Service]:
    """The subgraphs of this gateway, in the order in which they are preferred for fields that several answer."""
    return {
        "registry": Remote("registry", upstreams.registry),
        "audit": Remote("audit", upstreams.audit),
        VERIFICATION: Local(subgraph(), context),
    }


class Supergraph:
    """The composed schema as it is now; `executor` is None until every subgraph has been seen once."""

    def __init__(self, services: Mapping[str, Service], limits: DocumentLimits, *, introspection: bool = True) -> None:
        self._services = services
        self._limits = limits
        self._introspection = introspection
        self._sdl: dict[str, str] = {}
        self.executor: Executor | None = None

    async def refresh(self) -> bool:
        """Fetch and compose; what was composed before stays in use when that fails.

        Raises UpstreamError when a service is away, CompositionError when the subgraphs do not fit together.
        """
        sdl = {name: await service.sdl() for name, service in self._services.items()}
        if sdl != self._sdl:
            composition = compose(sdl)
            self.executor = Executor(composition, self._services, self._limits, introspection=self._introspection)
            self._sdl = sdl
            _log.info("composed", types=len(composition.owners), entities=sorted(composition.keys))
        return False
