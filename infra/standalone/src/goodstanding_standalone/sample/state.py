"""`sample.json`: what the sample in a folder was generated from, and, once it is finished, what it came to."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Self

from goodstanding_standalone.errors import StandaloneError
from goodstanding_standalone.files import PUBLIC, write_file
from goodstanding_standalone.sample.model import Size

FILE = "sample.json"


@dataclass(frozen=True, slots=True)
class Seeded:
    """What was made; `numbers` maps standings to numbers of the main ministry."""

    organisations: int
    decided: int
    listed: int
    numbers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SampleState:
    """Stored before the first act, so that a later run goes on with the same sample; `made` is set by the last one."""

    seed: int
    day: date
    size: Size
    made: Seeded | None = None

    @classmethod
    def load(cls, var: Path) -> Self | None:
        """The state kept in a folder, None for a folder without a sample; StandaloneError for an unreadable one."""
        path = var / FILE
        try:
            kept = json.loads(path.read_text("utf-8"))
            made = Seeded(**kept["made"]) if kept["made"] else None
            return cls(kept["seed"], date.fromisoformat(kept["day"]), Size(**kept["size"]), made)
        except FileNotFoundError:
            return None
        except (ValueError, LookupError, TypeError) as error:
            raise StandaloneError(f"{path} cannot be read; move the folder {var} away to begin anew.") from error

    def store(self, var: Path) -> None:
        """Keep the state in a folder."""
        members = asdict(self) | {"day": self.day.isoformat()}
        write_file(var / FILE, json.dumps(members, indent=2) + "\n", PUBLIC)
