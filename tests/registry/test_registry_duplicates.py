"""One request sent sixty-four times to four servers of one register: one decision, one event, one answer for everybody."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
from collections import Counter

import httpx
import pytest
from core_world import HOME, LABOUR, LICENCE, CoreWorld, found
from log_simulator import LogSimulator
from patience import until

from goodstanding.clock import system_clock

pytestmark = [pytest.mark.faults, pytest.mark.both_backends]

SERVERS, TIMES = 4, 64
COMMAND = [sys.executable, "-c", "from registry.cli import main; main()", "serve", "--no-workers"]
APPLY = """mutation ($i: ApplyInput!) { applyForAccreditation(input: $i) { __typename
  ... on DecisionDone { decision { eventId } accreditation { number } } ... on DomainError { code } } }"""
APPROVE = """mutation ($i: ApproveProposalInput!) { approveProposal(input: $i) { __typename
  ... on DecisionDone { decision { eventId } accreditation { number } } ... on DomainError { code } } }"""


class Server:
    """`registry serve`, a process of its own."""

    def __init__(self, url, var, log):
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        clean = {name: value for name, value in os.environ.items() if not name.startswith("GOODSTANDING_")}
        self._environment = clean | {
            "GOODSTANDING_DATABASE_URL": url,
            "GOODSTANDING_VAR": str(var),
            "GOODSTANDING_ORIGIN": HOME,
            "GOODSTANDING_REGISTRY_PORT": str(port),
            "GOODSTANDING_AUDIT_URL": "http://127.0.0.1:9",  # nobody there: acts do not wait for the log
            "GOODSTANDING_AUDIT_TOKEN": "a-service-token",
            "GOODSTANDING_LOG_VKEY": log.vkey,
            "GOODSTANDING_LOG_TIME_VKEY": log.time_vkey,
        }
        self.client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60)
        self._process = None

    async def start(self, output):
        with output.open("wb") as file:
            self._process = await asyncio.create_subprocess_exec(
                *COMMAND, env=self._environment, stdout=file, stderr=file
            )

        async def ready():
            assert self._process.returncode is None, output.read_text()[-3000:]
            with contextlib.suppress(httpx.HTTPError):
                return (await self.client.get("/readyz")).status_code == 200
            return False

        await until(ready, 60)

    async def stop(self):
        await self.client.aclose()
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
            await asyncio.wait_for(self._process.wait(), 30)

    async def post(self, token, query, asked):
        answer = await self.client.post(
            "/graphql", json={"query": query, "variables": {"i": asked}}, headers={"Authorization": f"Bearer {token}"}
        )
        return answer.json()


@pytest.fixture
async def house(empty_database, tmp_path):
    """A founded register, and four servers of it."""
    var = tmp_path / "var"
    var.mkdir()
    await asyncio.to_thread(found, empty_database, system_clock())
    register = CoreWorld(var, empty_database)
    register.clock.now = system_clock()
    await register.token("rita")  # makes the key that the servers read
    log = LogSimulator(system_clock)
    servers = [Server(empty_database, var, log) for _ in range(SERVERS)]
    try:
        await asyncio.gather(*(one.start(tmp_path / f"{at}.log") for at, one in enumerate(servers)))
        yield register, servers
    finally:
        await asyncio.gather(*(one.stop() for one in servers))
        await register.close()


async def sent(servers, token, query, asked):
    """The answers to one request, each by how often it came."""
    answers = await asyncio.gather(*(servers[turn % SERVERS].post(token, query, asked) for turn in range(TIMES)))
    return Counter(json.dumps(answer, sort_keys=True) for answer in answers)


async def test_sixty_four_duplicates_at_four_servers_are_one_act(house):
    register, servers = house
    organisation = await register.organisation()
    before = {table: len(rows) for table, rows in (await register.snapshot()).items()}
    asked = {"idempotencyKey": "once", "organisation": organisation, "authority": LABOUR, "scheme": LICENCE,
             "scope": {"activities": ["placement"]}}  # fmt: skip

    ((applied, times),) = (await sent(servers, await register.token("rita"), APPLY, asked)).items()
    assert times == TIMES
    number = json.loads(applied)["data"]["applyForAccreditation"]["accreditation"]["number"]

    register.clock.now = system_clock()
    proposal, digest = await register.proposed(number, "grant")
    approval = {"idempotencyKey": "once", "proposal": proposal, "digest": digest}
    ((approved, times),) = (await sent(servers, await register.token("anil"), APPROVE, approval)).items()
    assert times == TIMES
    assert json.loads(approved)["data"]["approveProposal"]["__typename"] == "DecisionDone"

    after = {table: len(rows) for table, rows in (await register.snapshot()).items()}
    grown = {table: after[table] - before[table] for table in after if after[table] != before[table]}
    assert grown.pop("accreditation_corridors", 0) == 0
    assert {name: grown[name] for name in ("accreditations", "decisions", "events", "outbox", "status_entries")} == {
        "accreditations": 1, "decisions": 2, "events": 2, "outbox": 2, "status_entries": 1,
    }  # fmt: skip


async def test_two_approvers_thirty_two_times_each_are_one_decision_and_one_refusal(house):
    register, servers = house
    number = await register.applied()
    register.clock.forward(seconds=1)
    proposal, digest = await register.proposed(number, "grant")
    approval = {"idempotencyKey": "mine", "proposal": proposal, "digest": digest}
    tokens = [await register.token(member) for member in ("anil", "asha")]

    answers = await asyncio.gather(
        *(servers[turn % SERVERS].post(tokens[turn // SERVERS % 2], APPROVE, approval) for turn in range(TIMES))
    )

    found = Counter(
        (one["__typename"], one.get("code")) for one in (answer["data"]["approveProposal"] for answer in answers)
    )
    assert found == {("DecisionDone", None): TIMES // 2, ("Conflict", "ALREADY_DECIDED"): TIMES // 2}
    assert len({one["data"]["approveProposal"]["decision"]["eventId"] for one in answers
                if "decision" in one["data"]["approveProposal"]}) == 1  # fmt: skip
