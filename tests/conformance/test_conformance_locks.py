"""The locks of foreign programs, verifiers and a bench's reference: complete, pinned to hashes, and without a word about where to fetch from."""

import json
import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.conformance

TESTS = Path(__file__).resolve().parents[1]
NODES = tuple(str(lock.parent.relative_to(TESTS)) for lock in sorted(TESTS.glob("**/package-lock.json")))
LOCKS = tuple(str(lock.relative_to(TESTS)) for lock in sorted(TESTS.glob("**/requirements.lock")))
SHORTER = {"bench/pymerkle/requirements.lock": 2}  # it needs one other package; every other lock has five or more
INSTALLED_FROM = (
    *LOCKS, *(lock.replace(".lock", ".in") for lock in LOCKS),
    *(f"{node}/{name}" for node in NODES for name in ("package.json", "package-lock.json", ".npmrc")),
)  # fmt: skip


@pytest.mark.parametrize("name", INSTALLED_FROM)
def test_no_address_is_named(name):
    text = (TESTS / name).read_text("utf-8")
    assert not re.search(r"https?://|\"resolved\"|\"funding\"", text)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_python_package_is_pinned_to_hashes(lock):
    lines = (TESTS / lock).read_text("utf-8").replace("\\\n", " ").splitlines()
    assert len(lines) >= SHORTER.get(lock, 5)
    assert all("==" in line and "--hash=sha256:" in line for line in lines)


@pytest.mark.parametrize("node", NODES)
def test_every_npm_package_is_pinned_to_a_hash(node):
    lock = json.loads((TESTS / node / "package-lock.json").read_text("utf-8"))
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert len(packages) >= 10
    assert all(entry["integrity"].startswith("sha512-") for entry in packages.values())


def test_the_locks_hold_what_was_asked_for():
    for lock in LOCKS:
        asked = re.findall(r"^\S+==\S+", (TESTS / lock.replace(".lock", ".in")).read_text("utf-8"), re.MULTILINE)
        locked = (TESTS / lock).read_text("utf-8")
        assert asked
        assert all(f"{pin} " in locked for pin in asked)
    for node in NODES:
        package = json.loads((TESTS / node / "package.json").read_text("utf-8"))
        lock = json.loads((TESTS / node / "package-lock.json").read_text("utf-8"))
        assert lock["packages"][""]["dependencies"] == package["dependencies"]


def test_every_lock_is_found():
    assert {"conformance/node", "conformance/compose/node", "conformance/openid/node", "bench/postgraphile"} <= set(
        NODES
    )
    assert {"conformance/requirements.lock", "conformance/witness/requirements.lock", *SHORTER} <= set(LOCKS)
