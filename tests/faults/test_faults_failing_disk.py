"""A disk that fails by chance in one call of a hundred: what was acknowledged is in the log once, and no root was forked."""

import errno
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

import httpx
import pytest
from evidence_read import checkpoint, read_log
from failing_disk import CALLS, WRITES, FailingService
from invariants import Rule, Violation
from log_client import entry, until_logged
from log_invariants import complete, entries_of, prefixes

from goodstanding.checkpoint import Checkpoint
from goodstanding.events import Leaf

pytestmark = pytest.mark.timeout(180)

SEED = 20_260_504
CHANCE = 0.01
BATCHES, BATCH = 120, 5
"""More entries than a bundle and a tile hold."""
TRIES = 40
"""How often a client asks for one batch before it gives up."""


@dataclass
class Day:
    """What a client did and saw."""

    acknowledged: list[str] = field(default_factory=list)
    refusals: int = 0
    seen: list[Checkpoint] = field(default_factory=list)
    wrecks: list[Violation] = field(default_factory=list)


def work(service: FailingService) -> Day:
    """Submit batch after batch, each until it is acknowledged; every second one a second time. Look at what is shown."""
    day = Day()
    for number in range(BATCHES):
        batch = [entry(number * BATCH + position) for position in range(BATCH)]
        for sent in [batch, batch[::-1]][: 1 + number % 2]:
            if submitted(service, sent, day) and sent is batch:
                day.acknowledged += [each["event_id"] for each in batch]
        look(service, day)
    return day


def submitted(service: FailingService, batch: list[dict[str, str]], day: Day) -> bool:
    """Ask until it is acknowledged, and start the service again whenever it has died."""
    for _ in range(TRIES):
        with suppress(httpx.HTTPError):
            answer = service.client.post("/internal/entries", json={"entries": batch})
            if answer.status_code == 200:
                return True
            assert answer.status_code >= 500, answer.text
        day.refusals += 1
        service.revive()
    return False


def look(service: FailingService, day: Day) -> None:
    """Read what anybody may read: the checkpoint, then the files, of which no published one may be missing."""
    log = read_log(service.folder / "var" / "log", service.keys)
    day.seen += [log.published] if log.published else []
    day.wrecks += complete(log.published, log.files)
    with suppress(httpx.HTTPError):
        answer = service.client.get("/log/checkpoint")
        if answer.status_code == 200:
            day.seen.append(checkpoint(answer.content, service.keys))


def settled(service: FailingService, day: Day) -> Iterator[Violation]:
    """What is wrong once the disk fails no more."""
    with suppress(AssertionError):  # a log that stops for a person is told below
        service.heal()
    service.client.post("/internal/entries", json={"entries": [entry(BATCHES * BATCH)]}).raise_for_status()
    until_logged(service, entry(BATCHES * BATCH)["event_id"])
    log = read_log(service.folder / "var" / "log", service.keys)
    logged = [Leaf.decode(leaf).event_id for leaf in entries_of(log.published.size, log.files)]
    yield from day.wrecks
    yield from complete(log.published, log.files)
    yield from prefixes(day.seen, log.published, log.files)
    for event_id in day.acknowledged:
        if (times := logged.count(event_id)) != 1:
            yield Violation(Rule.KEPT if times == 0 else Rule.LOGGED_ONCE, f"{event_id} is there {times} times")
    if len(logged) != len(set(logged)):
        yield Violation(Rule.LOGGED_ONCE, "an event is in the log twice")


@pytest.fixture
def open_service(tmp_path):
    services = []

    def make(**how) -> FailingService:
        services.append(FailingService(tmp_path, seed=SEED, **how))
        services[-1].start()
        return services[-1]

    yield make
    for service in services:
        service.close()


@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC], ids=errno.errorcode.get)
def test_a_disk_that_fails_now_and_then_costs_nothing_but_time(open_service, table, error):
    service = open_service()
    service.fail(CHANCE, error)
    day = work(service)
    violations = list(settled(service, day))
    table.failing(errno.errorcode[error], day.refusals, service.deaths, len(day.acknowledged), len(violations))
    assert violations == []
    assert len(day.acknowledged) == BATCHES * BATCH
    assert day.refusals > 0, "nothing failed: nothing was shown"
    assert '"a step failed and is tried again"' in (service.folder / "service.log").read_text()
    report = service.audit("fsck", "--json")
    assert report.returncode == 0, report.stdout
    assert json.loads(report.stdout)["size"] == BATCHES * BATCH + 1


@pytest.mark.parametrize(
    ("wrong", "rule", "chance", "calls"),
    [("deaf_store", Rule.COMPLETE, 0.2, WRITES), ("accepted_before_commit", Rule.KEPT, 0.03, CALLS)],
    ids=["store", "database"],
)
def test_who_takes_no_notice_of_a_failure_is_found_out(open_service, table, wrong, rule, chance, calls):
    service = open_service(wrong=wrong)
    service.fail(chance, errno.EIO, calls)
    found = [violation.rule for violation in settled(service, work(service))]
    table.control(f"disk that fails: {wrong}", rule, runs=1, reported=found.count(rule))
    assert rule in found
