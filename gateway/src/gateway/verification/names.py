"""What few things there are are called: authorities, schemes, and what local words mean. Small, and held as objects."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from zoneinfo import ZoneInfo

from goodstanding.transitions import Standing

Body = Mapping[str, Any]

_STANDINGS = {standing.value: standing for standing in Standing}


@dataclass(frozen=True, slots=True)
class Authority:
    """Name and time zone of an authority."""

    name: str
    time_zone: str


@dataclass(slots=True)
class Names:
    """Names by id, and by mapping (scheme, newline, version) what each local word means."""

    authorities: dict[str, Authority] = field(default_factory=dict)
    schemes: dict[str, str] = field(default_factory=dict)
    mappings: dict[str, dict[str, Standing]] = field(default_factory=dict)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what `to_json` made; nothing is known where it is empty."""
        return cls(
            {key: Authority(*entry) for key, entry in value.get("authorities", {}).items()},
            dict(value.get("schemes", {})),
            {
                key: {word: Standing(standing) for word, standing in words.items()}
                for key, words in value.get("mappings", {}).items()
            },
        )

    def to_json(self) -> dict[str, Any]:
        """All of it as JSON."""
        return {
            "authorities": {key: [entry.name, entry.time_zone] for key, entry in self.authorities.items()},
            "schemes": self.schemes,
            "mappings": self.mappings,
        }

    def take_authority(self, data: Body) -> None:
        """Take the facts of an `authority` event."""
        zone = data["time_zone"]
        self.authorities[data["id"]] = Authority(data["name"], zone if _is_zone(zone) else "UTC")

    def take_scheme(self, data: Body) -> None:
        """Take the facts of a `scheme` event; a mapping that was logged before keeps its meaning."""
        self.schemes[data["id"]] = data["name"]
        if "mappings" in data:
            named = ((entry["word"], _STANDINGS.get(entry["standing"])) for entry in data["mappings"])
            mapping = {word: standing for word, standing in named if standing}
            self.mappings.setdefault(f"{data['id']}\n{data.get('mapping_version', '')}", mapping)


def display_name(names: list[Body]) -> str | None:
    """The name an answer shows: legal before trading before others, current before ended, Latin script first."""
    order = {"legal": 0, "trading": 1, "alias": 2, "former": 3}
    best = min(
        names,
        key=lambda name: (order.get(name["kind"], 4), "valid_until" in name, name["script"] != "Latn"),
        default=None,
    )
    return None if best is None else str(best["text"])


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return False
    return True
