"""docs/verifying.md, done as it stands there, and every reason in its table."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from goodstanding import verdict, verifier
from goodstanding.client import asking

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/verifying.md").read_text()
EVIDENCE = {"BAD_SIGNATURE", "BAD_RECORD", "BAD_PROOF", "BAD_STATUS", "BAD_BUNDLE"}  # carry the sentence of their error
ONLINE = {"UNREACHABLE", "BAD_ANSWER", "OTHER_NUMBER"}

pytestmark = [pytest.mark.docs, pytest.mark.timeout(280)]


def blocks(language: str) -> list[str]:
    return [block.strip() for block in re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)]


def test_every_reason_is_in_the_table_once() -> None:
    table = [
        code
        for line in PAGE.splitlines()
        if line.startswith("| `")
        for code in re.findall(r"`([A-Z_]+)`", line.split("|")[1])
    ]
    assert sorted(table) == sorted(
        verdict.REASONS.keys() | verifier.REASONS.keys() | asking.SAID.keys() | EVIDENCE | ONLINE
    )


def test_the_commands_and_programs_run_as_they_stand_there(demo: Any) -> None:
    for block in blocks("sh"):
        done = demo.run(block)
        assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
    done = subprocess.run(
        [demo.folder / ".venv/bin/python", "-c", "\n\n".join(blocks("python"))],
        cwd=demo.folder, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("IN_GOOD_STANDING ")
    assert any(re.match(r"ACTIVE TEST-\S+ IN_GOOD_STANDING ACTIVE", line) for line in lines)
    assert any(re.match(r"SUSPENDED TEST-\S+ NOT_IN_GOOD_STANDING SUSPENDED", line) for line in lines)
    assert "typo TEST-00000000-00 CANNOT_CONCLUDE BAD_NUMBER" in lines
    assert "CANNOT_CONCLUDE BAD_BUNDLE" in lines
