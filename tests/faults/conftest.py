"""A register as a process of its own, to be killed and cut off, and clients outside of it."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.append(str(Path(__file__).resolve().parents[1] / "bench"))

from fault_table import FILE, Table
from house_templates import Houses
from officials import Officials
from postgres_server import in_a_thread

from goodstanding_standalone.front import Front, FrontError, until
from goodstanding_standalone.register import open_register
from goodstanding_standalone.sample.model import Size
from goodstanding_standalone.sample.seed import seed
from goodstanding_standalone.settings import StandaloneSettings

HERE = Path(__file__).resolve().parent
TABLE = pytest.StashKey[Table]()
READY_SECONDS = 60
SMALL = Size(organisations=40, accreditations=16, listed=2)
COMMAND = (Path(sys.executable).with_name("goodstanding-standalone"), "serve")


@dataclass(slots=True)
class Server:
    """The process, started and killed as often as a test likes, always on the same folder and port."""

    settings: StandaloneSettings
    command: Sequence[Any] = COMMAND
    process: asyncio.subprocess.Process | None = None
    client: httpx.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        self.client = httpx.AsyncClient(base_url=self.settings.public_origin, trust_env=False, timeout=20)

    @property
    def front(self) -> Front:
        return Front(self.client)

    async def start(self) -> None:
        """Start, and wait until it says that it is ready."""
        environment = {**os.environ, "GOODSTANDING_VAR": str(self.settings.var),
                       "GOODSTANDING_PORT": str(self.settings.port)}  # fmt: skip
        log = self.settings.var.with_name("server.log")
        with log.open("ab") as output:
            self.process = await asyncio.create_subprocess_exec(*self.command, env=environment, stderr=output)

        async def ready() -> bool | None:
            assert self.process is not None
            assert self.process.returncode is None, log.read_text()[-2000:]
            with contextlib.suppress(httpx.HTTPError):
                return True if (await self.client.get("/readyz")).status_code == 200 else None
            return None

        await until(ready, "the server is not ready", READY_SECONDS)

    async def kill(self) -> None:
        """kill -9: no time for a last word."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        await self.process.wait()

    async def stop(self) -> None:
        """End whatever still runs."""
        await self.client.aclose()
        if self.process is not None and self.process.returncode is None:
            await self.kill()


Open = Callable[..., Awaitable[Officials]]


@pytest.fixture
async def open_server(tmp_path: Path) -> AsyncIterator[Open]:
    """Make a folder with a small sample, start a server on it, and sign two officials in."""
    servers: list[Server] = []

    async def make(command: Sequence[Any] = COMMAND) -> Officials:
        with socket.create_server(("127.0.0.1", 0)) as sock:
            port = sock.getsockname()[1]
        settings = StandaloneSettings(var=tmp_path / "var", port=port)
        async with open_register(settings) as register:
            await seed(register, settings.var, lambda *_: None, size=SMALL)
            tokens = {member: await register.token(member) for member in ("proposer", "approver")}
        servers.append(Server(settings, command))
        await servers[-1].start()
        return Officials(servers[-1], tokens)

    yield make
    for server in servers:
        await server.stop()


@pytest.fixture
def patiently() -> Callable[..., Awaitable[Any]]:
    """Ask again until there is an answer; an answer that fails is none."""

    async def ask(question: Callable[[], Awaitable[Any]], what: str, seconds: float) -> Any:
        async def asked() -> Any:
            try:
                return await question()
            except FrontError:
                return None

        return await until(asked, what, seconds)

    return ask


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is in this folder is run by `make faults`, and by nothing else."""
    for item in items:
        if item.path.parent == HERE:
            item.add_marker(pytest.mark.faults)


@pytest.fixture(scope="session")
def houses_on(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Houses]:
    """The houses in which a day may begin, on a kind of database; see `house_templates.py`."""

    @cache
    def made(backend: str) -> Houses:
        databases = request.getfixturevalue("postgres") if backend == "postgres" else None
        houses = Houses(tmp_path_factory.mktemp(backend), databases)
        with pytest.MonkeyPatch.context() as patch:
            in_a_thread(asyncio.run, houses.make(patch.setattr))
        return houses

    return made


@pytest.fixture
def houses(houses_on: Callable[[str], Houses], backend: str) -> Houses:
    """The houses on the kind of database that the test runs on."""
    return houses_on(backend)


@pytest.fixture(scope="session")
def table(pytestconfig: pytest.Config) -> Table:
    return pytestconfig.stash.setdefault(TABLE, Table())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print what was broken, and keep it for whoever comes later."""
    table = config.stash.get(TABLE, None)
    if table is not None:
        table.write(config.rootpath / FILE)
        terminalreporter.section("faults")
        terminalreporter.write_line(table.text())
