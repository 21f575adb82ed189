"""docs/running.md, done as it stands there: three services and a worker by hand, a list brought in, and asked about."""

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "running.md"
STAYS = re.compile(r"^(registry|audit|gateway) (serve|work)\b", re.MULTILINE)

pytestmark = [pytest.mark.docs, pytest.mark.timeout(280)]


def blocks() -> list[str]:
    return [block.strip() for block in re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL)]


@pytest.fixture(scope="module")
def done(own_checkout: Any) -> Iterator[dict[str, str]]:
    """Every block in its order; what the ones that end have printed, by block. The others are told to end at last."""
    printed: dict[str, str] = {}
    terminals: list[tuple[str, subprocess.Popen[bytes]]] = []
    try:
        for block in blocks():
            if STAYS.search(block):
                terminals.append((block, own_checkout.terminal(block)))
                continue
            ended = own_checkout.run(block)
            assert ended.returncode == 0, f"{block}\n{ended.stdout}\n{ended.stderr}"
            printed[block] = ended.stdout
        yield printed
    finally:
        for _, process in terminals:
            os.killpg(process.pid, signal.SIGINT)
        ends = {block.splitlines()[-1]: process.wait(timeout=40) for block, process in terminals}
    for command, status in ends.items():
        screen = (own_checkout.folder / f"{command}.log").read_text()
        assert status == 0, f"{command}\n{screen}"
        assert json.loads(screen.splitlines()[-1])["event"] == "ended", command


def test_the_page_starts_every_service() -> None:
    assert [found[0] for block in blocks() if (found := STAYS.search(block))] == [
        "audit serve", "registry serve", "registry work", "gateway serve",
    ]  # fmt: skip


def test_what_was_brought_in_is_answered_at_the_gateway(done: dict[str, str]) -> None:
    (answer,) = (json.loads(text) for block, text in done.items() if "/verify/" in block)
    assert answer["verdict"] == "IN_GOOD_STANDING"
    assert answer["organisationName"] == "Lantern Road Ltd"
    assert {"TRANSCRIBED", "SAMPLE"} <= {reason["code"] for reason in answer["reasons"]}


def test_each_says_that_it_is_ready(done: dict[str, str]) -> None:
    (text,) = (text for block, text in done.items() if "/readyz" in block)
    assert text.count('"ready":true') == 3


def test_the_figures_are_there(done: dict[str, str]) -> None:
    (text,) = (text for block, text in done.items() if "/metrics" in block)
    assert 'goodstanding_registry_outbox_rows{stage="ASIDE"} 0.0' in text


def test_every_setting_that_is_named_exists(done: dict[str, str]) -> None:
    settings = (PAGE.parent / "settings.md").read_text()
    for name in set(re.findall(r"GOODSTANDING_\w+", PAGE.read_text())):
        assert f"| `{name}` |" in settings, name
