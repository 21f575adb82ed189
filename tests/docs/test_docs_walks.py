"""The walks in docs/walks do what they show: their programs run in order against the demo and print what stands below."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

WALKS = sorted((Path(__file__).parents[2] / "docs/walks").glob("*.md"))

pytestmark = [pytest.mark.docs, pytest.mark.timeout(280)]


def parts(page: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(), re.DOTALL)


@pytest.mark.parametrize("page", WALKS, ids=lambda page: page.stem)
def test_a_walk_prints_what_it_says(page: Path, demo: Any) -> None:
    program = "\n".join(parts(page, "python"))
    done = subprocess.run(
        [demo.folder / ".venv/bin/python", "-c", program], cwd=demo.folder, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout == "".join(parts(page, "text"))


def test_there_are_walks_for_every_side() -> None:
    assert {page.stem for page in WALKS} >= {"licensing-officer", "employer", "worker"}
