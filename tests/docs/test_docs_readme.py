"""Every command of the README works as it stands there."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

README = Path(__file__).parents[2] / "README.md"
NOT_RUN_HERE = {"make test"}  # these tests would run themselves
RUN_BY_THE_FIXTURE = {"make demo"}

pytestmark = [pytest.mark.docs, pytest.mark.timeout(280)]


def blocks(language: str) -> list[str]:
    return [block.strip() for block in re.findall(rf"```{language}\n(.*?)```", README.read_text(), re.DOTALL)]


def test_the_two_commands_come_first() -> None:
    assert blocks("sh")[:2] == ["make demo", "make test"]


def test_every_block_is_of_a_kind_that_is_tried_here() -> None:
    kinds = set(re.findall(r"^```(\w+)$", README.read_text(), re.MULTILINE))
    assert kinds == {"sh", "python", "graphql"}


def test_every_shell_block_runs(demo: Any) -> None:
    for block in blocks("sh"):
        if block in NOT_RUN_HERE | RUN_BY_THE_FIXTURE:
            continue
        done = demo.run(block)
        assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"


def test_the_record_is_verified_in_ten_lines_of_python(demo: Any) -> None:
    (program,) = blocks("python")
    assert len([line for line in program.splitlines() if line.strip()]) <= 10
    done = subprocess.run(
        [demo.folder / ".venv/bin/python", "-c", program], cwd=demo.folder, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("IN_GOOD_STANDING TEST-")
    assert "SAMPLE" in done.stdout


def test_the_query_answers(demo: Any) -> None:
    (query,) = blocks("graphql")
    asked = f"""
        number=$(python3 -c 'import json; print(json.load(open("var/demo.json"))["numbers"]["SUSPENDED"])')
        python3 - "$number" <<'PROGRAM' | curl --silent --fail --data @- \\
            --header 'Content-Type: application/json' http://127.0.0.1:8080/graphql
import json, sys
print(json.dumps({{"query": {query!r}, "variables": {{"number": sys.argv[1]}}}}))
PROGRAM
    """
    done = demo.run(asked)
    assert done.returncode == 0, done.stderr
    assert '"NOT_IN_GOOD_STANDING"' in done.stdout


def test_what_the_readme_points_to_exists() -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", README.read_text()):
        assert (README.parent / target).exists(), target
