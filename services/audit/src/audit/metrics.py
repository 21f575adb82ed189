"""Figures for Prometheus: counted here, or read from the log when they are asked for."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
PREFIX = "goodstanding_audit"
STEP_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


@dataclass(frozen=True, slots=True)
class Figures:
    """One look at the log. What could not be read is None."""

    stopped: bool
    waiting: int | None  # entries without an index
    store_up: bool  # the store of published files answers
    tree_size: int | None  # as published
    cosigned_at: datetime | None  # the published checkpoint's signed time
    cosignatures: int | None = None  # of witnesses, under the published checkpoint; None without a policy
    quorum: bool = False  # whether they are enough


class Metrics:
    """What this process counts."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.requests = Counter(
            f"{PREFIX}_requests", "Requests answered, by route and status.", ("route", "status"),
            registry=self._registry,
        )  # fmt: skip
        self.steps = Histogram(
            f"{PREFIX}_sequencer_step_seconds", "Time from entries without an index to their publication, by batch.",
            buckets=STEP_SECONDS, registry=self._registry,
        )  # fmt: skip

    def text(self, figures: Figures, now: datetime) -> bytes:
        """Everything in the text format."""
        return generate_latest(self._registry) + generate_latest(_Now(figures, now))


@dataclass(frozen=True, slots=True)
class _Now(Collector):
    figures: Figures
    now: datetime

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The state of the log now."""
        figures = self.figures
        yield _gauge("database_up", "1 while the database answers.", figures.waiting is not None)
        yield _gauge("store_up", "1 while the store of published files answers.", figures.store_up)
        yield _gauge("sequencer_stopped", "1 when the sequencer has stopped: a person must look.", figures.stopped)
        if figures.waiting is not None:
            yield _gauge("waiting_entries", "Entries that have no index yet.", figures.waiting)
        if figures.tree_size is not None:
            yield _gauge("tree_size", "Size of the published tree.", figures.tree_size)
        if figures.cosignatures is not None:
            yield _gauge("witness_cosignatures", "Witnesses under the published checkpoint.", figures.cosignatures)
            yield _gauge("witness_quorum", "1 while they are as many as the policy asks for.", figures.quorum)
        if figures.cosigned_at is not None:
            age = (self.now - figures.cosigned_at).total_seconds()
            yield _gauge("cosignature_age_seconds", "Age of the newest time cosignature.", age)


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"{PREFIX}_{name}", text, value=float(value))
