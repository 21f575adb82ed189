"""A checkout of its own for the documentation's commands, with the demo running in it."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
START_SECONDS = 150
PORTS = ("8080", "8081", "8082")


@dataclass(frozen=True)
class Checkout:
    """A folder that looks like a fresh clone, and where its services listen instead of on `PORTS`."""

    folder: Path
    ports: dict[str, int]

    @property
    def environment(self) -> dict[str, str]:
        """The reader's environment, but for the ports."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("GOODSTANDING_")}
        gateway, registry, audit = (str(self.ports[port]) for port in PORTS)
        return clean | {
            "GOODSTANDING_PORT": gateway, "GOODSTANDING_REGISTRY_PORT": registry, "GOODSTANDING_AUDIT_PORT": audit,
            "GOODSTANDING_REGISTRY_URL": f"http://127.0.0.1:{registry}",
            "GOODSTANDING_AUDIT_URL": f"http://127.0.0.1:{audit}",
        }  # fmt: skip

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a block of shell as a reader would paste it."""
        return subprocess.run(
            self._bash(command), cwd=self.folder, env=self.environment, check=False, capture_output=True, text=True,
            timeout=START_SECONDS,
        )  # fmt: skip

    def terminal(self, command: str) -> "subprocess.Popen[bytes]":
        """Run a block whose last command stays, in a terminal of its own: the file `<command>.log`."""
        *before, last = command.splitlines()
        with (self.folder / f"{last}.log").open("wb") as screen:
            return subprocess.Popen(
                self._bash("\n".join((*before, f"exec {last}"))), cwd=self.folder, env=self.environment,
                stdout=screen, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip

    def _bash(self, command: str) -> list[str]:
        for port, own in self.ports.items():
            command = command.replace(f"127.0.0.1:{port}", f"127.0.0.1:{own}")
        return ["bash", "-euo", "pipefail", "-c", command]


def clone(folder: Path) -> Checkout:
    """Copy what a clone would hold; the environment is ours."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout.splitlines()  # fmt: skip
    for name in listed:
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    (folder / ".venv").symlink_to(Path(sys.prefix), target_is_directory=True)
    with contextlib.ExitStack() as held:
        free = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in PORTS]
        return Checkout(folder, {port: one.getsockname()[1] for port, one in zip(PORTS, free, strict=True)})


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A clone for the README's commands."""
    return clone(tmp_path_factory.mktemp("clone"))


@pytest.fixture(scope="session")
def own_checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """Another clone, for a page that makes a register of its own."""
    return clone(tmp_path_factory.mktemp("clone"))


@pytest.fixture(scope="session")
def lost_checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """Another clone, for a register that loses what it had."""
    return clone(tmp_path_factory.mktemp("clone"))


@pytest.fixture(scope="module")
def keys_checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """Another clone, for a register whose keys change."""
    return clone(tmp_path_factory.mktemp("clone"))


@pytest.fixture(scope="session")
def demo(checkout: Checkout) -> Iterator[Checkout]:
    """`make demo` as the README says it, up until the tests are over, then Ctrl-C."""
    with (checkout.folder / "demo.log").open("w+") as log:
        process = subprocess.Popen(  # -o: the environment is ours, and must not be installed anew from the clone
            ["make", "-o", ".venv/.installed", "demo"], cwd=checkout.folder, env=checkout.environment,
            stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        try:
            deadline = time.monotonic() + START_SECONDS
            while "Ctrl-C" not in (checkout.folder / "demo.log").read_text():
                if process.poll() is not None or time.monotonic() > deadline:
                    pytest.fail(f"make demo did not come up:\n{(checkout.folder / 'demo.log').read_text()[-3000:]}")
                time.sleep(0.2)
            yield checkout
        finally:
            os.killpg(process.pid, signal.SIGINT)
            process.wait(timeout=30)
