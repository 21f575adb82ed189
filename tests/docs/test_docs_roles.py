"""docs/roles.md shows the roles and the table of who reads what as they are."""

import importlib.util
from pathlib import Path

import pytest

from registry.access.model import DOES, Role

pytestmark = pytest.mark.docs


def test_the_page_is_what_the_tables_say() -> None:
    spec = importlib.util.spec_from_file_location("roles_page", Path(__file__).parent / "roles_page.py")
    assert spec is not None
    assert spec.loader is not None
    page = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(page)
    assert page.PAGE.read_text() == page.render(), "run: .venv/bin/python tests/docs/roles_page.py"
    assert list(DOES) == list(Role)
