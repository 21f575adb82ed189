"""What docs/monitoring.md tells a stranger to do with somebody else's tools, done as it stands there with the demo's log."""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flipped_bits import flip_in_file, flip_in_proof
from foreign_tools import ANSWER_SECONDS, SCALES, SIGSTORE, versions

pytestmark = [pytest.mark.conformance, pytest.mark.timeout(600), pytest.mark.parametrize("source", ["demo"])]

PAGE = Path(__file__).resolve().parents[2] / "docs" / "monitoring.md"
INSTALLS = {SCALES: "pip install --quiet tlog-scales==", SIGSTORE: "@sigstore/verify@"}


@dataclass(frozen=True)
class Stranger:
    """Somebody with the page, the trust file and the tools, and the address of the log."""

    folder: Path
    origin: str
    node: Path

    def does(self, mark):
        """The block of the page that has this in it, as a reader would paste it."""
        (block,) = (
            block for block in re.findall(r"```sh\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL) if mark in block
        )
        command = block.replace("http://127.0.0.1:8080", self.origin)
        environment = {
            **os.environ,
            "PATH": f"{self.node.parent}{os.pathsep}{os.environ['PATH']}",
            "NO_PROXY": "127.0.0.1",
        }
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command], cwd=self.folder, env=environment, check=False,
            capture_output=True, text=True, timeout=ANSWER_SECONDS,
        )  # fmt: skip


@pytest.fixture
def stranger(started_demo, material, tools):
    """The tools lie where the page puts them, installed by their locks."""
    for name, installed in {"scales": tools.python.parents[1], "sigstore": tools.packages}.items():
        place = started_demo.folder / "var" / name
        if not place.exists():
            place.symlink_to(installed, target_is_directory=True)
    parts = urlsplit(material.log)
    return Stranger(started_demo.folder, f"{parts.scheme}://{parts.netloc}", tools.node)


@pytest.mark.parametrize("verifier", [SCALES, SIGSTORE])
def test_the_page_installs_what_the_lock_has(source, verifier):
    assert INSTALLS[verifier] + versions()[verifier] in PAGE.read_text("utf-8")


def test_tlog_scales_reads_the_whole_log_and_notices_another_history(stranger):
    assert stranger.does("> var/seen.checkpoint").returncode == 0
    done = stranger.does("TilesReader")
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"\d{3,} entries lead to the signed root, and begin with the \d{3,} seen before\n", done.stdout)
    seen = stranger.folder / "var" / "seen.checkpoint"
    flip_in_file(seen, len(b"127.0.0.1:8080/log\n300\n") + 3)
    assert stranger.does("TilesReader").returncode != 0


def test_sigstore_finds_the_entry_and_notices_one_bit(stranger):
    fetched = stranger.does("> var/entry.tlog-proof")
    assert fetched.returncode == 0, fetched.stderr
    done = stranger.does("verifyTLogInclusion")
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"entry \d+ is in the tree that 127\.0\.0\.1:\d+/log signed\n", done.stdout)
    kept = stranger.folder / "var" / "entry.tlog-proof"
    sound = kept.read_text("utf-8")
    for what in ("hash", "root", "signature"):
        kept.write_text(flip_in_proof(sound, what), "utf-8")
        refused = stranger.does("verifyTLogInclusion")
        assert (refused.returncode, refused.stdout) != (0, done.stdout)
        assert "VerificationError" in refused.stderr
