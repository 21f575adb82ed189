"""`demo.json` and `trust.json`: what scripts outside this repository start from. The format only grows."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from goodstanding.trust import Trust
from goodstanding_standalone.files import PRIVATE, PUBLIC, write_file


@dataclass(frozen=True, slots=True)
class DemoFile:
    """The content of `demo.json`: where to ask, whom to trust, a number per standing, tokens to act with."""

    origin: str
    vkeys: Sequence[str]  # of the log and of its time cosigner
    trust: Path
    numbers: Mapping[str, str]  # standing -> number
    tokens: Mapping[str, str]  # member -> access token

    def write(self, path: Path) -> None:
        """Write the file for its owner only: tokens let whoever reads them act."""
        members = {
            "origin": self.origin,
            "vkeys": list(self.vkeys),
            "trust": self.trust.as_posix(),
            "numbers": dict(self.numbers),
            "tokens": dict(self.tokens),
        }
        write_file(path, json.dumps(members, indent=2) + "\n", PRIVATE)


def write_trust(path: Path, trust: Trust) -> None:
    """Write a trust file: public keys only, for anyone to copy."""
    write_file(path, json.dumps(trust.to_json(), indent=2, ensure_ascii=False) + "\n", PUBLIC)
