"""The services of compose.yaml as processes on loopback: the same commands and settings, other addresses and folders.

A volume is a folder, a secret a file, a service's name the address 127.0.0.1, and every port a free one. What is no
program of ours is left out: the proxy, and what the tests put something else in the place of, the database server and
the store of the log's files.
"""

import asyncio
import contextlib
import os
import re
import socket
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from compose_file import load

COMPOSE = Path(__file__).parents[2] / "compose.yaml"
OURS = ("registry", "audit", "gateway")
START_SECONDS, STOP_SECONDS = 30.0, 30.0
DEFAULT_PORTS = {"GOODSTANDING_REGISTRY_PORT": "8081", "GOODSTANDING_AUDIT_PORT": "8082"}  # as compose.yaml expects
IN_A_FOLDER = {"GOODSTANDING_LOG_STORE_URL": "", "GOODSTANDING_LOG_STORE_SECRET_KEY_FILE": ""}
"""For `more`: the log's files are in a folder, not in the store that compose.yaml names."""
NO_STORE = {"8333": 9}
"""For `elsewhere`, then: nobody is there."""
_ADDRESS = re.compile(r"http://(?:[a-z-]+|127\.0\.0\.1):(8\d\d\d)\b")


@dataclass(slots=True)
class Process:
    """A job or a service."""

    name: str
    command: list[str]
    environment: dict[str, str]
    log: Path
    ready_url: str | None  # of a service
    running: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start; everything it prints goes to its log."""
        program = Path(sys.executable).with_name(self.command[0])
        with self.log.open("ab") as output:
            self.running = await asyncio.create_subprocess_exec(
                program, *self.command[1:], env=self.environment, stdout=output, stderr=output
            )

    async def done(self) -> None:
        """Wait for the end of a job."""
        assert self.running is not None
        assert await self.running.wait() == 0, f"{self.name}: {self.printed()[-2000:]}"

    async def ready(self) -> None:
        """Wait until its health check is satisfied."""
        assert self.ready_url is not None
        deadline = time.monotonic() + START_SECONDS
        async with httpx.AsyncClient(trust_env=False) as client:
            while time.monotonic() < deadline:
                assert self.running is not None
                assert self.running.returncode is None, f"{self.name}: {self.printed()[-2000:]}"
                with contextlib.suppress(httpx.TransportError):
                    if (await client.get(self.ready_url)).status_code == 200:
                        return
                await asyncio.sleep(0.05)
        raise AssertionError(f"{self.name} is not ready: {self.printed()[-2000:]}")

    async def terminate(self) -> int:
        """Tell it to end, and wait for its exit status."""
        assert self.running is not None
        if self.running.returncode is None:
            self.running.terminate()
        async with asyncio.timeout(STOP_SECONDS):
            return await self.running.wait()

    def printed(self) -> str:
        """Everything it has printed."""
        return self.log.read_text() if self.log.exists() else ""


@dataclass(slots=True)
class Topology:
    """All of it. `secrets` are the contents of secret files by name; `more` is put into every environment.

    `elsewhere` says where the ports of compose.yaml are that no program of ours listens on.
    """

    folder: Path
    secrets: Mapping[str, str]
    more: Mapping[str, str] = field(default_factory=dict)
    elsewhere: Mapping[str, int] = field(default_factory=dict)
    processes: dict[str, Process] = field(default_factory=dict)
    _ports: dict[str, int] = field(default_factory=dict)
    _services: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._services = load(COMPOSE, {})["services"]
        self._ports = dict(zip(("8080", "8081", "8082", "8083"), free_ports(4), strict=True)) | dict(self.elsewhere)
        for name, content in self.secrets.items():
            path = self.folder / "secrets" / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(content)
        for name, service in self._services.items():
            if service.get("command", [""])[0] in OURS:
                self.processes[name] = self._process(name, service)

    @property
    def origin(self) -> str:
        """Where the public door is."""
        return self.address("8080")

    def address(self, port: str) -> str:
        """Where a port of compose.yaml is here."""
        return f"http://127.0.0.1:{self._ports[port]}"

    def volume(self, name: str) -> Path:
        """The folder of a volume."""
        path = self.folder / "volumes" / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    async def up(self, after: Mapping[str, Callable[[], Awaitable[None]]]) -> None:
        """Start everything in the order in which it depends on each other; do something more right after some of it."""
        done: dict[str, asyncio.Task[None]] = {}

        async def bring(name: str) -> None:
            for other in self._services[name].get("depends_on", {}):
                if other in done:
                    await done[other]
            process = self.processes[name]
            await process.start()
            await (process.ready() if process.ready_url else process.done())
            if name in after:
                await after[name]()

        async with asyncio.TaskGroup() as tasks:
            for name in self.processes:
                done[name] = tasks.create_task(bring(name))

    async def down(self) -> None:
        """End whatever still runs."""
        await asyncio.gather(*(process.terminate() for process in self.processes.values() if process.running))

    def _process(self, name: str, service: Mapping[str, Any]) -> Process:
        clean = {key: value for key, value in os.environ.items() if not key.startswith("GOODSTANDING_")}
        given = DEFAULT_PORTS | service.get("environment", {})
        mounts = dict(volume.split(":")[1::-1] for volume in service.get("volumes", ()))
        own = {key: self._here(value or "", name, mounts) for key, value in given.items()}
        check = service.get("healthcheck", {}).get("test", [""])[-1]
        url = re.search(r"http://127\.0\.0\.1:(\d+)(/\w+)", check)
        ready = f"{self.address(url[1])}{url[2]}" if url else None
        command = [self._here(word, name, mounts) for word in service["command"]]
        return Process(name, command, clean | own | self.more, self.folder / f"{name}.log", ready)

    def _here(self, value: str, service: str, mounts: Mapping[str, str]) -> str:
        if value in self._ports:
            return str(self._ports[value])
        if value == "0.0.0.0":
            return "127.0.0.1"
        value = _ADDRESS.sub(lambda match: self.address(match[1]), value)
        value = value.replace("/run/secrets/", f"{self.folder / 'secrets'}/")
        for path, volume in {"/var/lib/goodstanding": f"empty-{service}", **mounts}.items():
            value = re.sub(rf"^{path}\b", str(self.volume(volume)), value)
        return value


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on now."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [one.getsockname()[1] for one in sockets]
