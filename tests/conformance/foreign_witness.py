"""A witness that is not ours, `aics-witness`: installed once per lock, and run as a process of its own.

It needs Python 3.12 or later, which the rest of the tests do not: where there is none, NoPython says so.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

from foreign_tools import BUILD, DONE, HERE, _digest, _run, _start_over

OWN = {"PYTHONPATH": ""}  # our sources are not for its Python
VERSIONS = ("3.12", "3.13", "3.14")
START_SECONDS = 30


class NoPython(Exception):
    """No Python on this machine is new enough."""


def newer_python():
    """A Python that can run it; NoPython when there is none."""
    if sys.version_info >= (3, 12):
        return sys.executable
    for version in VERSIONS:
        installed = sorted((Path.home() / ".pyenv" / "versions").glob(f"{version}.*/bin/python"))
        if found := (installed[-1] if installed else shutil.which(f"python{version}")):
            return str(found)
    raise NoPython("aics-witness needs Python 3.12 or later, and none was found")


def install(build=BUILD):
    """The installed program; NoPython, and NotInstalled when it cannot be had."""
    python, lock = newer_python(), HERE / "witness" / "requirements.lock"
    folder = build / f"witness-{_digest(python.encode(), lock.read_bytes())}"
    if not (folder / DONE).exists():
        _start_over(folder)
        _run([python, "-m", "venv", folder])
        pip = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _run([*pip, "--require-hashes", "-r", lock])
        (folder / DONE).touch()
    return folder / "bin" / "aics-witness"


class ForeignWitness:
    """One such witness, with its own key and database in a folder; it trusts the logs it is told of."""

    def __init__(self, program, folder, name, logs):
        self._folder = folder
        self.name = name
        self._program = str(program)
        self._config = str(folder / "witness.json")
        folder.mkdir()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        listen = f"127.0.0.1:{self.port}"
        printed = self._tell("init", "--name", name, "--listen", listen)
        self.vkey = next(word for word in printed.split() if word.startswith(f"{name}+"))
        for origin, vkey in logs.items():
            self._tell("add-log", "--origin", origin, "--vkey", vkey)

    def __enter__(self):
        self._log = (self._folder / "log").open("w")
        self._process = subprocess.Popen(
            [self._program, "serve", "--config", self._config], stdout=self._log, stderr=self._log, env=os.environ | OWN
        )
        deadline = time.monotonic() + START_SECONDS
        while not self._listens():
            assert self._process.poll() is None, (self._folder / "log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait(20)
        self._log.close()

    @property
    def line(self):
        """Its line of a policy."""
        return f"witness {self.name} {self.vkey} http://127.0.0.1:{self.port}\n"

    def _listens(self):
        with socket.socket() as knock:
            return knock.connect_ex(("127.0.0.1", self.port)) == 0

    def _tell(self, command, *words):
        return _run([self._program, command, "--config", self._config, *words], **OWN)
