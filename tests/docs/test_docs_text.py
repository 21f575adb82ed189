"""The documentation is about this tree as it is."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "ARCHITECTURE.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]

pytestmark = pytest.mark.docs


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text()):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize(
    "page", [ROOT / "ARCHITECTURE.md", ROOT / "docs/issuance-cycle.md"], ids=lambda page: page.name
)
def test_files_that_are_named_exist(page: Path) -> None:
    sources = {
        str(path.relative_to(source))
        for source in (ROOT / "protocol/src", ROOT / "services/registry/src", ROOT / "services/audit/src",
                       ROOT / "gateway/src", ROOT / "infra/standalone/src")
        for path in source.rglob("*.py")
    }  # fmt: skip
    for name in re.findall(r"`([a-z_]+/[a-z_/]+\.py)`", page.read_text()):
        assert name in sources, name


def test_the_steps_of_the_issuance_cycle_are_numbered_in_code() -> None:
    steps = set(re.findall(r"^\| (\d) \|", (ROOT / "docs/issuance-cycle.md").read_text(), re.MULTILINE))
    code = subprocess.run(
        ["git", "grep", "-hoE", '(# |""")[1-7][a-z]? |^[1-7]\\. ', "--", "services/*.py", "gateway/*.py", "protocol/*.py"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    assert steps == set("1234567")
    assert {"3", "4", "5", "6"} <= set(re.findall(r"[1-7]", code))


def test_every_decision_record_is_numbered_and_says_what_lost() -> None:
    records = sorted((ROOT / "docs/adr").glob("*.md"))
    assert [record.name[:4] for record in records] == [f"{n:04d}" for n in range(1, len(records) + 1)]
    for record in records:
        text = record.read_text()
        assert "**Status**" in text, record.name
        assert "**Decision.**" in text, record.name
        assert "**Alternatives that lost.**" in text, record.name
