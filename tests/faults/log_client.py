"""What a client of the log's process submits, and how it waits for it."""

from datetime import UTC, datetime

from failing_disk import FailingService

from goodstanding.canonical import b64u
from goodstanding.events import Leaf, commitment


def entry(number: int) -> dict[str, str]:
    """The first entry of a subject of its own."""
    event_id = f"0197c000-0000-7000-8000-{number:012x}"
    body, salt = b'{"number":%d}' % number, number.to_bytes(32, "big")
    at = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
    leaf = Leaf("decision", event_id, number.to_bytes(16, "big"), None, at, commitment(salt, body))
    return {"event_id": event_id, "leaf": b64u(leaf.encode()), "body": b64u(body), "salt": b64u(salt)}


def until_logged(service: FailingService, event_id: str) -> None:
    """Wait until the log proves an entry."""
    for _ in range(1000):
        answer = service.client.post("/internal/proofs", json={"event_ids": [event_id]})
        if answer.status_code == 200 and answer.json()["proofs"]:
            return
    raise AssertionError(f"{event_id} never was logged\n{service.last_words()}")
