"""docs/figures.md says what docs/bench/*.json says."""

import importlib.util
from pathlib import Path

import pytest

pytestmark = pytest.mark.docs


def test_the_page_is_what_was_measured() -> None:
    spec = importlib.util.spec_from_file_location("figures_page", Path(__file__).parent / "figures_page.py")
    assert spec is not None
    assert spec.loader is not None
    page = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(page)
    assert page.PAGE.read_text() == page.render(), "run: .venv/bin/python tests/docs/figures_page.py"
