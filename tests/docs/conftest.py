"""A checkout of its own for the documentation's commands, with the demo running in it."""

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


@dataclass(frozen=True)
class Checkout:
    """A folder that looks like a fresh clone, and the port its demo serves on."""

    folder: Path
    port: int
    environment: dict[str, str]

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a block of shell as a reader would paste it."""
        own = command.replace("127.0.0.1:8080", f"127.0.0.1:{self.port}")
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", own], cwd=self.folder, env=self.environment, check=False,
            capture_output=True, text=True, timeout=START_SECONDS,
        )  # fmt: skip


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    folder = tmp_path_factory.mktemp("clone")
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout.splitlines()  # fmt: skip
    for name in listed:
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    (folder / ".venv").symlink_to(Path(sys.prefix), target_is_directory=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "GOODSTANDING_PORT": str(port)}
    environment.pop("GOODSTANDING_VAR", None)
    return Checkout(folder, port, environment)


@pytest.fixture(scope="session")
def demo(checkout: Checkout) -> Iterator[Checkout]:
    """`make demo` as the README says it, up until the tests are over, then Ctrl-C."""
    with (checkout.folder / "demo.log").open("w+") as log:
        process = subprocess.Popen(  # -o: the environment is ours, and must not be installed anew from the clone
            ["make", "-o", ".venv/.installed", "demo"], cwd=checkout.folder, env=checkout.environment, stdout=log, stderr=subprocess.STDOUT,
            start_new_session=True,
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
