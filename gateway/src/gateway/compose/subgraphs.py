"""Fetching the subgraphs' SDL and keeping the last composition that held."""

import asyncio
from collections.abc import Mapping
from typing import Final

import structlog

from gateway.compose.execute import Executor
from gateway.compose.kept import KeptRefused, KeptSubgraphs
from gateway.compose.schema import compose
from gateway.compose.sdl import CompositionError
from gateway.compose.services import Local, Remote, Service
from gateway.guards.limits import DocumentLimits
from gateway.upstream import UpstreamError, Upstreams
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
    """The composed schema as it is now; `executor` is None until every subgraph was seen, now or before (`kept`)."""

    def __init__(
        self,
        services: Mapping[str, Service],
        limits: DocumentLimits,
        *,
        kept: KeptSubgraphs | None = None,
        introspection: bool = True,
    ) -> None:
        self._services = services
        self._limits = limits
        self._kept = kept
        self._introspection = introspection
        self._sdl: dict[str, str] = {}
        self._written: dict[str, str] = {}
        self.executor: Executor | None = None

    async def refresh(self) -> bool:
        """Fetch and compose; what was composed before stays in use when that fails.

        Where nothing was, a service that is away counts with what is kept of it. Raises UpstreamError when a service is
        away, CompositionError when one has no SDL or they do not fit together, KeptRefused, OSError.
        """
        found, away = await self._fetched()
        if away is None:
            self._use(found)
            await self._keep(found)
            return False
        if self.executor is None and self._kept is not None:
            known = await self._read(away) | found
            if known.keys() >= self._services.keys():
                self._use({name: known[name] for name in self._services})
        raise away

    async def _fetched(self) -> tuple[dict[str, str], Exception | None]:
        """The SDL of those that answer, and what is wrong with the first that does not."""
        found: dict[str, str] = {}
        away: Exception | None = None
        for name, service in self._services.items():
            try:
                found[name] = await service.sdl()
            except UpstreamError as error:
                away = away or UpstreamError(f"{name}: {error}", timed_out=error.timed_out)
            except CompositionError as error:
                away = away or error
        return found, away

    def _use(self, sdl: dict[str, str]) -> None:
        if sdl != self._sdl:
            composition = compose(sdl)
            self.executor = Executor(composition, self._services, self._limits, introspection=self._introspection)
            self._sdl = sdl
            _log.info("composed", types=len(composition.owners), entities=sorted(composition.keys))

    async def _read(self, away: Exception) -> dict[str, str]:
        assert self._kept is not None
        try:
            return await asyncio.to_thread(self._kept.read)
        except KeptRefused as error:
            raise error from away

    async def _keep(self, sdl: dict[str, str]) -> None:
        if self._kept is not None and sdl != self._written:
            await asyncio.to_thread(self._kept.write, sdl)
            self._written = sdl
