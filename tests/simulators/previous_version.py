"""The program as it was before a migration was added, taken out of git, to run beside the program of now."""

import io
import os
import subprocess
import sys
import tarfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def commit_before(migration: Path) -> str:
    """The newest commit that does not have a migration: the one before it was added, or the newest of all."""
    added = _git("log", "--format=%H", "--diff-filter=A", "--", str(migration.relative_to(ROOT))).split()
    return f"{added[-1].decode()}^" if added else "HEAD"


def take_out(commit: str, service: str, folder: Path) -> dict[str, str]:
    """Put the service's code, and the protocol's, as of a commit into a folder; returns the environment to run it in."""
    with tarfile.open(
        fileobj=io.BytesIO(_git("archive", commit, "protocol/src", f"services/{service}/src"))
    ) as archive:
        archive.extractall(folder, filter="data")
    sources = [folder / "protocol" / "src", folder / "services" / service / "src"]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GOODSTANDING_")}
    return clean | {"PYTHONPATH": os.pathsep.join(map(str, sources))}


def command(service: str, *arguments: str) -> list[str]:
    """Run a service's command line in the environment that `take_out` returned."""
    program = f"import sys, {service}; sys.argv[0] = '{service}'; from {service}.cli import main; main()"
    return [sys.executable, "-c", program, *arguments]


def _git(*arguments: str) -> bytes:
    done = subprocess.run(["git", "-C", ROOT, *arguments], capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(f"git {arguments[0]} failed; this test needs the history: {done.stderr.decode().strip()}")
    return done.stdout
