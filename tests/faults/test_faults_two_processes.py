"""Two processes of the log on one database and one folder: one goes on, the other stops, and nothing is lost or there twice."""

import json

import pytest
from evidence_read import read_log
from failing_disk import FailingService
from log_client import entry, until_logged
from log_invariants import complete, entries_of

from goodstanding.events import Leaf

BATCHES, BATCH = 30, 5


@pytest.fixture
def services(tmp_path):
    """Both are up before the first entry comes."""
    both = [FailingService(tmp_path, seed=1), FailingService(tmp_path, seed=2)]
    for service in both:
        service.start()
    yield both
    for service in both:
        service.close()


def submit(service, batch):
    service.client.post("/internal/entries", json={"entries": batch}).raise_for_status()


def test_one_of_two_processes_goes_on_and_the_other_says_that_it_stopped(services):
    batches = [[entry(number * BATCH + position) for position in range(BATCH)] for number in range(BATCHES)]
    for number, batch in enumerate(batches):
        submit(services[number % 2], batch)
        if number % 3 == 0:  # the same again, at the other one's door, in another order
            submit(services[(number + 1) % 2], batch[::-1])
    until_logged(services[0], batches[-1][0]["event_id"])

    states = [service.client.get("/readyz").json() for service in services]
    assert sorted(state["ready"] for state in states) == [False, True]
    (missing,) = next(state["missing"] for state in states if not state["ready"])
    assert "another" in missing
    assert "Run one sequencer per log" in missing

    log = read_log(services[0].folder / "var" / "log", services[0].keys)
    assert complete(log.published, log.files) == []
    logged = [Leaf.decode(leaf).event_id for leaf in entries_of(log.published.size, log.files)]
    assert sorted(logged) == [each["event_id"] for batch in batches for each in batch]
    assert json.loads(services[0].audit("fsck", "--json").stdout)["findings"] == []


def test_the_one_that_stopped_goes_on_after_a_restart_when_the_other_is_gone(services):
    for number in range(BATCHES):
        submit(services[number % 2], [entry(number)])
    until_logged(services[0], entry(BATCHES - 1)["event_id"])
    stopped, other = sorted(services, key=lambda service: service.client.get("/readyz").json()["ready"])
    other.kill()
    submit(stopped, [entry(BATCHES)])  # accepted, though this process will not log it
    stopped.heal()
    until_logged(stopped, entry(BATCHES)["event_id"])
    assert stopped.audit("fsck").returncode == 0
