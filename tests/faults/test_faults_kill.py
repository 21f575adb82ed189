"""kill -9 in the middle of 200 grants: what was acknowledged is there once, in the log once, with a proof."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from goodstanding import Trust, verify_record
from goodstanding.canonical import parse_json, unb64u
from goodstanding.checkpoint import TlogProof, verify_checkpoint, verify_tlog_proof
from goodstanding.events import open_event
from goodstanding_standalone.front import FrontError
from goodstanding_standalone.sample.authorities import MAIN

pytestmark = pytest.mark.timeout(600)

GRANTS = 200
KILLED_AT = (30, 90, 150)  # acknowledged grants
CLIENTS = 8
LOGGED_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Ledger:
    """What the client was told, kept outside the server: number -> decision, a line as soon as it is known."""

    path: Path

    def note(self, number: str, event_id: str) -> None:
        with self.path.open("a") as file:
            file.write(f"{number} {event_id}\n")

    def read(self) -> dict[str, str]:
        lines = self.path.read_text().splitlines() if self.path.exists() else []
        return dict(line.split() for line in lines)


async def grant_until(officials, proposals, ledger, most):
    """Approve, several at a time, until `most` are acknowledged; what is under way then is cut off by the kill."""
    waiting = [number for number in proposals if number not in ledger.read()]

    async def client() -> None:
        while waiting and len(ledger.read()) < most:
            number = waiting.pop()
            ledger.note(number, await officials.approve(proposals[number], f"grant-{number}"))

    clients = [asyncio.create_task(client()) for _ in range(CLIENTS)]
    while len(ledger.read()) < most and not all(client.done() for client in clients):
        await asyncio.wait(clients, timeout=0.02)
    return clients


async def test_no_acknowledged_grant_is_lost_or_doubled(open_server, patiently, tmp_path):
    officials = await open_server()
    server, ledger = officials.server, Ledger(tmp_path / "acknowledged")
    proposals = {}
    for position in range(GRANTS):
        number = await officials.apply(f"Recruiter {position}")
        proposals[number] = await officials.propose(number, "grant")

    # when the process is killed three times in the middle, and started again
    for most in KILLED_AT:
        clients = await grant_until(officials, proposals, ledger, most)
        await server.kill()
        ended = await asyncio.gather(*clients, return_exceptions=True)
        assert all(end is None or isinstance(end, FrontError | httpx.HTTPError) for end in ended), ended
        acknowledged = ledger.read()
        assert most <= len(acknowledged) < GRANTS
        await server.start()
        # then a question that is asked again is answered as it was
        for number, event_id in list(acknowledged.items())[:5]:
            assert await officials.approve(proposals[number], f"grant-{number}") == event_id
    await asyncio.gather(*await grant_until(officials, proposals, ledger, GRANTS))

    # then every grant is there once, in the log once, with a proof that verifies
    granted = ledger.read()
    assert granted.keys() == proposals.keys()
    log = Trust.load(server.settings.var / "trust.json").logs["TEST"]

    async def all_logged():
        times = Counter(await read_feed(server, log))
        return times if set(granted.values()) <= times.keys() else None

    times = await patiently(all_logged, "not every grant is in the log", LOGGED_SECONDS)
    assert {event_id: times[event_id] for event_id in granted.values()} == dict.fromkeys(granted.values(), 1)
    for number, event_id in granted.items():
        await there_once(officials, number, event_id)
        await patiently(lambda number=number: released(server, number), f"no record of {number}", LOGGED_SECONDS)
        await proved(server, number, event_id)


async def read_feed(server, log):
    """The ids of all events a verified checkpoint covers, in order, read as a stranger would; bodies are opened."""
    events, covered = [], 0
    while True:
        page = (await server.client.get(f"/feed?after={len(events) - 1}")).content
        lines = [parse_json(line, max_bytes=64_000) for line in page.splitlines()]
        if not any("index" in line for line in lines):
            return events[:covered]
        for line in lines:
            if "checkpoint" in line:
                checkpoint = verify_checkpoint(line["checkpoint"].encode(), log=log.vkey, time_cosigner=log.time_vkey)
                covered = max(covered, checkpoint.checkpoint.size)
            else:
                assert line["index"] == len(events)
                leaf, _ = open_event(unb64u(line["leaf"]), unb64u(line["body"]), unb64u(line["salt"]))
                events.append(leaf.event_id)


async def there_once(officials, number, event_id):
    data = await officials.server.front.graphql(
        "query($n: String!) { accreditation(number: $n) { decisions(first: 10) { edges { node "
        "{ eventId act pending } } } } }", {"n": number},
    )  # fmt: skip
    decisions = [edge["node"] for edge in data["accreditation"]["decisions"]["edges"]]
    assert [decision["act"] for decision in decisions] == ["apply", "grant"], number
    assert decisions[1] == {"eventId": event_id, "act": "grant", "pending": False}


async def released(server, number):
    answer = await server.client.get(f"/records/{number}")
    return answer if answer.status_code == 200 else None


async def proved(server, number, event_id):
    trust = Trust.load(server.settings.var / "trust.json")
    log, issuer = trust.logs["TEST"], trust.issuers[f"{server.settings.public_origin}/authorities/{MAIN}"]
    record = verify_record((await server.client.get(f"/records/{number}")).text, issuer.keys)
    proof = TlogProof.parse((await server.client.get(f"/records/{number}.tlog-proof")).content)

    verify_tlog_proof(proof, record.leaf_hash, log=log.vkey, time_cosigner=log.time_vkey)
    assert (record.number, record.body["event_id"], record.body["act"]) == (number, event_id, "grant")
