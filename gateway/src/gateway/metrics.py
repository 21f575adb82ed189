"""Figures for Prometheus, in a registry of their own: read from what is followed when they are asked for."""

from collections.abc import Iterator
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from gateway.followers import Follower
from gateway.verification.edge import Edge
from goodstanding.clock import Clock
from goodstanding.mirror import signed_time

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """What this gateway counts."""

    def __init__(self, edge: Edge, followers: tuple[Follower, ...], clock: Clock) -> None:
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "goodstanding_gateway_requests",
            "Requests answered, by route and status.",
            ("route", "status"),
            registry=self._registry,
        )
        self._registry.register(_EdgeCollector(edge, followers, clock))

    def text(self) -> bytes:
        """The figures in the text format."""
        return generate_latest(self._registry)


class _EdgeCollector(Collector):
    def __init__(self, edge: Edge, followers: tuple[Follower, ...], clock: Clock) -> None:
        self._edge = edge
        self._followers = followers
        self._clock = clock

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Nothing: the figures are only known when collected."""
        return iter(())

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The state of the edge now."""
        sources = self._edge.sources
        newest = sources.mirror.newest
        signed = signed_time(newest) if newest else datetime.fromtimestamp(0, UTC)
        yield _gauge("tree_size", "Log entries verified and applied.", sources.mirror.size)
        yield _gauge("erased_entries", "Entries applied without their body.", sources.mirror.erased)
        yield _gauge("accreditations", "Accreditation numbers known.", len(sources.projection))
        yield _gauge("status_lists", "Status lists held.", len(sources.lists))
        yield _gauge("records", "Released records held.", len(sources.records))
        age = (self._clock() - signed).total_seconds()
        yield _gauge("signed_time_age_seconds", "Age of the newest time cosignature over the applied size.", age)
        healthy = GaugeMetricFamily(
            "goodstanding_gateway_follower_healthy", "1 while it succeeds.", labels=["follower"]
        )
        for follower in self._followers:
            healthy.add_metric([follower.name], float(follower.status.healthy))
        yield healthy


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"goodstanding_gateway_{name}", text, value=value)
