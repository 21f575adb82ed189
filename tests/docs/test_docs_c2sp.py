"""docs/c2sp.md: what it names is there."""

import ast
import json
import re
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/c2sp.md"
ROW = re.compile(r"^\| (?!Requirement|---)(.+) \| `([a-z_.]+)` \| `([\w/]+\.py)::(\w+)(?:\[(.+)\])?` \|$")
SPECIFICATIONS = ("signed-note", "tlog-checkpoint", "tlog-cosignature", "tlog-tiles", "tlog-proof", "tlog-policy", "tlog-witness")  # fmt: skip
VECTORS = {
    case["name"]
    for file in (ROOT / "tests/vectors/log").glob("*.json")
    for case in json.loads(file.read_text("utf-8"))
    if "name" in case
}

pytestmark = pytest.mark.docs


def rows() -> list[tuple[str, ...]]:
    lines = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| ")]
    rows = [match.groups() for line in lines if (match := ROW.match(line))]
    assert len(rows) == sum(not line.startswith(("| Requirement", "| ---")) for line in lines), "a line of another form"
    return rows


def functions(file: Path) -> set[str]:
    tree = ast.parse(file.read_text("utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_a_requirement_has_its_module_and_its_test(row: tuple[str, ...]) -> None:
    _, module, file, test, case = row
    assert find_spec(module if module.startswith("audit.") else f"goodstanding.{module}"), module
    path = ROOT / "tests" / file
    assert test in functions(path), test
    assert case is None or case in VECTORS or f'"{case}"' in path.read_text("utf-8"), case


def test_every_specification_is_there() -> None:
    page = PAGE.read_text("utf-8")
    assert all(re.search(rf"^## {name}\b", page, re.MULTILINE) for name in SPECIFICATIONS)
