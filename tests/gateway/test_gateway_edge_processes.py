"""Gateways as processes: two on one machine, one on another, under decisions, with one of them killed."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
import uvicorn
from gateway_simulator import NUMBER, Register

from goodstanding.clock import system_clock

COMMAND = Path(sys.executable).with_name("gateway")
SECONDS = 40


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextlib.asynccontextmanager
async def served(app):
    """An application on a port of its own."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, lifespan="off", ws="none"))
    task = asyncio.ensure_future(server.serve())
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await task


@dataclass
class Process:
    """One `gateway serve`."""

    var: Path
    environment: dict
    port: int = field(default_factory=free_port)
    process: asyncio.subprocess.Process | None = None

    async def start(self):
        self.process = await asyncio.create_subprocess_exec(
            COMMAND, "serve", stderr=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL,
            env={**os.environ, **self.environment, "GOODSTANDING_VAR": str(self.var), "GOODSTANDING_PORT": str(self.port)},
        )  # fmt: skip
        self.client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", trust_env=False)

    async def ready(self):
        with contextlib.suppress(httpx.HTTPError):
            return (await self.client.get("/readyz")).status_code == 200

    async def ask(self, min_tree_size):
        answered = await self.client.get(f"/verify/{NUMBER}", params={"minTreeSize": min_tree_size})
        return answered.json()

    async def stop(self):
        await self.client.aclose()
        if self.process.returncode is None:
            self.process.kill()
            await self.process.wait()


@pytest.fixture
async def register():
    register = Register(clock=system_clock)
    register.found()
    register.grant()
    return register


@pytest.fixture
async def processes(register, tmp_path):
    """Two processes that share a folder, then one with a folder of its own."""
    trust = tmp_path / "trust.json"
    trust.write_text(json.dumps(register.trust.to_json()))
    async with served(register.registry) as registry, served(register.audit) as audit:
        environment = {
            "GOODSTANDING_REGISTRY_URL": registry, "GOODSTANDING_AUDIT_URL": audit, "GOODSTANDING_TRUST": str(trust),
        }  # fmt: skip
        made = [Process(tmp_path / name, environment) for name in ("one", "one", "other")]
        for process in made:
            await process.start()
        try:
            async with asyncio.timeout(SECONDS):
                while not all([await process.ready() for process in made]):
                    await asyncio.sleep(0.1)
            yield made
        finally:
            for process in made:
                await process.stop()


class Client:
    """Passes the greatest tree size it has seen, and remembers what was said at which size."""

    def __init__(self):
        self.seen = 0
        self.behind = 0

    async def ask(self, process, standing_at):
        with contextlib.suppress(httpx.HTTPError):  # the killed one
            verdict = await process.ask(self.seen)
            assert "reasons" in verdict, verdict
            codes = [reason["code"] for reason in verdict["reasons"]]
            if codes[0] == "BEHIND":
                self.behind += 1
                return
            assert verdict["treeSize"] >= self.seen
            self.seen = verdict["treeSize"]
            if "PENDING_LOG" not in codes and "STALE" not in codes:  # a status list is not what the log says
                assert codes[0] == standing_at(self.seen)


async def test_nobody_reads_backwards_while_processes_come_and_go(register, processes):
    history = {len(register.log.entries): "ACTIVE"}

    def standing_at(size):
        return history[max(known for known in history if known <= size)]

    async def decide():
        for _ in range(12):
            suspension = register.suspend()
            register.publish()
            history[len(register.log.entries)] = "SUSPENDED"
            await asyncio.sleep(0.1)
            register.end_suspension(suspension)
            register.publish()
            history[len(register.log.entries)] = "ACTIVE"
            await asyncio.sleep(0.1)

    first, second, _ = processes
    client, deciding = Client(), asyncio.ensure_future(decide())
    follower = first if _follows(first) else second
    for round_ in range(10_000):
        await client.ask(processes[round_ % 3], standing_at)
        if round_ == 60:
            follower.process.send_signal(signal.SIGKILL)
        if deciding.done() and round_ > 60:
            break
    await deciding
    assert client.behind

    left = [process for process in processes if process is not follower]
    async with asyncio.timeout(SECONDS):
        while not all([await _says_active(process, len(register.log.entries)) for process in left]):
            await asyncio.sleep(0.05)


async def _says_active(process, size):
    verdict = await process.ask(size)
    return (verdict["treeSize"], verdict["reasons"][0]["code"]) == (size, "ACTIVE")


def _follows(process):
    """Whether this process holds the lock: the one whose open files name it comes first in the table of locks."""
    inode = (process.var / "edge" / "lock").stat().st_ino
    holders = [line.split() for line in Path("/proc/locks").read_text().splitlines()]
    return any(int(row[4]) == process.process.pid and int(row[5].rpartition(":")[2]) == inode for row in holders)
