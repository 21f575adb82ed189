"""docs/monitoring.md, done as it stands there: the demo's log watched with our monitor and with somebody else's tool."""

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from goodstanding.monitoring.checks import Bounds
from goodstanding.monitoring.findings import EXIT

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "monitoring.md"

pytestmark = [pytest.mark.docs, pytest.mark.timeout(280)]

ELSEWHERE = ("var/scales", "var/seen", "var/sigstore", "var/entry")
"""What blocks of other tools name; those of @sigstore/verify are done by tests/conformance, which has Node."""


def blocks() -> list[str]:
    return [block.strip() for block in re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL)]


@pytest.fixture(scope="module")
def scales(demo: Any) -> str:
    """tlog-scales where the page puts it, installed by the lock of the conformance tests; the version it installs."""
    sys.path.insert(0, str(ROOT / "tests" / "conformance"))
    from foreign_tools import BUILD, NotInstalled, install_python, versions

    try:
        python = install_python(BUILD)
    except NotInstalled as error:
        pytest.skip(f"tlog-scales cannot be installed here: {error}")
    (demo.folder / "var/scales").symlink_to(python.parents[1], target_is_directory=True)
    return versions()["tlog-scales"]


@pytest.fixture(scope="module")
def done(demo: Any) -> dict[str, str]:
    """Every block about our monitor in its order, and what it printed."""
    printed = {}
    for block in blocks():
        if not any(other in block for other in ELSEWHERE):
            ended = demo.run(block)
            assert ended.returncode == 0, f"{block}\n{ended.stdout}\n{ended.stderr}"
            printed[block] = ended.stdout
    return printed


def test_our_monitor_finds_nothing_in_the_demos_log(done: dict[str, str]) -> None:
    first, again, both, bodies = done.values()
    size = int(re.search(r"(\d+) entries verified, \1 of them new", first)[1])
    assert "nothing found" in first
    assert json.loads(again)["exitStatus"] == 0
    assert json.loads(again)["size"] >= size > 300
    assert re.search(r"^[1-9]\d* tree sizes compared\nnothing found$", both, re.MULTILINE)
    assert re.search(r"^[1-9]\d* bodies open their leaves$", bodies, re.MULTILINE)


def test_somebody_elses_tool_comes_to_the_same(demo: Any, scales: str, done: dict[str, str]) -> None:
    install, keep, check = (block for block in blocks() if "var/scales" in block or "var/seen" in block)
    assert f"pip install --quiet tlog-scales=={scales}" in install
    assert demo.run(keep).returncode == 0
    ended = demo.run(check)
    assert ended.returncode == 0, ended.stderr
    said = r"^[1-9]\d+ entries lead to the signed root, and begin with the [1-9]\d+ seen before$"
    assert re.search(said, ended.stdout, re.MULTILINE)


def test_the_table_has_every_finding_and_its_exit_status() -> None:
    rows = re.findall(r"^\| (\d+) \| `([A-Z_]+)` \|", PAGE.read_text(), re.MULTILINE)
    assert [(int(status), kind) for status, kind in rows] == [(status, kind.value) for kind, status in EXIT.items()]


def test_the_bounds_are_those_of_the_monitor() -> None:
    bounds, text = Bounds(), PAGE.read_text()
    assert (bounds.recording.total_seconds() / 3600, bounds.inclusion.total_seconds()) == (24, 60)
    assert "more than 24 hours from decision to record, or more than 60 seconds from record to checkpoint" in text
    assert (bounds.removal_share, bounds.removal_least) == (0.1, 5)
    assert "more than a tenth of the accreditations, and at least five" in text
