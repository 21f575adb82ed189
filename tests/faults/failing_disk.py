"""The audit service as a process whose disk fails now and then: system calls that return an error by chance (libfiu).

The chances follow from a seed, though not which call meets them: threads take turns as they like. Whoever runs the service
starts it again when it dies, as an init system does. The faults begin once it is ready: what is shown is a disk that fails
while the log is in use.
"""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from time import monotonic, sleep

import httpx
import pytest

HERE = Path(__file__).resolve().parent
TOKEN = "a-service-token"
START_SECONDS = 30
INSTALL_SECONDS = 300
CALLS = (
    "posix/io/oc/open", "posix/io/rw/write", "posix/io/rw/write/reduce", "posix/io/rw/pwrite", "posix/io/rw/ftruncate",
    "posix/io/sync/fsync", "posix/io/sync/fdatasync", "posix/io/dir/rename", "posix/io/dir/unlink",
)  # fmt: skip
"""What fails: opening, writing (or writing less than was asked), making longer, syncing, renaming, deleting."""
WRITES = ("posix/io/rw/write",)
"""What writes the log's files; SQLite writes with pwrite."""
_SERVE = (
    "import asyncio, sys, uvloop; uvloop.run = asyncio.run; sys.path.insert(0, {here!r}); from audit.cli import main{wrong}; "
    "main()"
)
"""With an event loop that wakes itself through a socket: uvloop writes to a descriptor, and ends the process where that
fails, which is no fault of a disk."""
_WRONG = "; import sabotage; sabotage.{name}(setattr)"


@cache
def fault_injection() -> None:
    """Have libfiu's programs here: the first run on a machine installs them, or the test is skipped."""
    if shutil.which("fiu-run") is None:
        for command in (["apt-get", "update"], ["apt-get", "install", "--yes", "--no-install-recommends", "fiu-utils"]):
            try:
                subprocess.run(command, check=True, capture_output=True, timeout=INSTALL_SECONDS)
            except (OSError, subprocess.SubprocessError):
                break
    if shutil.which("fiu-run") is None:
        pytest.skip("fault injection (fiu-utils) cannot be installed here")


class FailingService:
    """`audit serve` on a folder; `wrong` names what is sabotaged in it."""

    def __init__(self, folder: Path, *, seed: int, wrong: str = "") -> None:
        fault_injection()
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        self.folder = folder
        self.deaths = 0
        self.client = httpx.Client(
            base_url=f"http://127.0.0.1:{port}",
            headers={"Authorization": f"Bearer {TOKEN}"},
            trust_env=False,
            timeout=15,
        )
        self._seed = seed
        self._program = _SERVE.format(here=str(HERE), wrong=_WRONG.format(name=wrong) if wrong else "")
        self._environment = {
            **os.environ, "GOODSTANDING_VAR": str(folder / "var"), "GOODSTANDING_AUDIT_PORT": str(port),
            "GOODSTANDING_AUDIT_TOKEN": TOKEN, "GOODSTANDING_LOG_ORIGIN": "log.example/log",
        }  # fmt: skip
        self._process: subprocess.Popen[bytes] | None = None
        self._faults: tuple[float, int, Sequence[str]] | None = None

    @property
    def keys(self) -> tuple[str, str]:
        """The log's verifier key and its time cosigner's."""
        log, time = (self.folder / "vkeys").read_text().splitlines()
        return log, time

    def audit(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one of the other commands, with a disk that does not fail."""
        command = [sys.executable, "-c", _SERVE.format(here=str(HERE), wrong=""), *arguments]
        return subprocess.run(command, env=self._environment, capture_output=True, text=True, check=False, timeout=60)

    def start(self) -> None:
        """Make the log, the first time, and serve it, with the faults that were asked for last."""
        if not (self.folder / "vkeys").exists():
            assert self.audit("migrate").returncode == 0
            assert self.audit("vkeys", "--output", str(self.folder / "vkeys")).returncode == 0
        chances = {"FIU_PRNG_SEED": str(self._seed + self.deaths)}
        with (self.folder / "service.log").open("ab") as log:
            self._process = subprocess.Popen(
                ["fiu-run", "-x", "-f", self._pipes, sys.executable, "-c", self._program, "serve"],
                env=self._environment | chances, stdout=log, stderr=log,
            )  # fmt: skip
        self._wait()
        if self._faults is not None:
            self._arm(*self._faults)

    def fail(self, chance: float, error: int, calls: Sequence[str] = CALLS) -> None:
        """From now on each of these calls fails with this chance, with the error of this number."""
        self._faults = (chance, error, calls)
        self._arm(chance, error, calls)

    def heal(self) -> None:
        """Start it again, with a disk that does not fail."""
        self._faults = None
        self.kill()
        self.start()

    def kill(self) -> None:
        """kill -9."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def revive(self) -> None:
        """Start it again where it has died."""
        assert self._process is not None
        if self._process.poll() is not None:
            self.deaths += 1
            self.start()

    def close(self) -> None:
        """End it."""
        if self._process is not None:
            self.kill()
        self.client.close()

    @property
    def _pipes(self) -> str:
        return str(self.folder / "fiu")

    def _arm(self, chance: float, error: int, calls: Sequence[str]) -> None:
        assert self._process is not None
        orders = [f"enable_random name={call},probability={chance},failinfo={error}" for call in calls]
        command = ["fiu-ctrl", "-f", self._pipes, *_each("-c", orders), str(self._process.pid)]
        subprocess.run(command, check=False, capture_output=True, timeout=10)

    def _wait(self) -> None:
        assert self._process is not None
        deadline = monotonic() + START_SECONDS
        while monotonic() < deadline:
            try:
                if self.client.get("/readyz").status_code == 200:
                    return
            except httpx.HTTPError:
                pass
            assert self._process.poll() is None, self.last_words()
            sleep(0.02)
        raise AssertionError(f"the service is not ready\n{self.last_words()}")

    def last_words(self) -> str:
        """The end of what it wrote."""
        return (self.folder / "service.log").read_text()[-3000:]


def _each(option: str, values: Sequence[str]) -> list[str]:
    return [word for value in values for word in (option, value)]
