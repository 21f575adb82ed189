"""docs/backup.md, done as it stands there: a copy of a running register, what was lost, and how it went on."""

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).parents[2] / "docs"
STAYS = re.compile(r"^(registry|audit|gateway) (serve|work)\b", re.MULTILINE)
AGAIN = "curl --silent --fail --retry 40 --retry-delay 1 --retry-all-errors"
EVIDENCE = """
query='{"query": "{ accreditations(first: 1) { edges { node { number } } } }"}'
number=$(curl --silent --fail --header 'Content-Type: application/json' --data "$query" http://127.0.0.1:8080/graphql \\
  | grep -o 'TEST-[0-9A-Z]*-[0-9]*')
AGAIN "http://127.0.0.1:8080/evidence/$number" > evidence.json
date -u +%Y-%m-%dT%H:%M:%SZ > asked
""".replace("AGAIN", AGAIN)
LATER = """
. var/settings.sh
printf '%s\n' '"Organisation Name","Town/City","County","Type & Rating","Route"' \
  '"Lantern Road Ltd","Leeds","","Worker (A rating)","Skilled Worker"' \
  '"Harbour Light Ltd","Hull","","Worker (A rating)","Skilled Worker"' > var/later.csv
registry intake stage var/later.csv --layout uk-sponsors --transcribed-from https://lists.example/sponsors.csv \
  --token "$(registry token --member first)"
registry intake release --token "$(registry token --member second)"
"""

pytestmark = [pytest.mark.docs, pytest.mark.timeout(280)]


def blocks(page: str) -> list[str]:
    return [block.strip() for block in re.findall(r"```sh\n(.*?)```", (DOCS / page).read_text(), re.DOTALL)]


@dataclass
class Register:
    """A register in a folder of its own, run by hand as running.md says."""

    checkout: Any
    terminals: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    def run(self, block: str, status: int = 0) -> str:
        ended = self.checkout.run(block)
        said = f"{ended.stdout}\n{ended.stderr}"
        assert ended.returncode == status, f"{block}\n{said}"
        return said

    def founded(self) -> None:
        """Everything running.md does: services, and a list brought in."""
        for block in blocks("running.md"):
            if STAYS.search(block):
                self.terminals.append(self.checkout.terminal(block))
            else:
                self.run(block)

    def started(self) -> None:
        for block in blocks("running.md"):
            if STAYS.search(block):
                self.terminals.append(self.checkout.terminal(block))

    def ended(self) -> None:
        for process in self.terminals:
            os.killpg(process.pid, signal.SIGINT)
        for process in self.terminals:
            process.wait(timeout=40)
        self.terminals.clear()

    def log_reaches(self, more_than: int) -> int:
        """Wait until the log has published more than this; its size."""
        size = f"{AGAIN} http://127.0.0.1:8082/readyz | grep -o '\"size\":[0-9]*' | cut -d: -f2"
        found = self.run(
            f'for _ in $(seq 60); do n=$({size}); [ "$n" -gt {more_than} ] && break; sleep 0.5; done; echo $n'
        )
        assert int(found) > more_than
        return int(found)


@pytest.fixture(scope="module")
def register(lost_checkout: Any) -> Iterator[Register]:
    register = Register(lost_checkout)
    try:
        yield register
    finally:
        register.ended()


def test_a_register_goes_on_from_its_copy_without_rewriting_what_was_published(register: Register) -> None:
    copied, checked, new_place, put_back, caught_up, rebuilt = blocks("backup.md")
    register.founded()
    size = register.log_reaches(0)
    register.run(EVIDENCE)
    register.run(copied)
    assert "nothing wrong" in register.run(checked)

    register.run(LATER)
    published = register.log_reaches(size)
    register.ended()

    assert "nothing wrong" in register.run(new_place)
    verify = 'goodstanding verify evidence.json --trust restored/trust.json --json --at "$(cat asked)"'
    assert '"IN_GOOD_STANDING"' in register.run(f". var/settings.sh\n{verify}")

    register.run(put_back)
    assert "restored from an older backup" in register.run(". var/settings.sh\naudit serve", status=1)
    said = register.run(caught_up)
    assert f"size {published}: the database was at {size}" in said
    assert f"nothing wrong: size {published}" in said

    register.run("rm var/log/tile/entries/*.p/*")
    assert "nothing wrong" in register.run(rebuilt)

    register.started()
    register.run(LATER.replace("Harbour Light", "Evening Star").replace("release", "release --removes 1"))
    assert register.log_reaches(published) > published
    register.run(". var/settings.sh\naudit fsck")
