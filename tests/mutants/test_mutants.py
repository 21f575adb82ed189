"""Planted bugs: each patch of this folder, applied to a copy of protocol/src, fails the tests that it names.

A patch begins with what the bug is, and `# fails:` with a test each. Not all tests that would fail are named, but those
whose business it is.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PATCHES = sorted(Path(__file__).parent.glob("*.patch"))
HISTORIES = "300"  # enough to find what is planted; the test of the model runs more
TOKENS = "2000"  # of each kind, likewise

pytestmark = pytest.mark.mutants


def named(patch: Path) -> set[str]:
    """The tests that a patch must fail."""
    return set(re.findall(r"^# fails: (\S+)$", patch.read_text(), re.MULTILINE))


def run(tests: set[str], sources: Path) -> subprocess.CompletedProcess[str]:
    """Run these tests on these sources of the protocol package."""
    command = [sys.executable, "-m", "pytest", "-q", "-rf", "--tb=line", "-p", "no:cacheprovider", *sorted(tests)]
    environment = os.environ | {"PYTHONPATH": str(sources), "STANDING_HISTORIES": HISTORIES, "MUTATED_TOKENS": TOKENS}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of protocol/src under its own path, for patches."""
    shutil.copytree(ROOT / "protocol/src", tmp_path / "protocol/src", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_every_test_that_is_named_passes_without_a_patch(copy: Path) -> None:
    ended = run(set().union(*map(named, PATCHES)), copy / "protocol/src")
    assert ended.returncode == 0, ended.stdout


@pytest.mark.parametrize("patch", PATCHES, ids=lambda patch: patch.stem)
def test_what_is_planted_is_found(patch: Path, copy: Path) -> None:
    subprocess.run(["git", "apply", str(patch)], cwd=copy, check=True)
    ended = run(named(patch), copy / "protocol/src")
    failed = {line.split("[")[0] for line in re.findall(r"^FAILED (\S+)", ended.stdout, re.MULTILINE)}
    assert ended.returncode == 1, ended.stdout  # and not 2, which says that nothing was run
    assert failed == named(patch), ended.stdout
