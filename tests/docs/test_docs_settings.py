"""docs/settings.md names every setting there is, and no other."""

import importlib.util
from pathlib import Path

import pytest

pytestmark = pytest.mark.docs


def _page() -> object:
    spec = importlib.util.spec_from_file_location("settings_page", Path(__file__).parent / "settings_page.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_what_the_settings_say() -> None:
    page = _page()
    assert page.PAGE.read_text() == page.render(), "run: .venv/bin/python tests/docs/settings_page.py"  # type: ignore[attr-defined]


def test_every_setting_says_what_it_sets() -> None:
    for process, settings in _page().PROCESSES.items():  # type: ignore[attr-defined]
        for name, field in settings.model_fields.items():
            assert field.description, f"{process}: {name}"
