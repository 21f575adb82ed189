"""docs/standing.md shows the transition table as it is."""

import importlib.util
import re
from pathlib import Path

import pytest

from goodstanding.transitions import TRANSITIONS, Standing

pytestmark = pytest.mark.docs


def _page() -> object:
    spec = importlib.util.spec_from_file_location("standing_page", Path(__file__).parent / "standing_page.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_what_the_table_says() -> None:
    page = _page()
    assert page.PAGE.read_text() == page.render(), "run: .venv/bin/python tests/docs/standing_page.py"  # type: ignore[attr-defined]


def test_every_act_is_in_the_table_and_every_standing_in_the_diagram() -> None:
    diagram, table = _page().render().split("## Every act")  # type: ignore[attr-defined]
    assert {row.act for row in TRANSITIONS} <= set(re.findall(r"^\| \d+ \| (\w+) \|", table, re.MULTILINE))
    assert set(Standing) <= set(re.findall(r"\b[A-Z_]{4,}\b", diagram.split("```mermaid")[1]))
