"""Listening: one socket, one process per folder, and an orderly end on SIGINT and SIGTERM."""

import asyncio
import contextlib
import errno
import fcntl
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from goodstanding_standalone.errors import FolderInUse, PortInUse, StandaloneError
from goodstanding_standalone.settings import StandaloneSettings

GRACE_SECONDS = 10  # for requests under way when the process is told to end
BACKLOG = 512


class _Server(uvicorn.Server):
    """Ends on a signal and lets the caller go on, where uvicorn would end the process by the same signal again."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.answering = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets)
        self.answering.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take SIGINT and SIGTERM for as long as the server runs."""
        loop, taken = asyncio.get_running_loop(), (signal.SIGINT, signal.SIGTERM)
        for number in taken:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in taken:
                loop.remove_signal_handler(number)


@contextmanager
def listening(settings: StandaloneSettings) -> Iterator[socket.socket]:
    """Hold the port; PortInUse when somebody else does, StandaloneError for an address that is not this machine's."""
    try:
        found = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, address = found[0]
        with socket.create_server(address[:2], family=family, backlog=BACKLOG) as sock:
            yield sock
    except OSError as error:
        raise _unusable(settings, error) from error


def _unusable(settings: StandaloneSettings, error: OSError) -> StandaloneError:
    where = f"{settings.host} port {settings.port}"
    if error.errno == errno.EADDRINUSE:
        return PortInUse(f"{where} is in use. End what listens there, or choose another port with GOODSTANDING_PORT.")
    return StandaloneError(
        f"Cannot listen on {where}: {error.strerror}. Check GOODSTANDING_HOST and GOODSTANDING_PORT."
    )


@contextmanager
def sole_server(var: Path) -> Iterator[None]:
    """Be the only server on this folder; the lock ends with the process, however it ends. FolderInUse."""
    var.mkdir(parents=True, exist_ok=True, mode=0o700)  # what is restricted lies in the databases
    with (var / ".serving").open("wb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise FolderInUse(
                f"Another process serves from the folder {var}. End it, or choose another folder with GOODSTANDING_VAR."
            ) from error
        yield


@asynccontextmanager
async def serving(app: ASGIApp, sock: socket.socket) -> AsyncIterator[asyncio.Task[None]]:
    """Serve an application whose parts already run; yields, once it answers, the task that ends with a signal."""
    config = uvicorn.Config(
        app, loop="none", http="httptools", lifespan="off", log_config=None, access_log=False,
        server_header=False, timeout_graceful_shutdown=GRACE_SECONDS, timeout_keep_alive=15,
    )  # fmt: skip
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[sock]), name="http")
    try:
        await asyncio.wait([task, asyncio.ensure_future(server.answering.wait())], return_when=asyncio.FIRST_COMPLETED)
        yield task
    finally:
        server.should_exit = True
        with contextlib.suppress(asyncio.CancelledError):
            await task
