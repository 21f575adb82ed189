"""docs/keys.md, done as it stands there: a rotation, a reserve, a theft."""

import re
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).parents[2] / "docs"
FOUNDED = """
. var/settings.sh
audit migrate
audit vkeys --output var/log.vkeys
registry migrate
registry trust --output var/trust.json
registry access-keys --output var/access-keys.json
"""

pytestmark = [pytest.mark.docs, pytest.mark.timeout(120)]


def blocks(page: str) -> list[str]:
    return [block.strip() for block in re.findall(r"```sh\n(.*?)```", (DOCS / page).read_text(), re.DOTALL)]


def test_keys_follow_one_another_as_the_page_says(keys_checkout: Any) -> None:
    def run(block: str) -> str:
        ended = keys_checkout.run(block)
        assert ended.returncode == 0, f"{block}\n{ended.stdout}\n{ended.stderr}"
        return str(ended.stdout)

    def states(role: str) -> list[str]:
        lines = [line.split() for line in run(listed).splitlines()[1:]]
        return [line[3] for line in lines if line[1] == role]

    listed, rotated, reserved, stolen = blocks("keys.md")
    run(blocks("running.md")[0])
    run(FOUNDED)
    assert (states("status"), states("token")) == (["current"], ["current"])

    assert "is announced and signs from" in run(rotated)
    assert "is announced and is kept in reserve" in run(reserved)
    assert (states("status"), states("token")) == (["current", "next"], ["current", "next"])
    before = (keys_checkout.folder / "var/access-keys.json").read_text()

    assert "Its successor" in run(stolen)
    assert states("token") == ["revoked", "current"]
    after = (keys_checkout.folder / "var/access-keys.json").read_text()
    assert (before.count('"kid"'), after.count('"kid"')) == (2, 1)
