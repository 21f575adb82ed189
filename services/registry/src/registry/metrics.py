"""Figures for Prometheus: counted here, or read from the database when they are asked for."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from registry.issuance.figures import Figures
from registry.issuance.ledger import ASIDE, PROVE, RELEASE, SUBMIT

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
PREFIX = "goodstanding_registry"


class Metrics:
    """What this process counts."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.requests = Counter(
            f"{PREFIX}_requests",
            "Requests answered, by route and status.",
            ("route", "status"),
            registry=self._registry,
        )

    def text(self, figures: Figures | None, *, halted: bool, now: datetime) -> bytes:
        """Everything in the text format; no figures when the database did not answer."""
        return generate_latest(self._registry) + generate_latest(_Now(figures, halted, now))


@dataclass(frozen=True, slots=True)
class _Now(Collector):
    figures: Figures | None
    halted: bool
    now: datetime

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The state of the registry now."""
        figures = self.figures
        yield _gauge("database_up", "1 while the database answers.", float(figures is not None))
        yield _gauge("relay_halted", "1 when this process's relay has halted: a person must look.", float(self.halted))
        if figures is None:
            return
        rows = _gauge(
            "outbox_rows", "Events on their way, by stage; ASIDE: refused by the log for good.", label="stage"
        )
        age = _gauge("outbox_oldest_age_seconds", "Age of the oldest event of a stage; 0 for none.", label="stage")
        for stage in (SUBMIT, PROVE, RELEASE, ASIDE):
            rows.add_metric([stage], figures.waiting.get(stage, 0))
            age.add_metric([stage], (self.now - figures.oldest.get(stage, self.now)).total_seconds())
        versions = _gauge("status_list_version", "How often a status list has changed.", label="list")
        for name, version in figures.list_versions.items():
            versions.add_metric([name], version)
        yield from (rows, age, versions)


def _gauge(name: str, text: str, value: float | None = None, *, label: str | None = None) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"{PREFIX}_{name}", text, value=value, labels=[label] if label else None)
