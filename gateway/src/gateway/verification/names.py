"""What there is little of: names of authorities and schemes, what words mean, mandates, days of lists. Held as objects."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self
from zoneinfo import ZoneInfo

from goodstanding.cadence import MAX_RELEASES, Cadence, Lists, Released
from goodstanding.canonical import format_time, parse_time
from goodstanding.mandates import MandateEvent, line
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
    """Names by id, and by mapping (scheme, newline, version) what each local word means.

    Mandates are kept as their events tell them, by authority, newline and scheme, in the order of the log; so are the
    releases of lists, and by scheme the changes of its cadence.
    """

    authorities: dict[str, Authority] = field(default_factory=dict)
    schemes: dict[str, str] = field(default_factory=dict)
    mappings: dict[str, dict[str, Standing]] = field(default_factory=dict)
    mandates: dict[str, list[MandateEvent]] = field(default_factory=dict)
    cadences: dict[str, list[Cadence]] = field(default_factory=dict)
    releases: dict[str, list[Released]] = field(default_factory=dict)
    succeeded: set[str] = field(init=False)  # schemes under which somebody has taken over from somebody else

    def __post_init__(self) -> None:
        self.succeeded = {one.scheme for events in self.mandates.values() for one in events if one.succeeds}

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
            {
                key: [MandateEvent.from_body(data, data["index"]) for data in events]
                for key, events in value.get("mandates", {}).items()
            },
            {
                key: [Cadence(days, parse_time(at), index) for days, at, index in changes]
                for key, changes in value.get("cadences", {}).items()
            },
            {
                key: [Released(source, parse_time(at), index) for source, at, index in lists]
                for key, lists in value.get("releases", {}).items()
            },
        )

    def to_json(self) -> dict[str, Any]:
        """All of it as JSON."""
        return {
            "authorities": {key: [entry.name, entry.time_zone] for key, entry in self.authorities.items()},
            "schemes": self.schemes,
            "mappings": self.mappings,
            "mandates": {key: [_mandate(event) for event in events] for key, events in self.mandates.items()},
            "cadences": {
                key: [[one.days, format_time(one.at), one.index] for one in changes]
                for key, changes in self.cadences.items()
            },
            "releases": {
                key: [[one.source, format_time(one.at), one.index] for one in lists]
                for key, lists in self.releases.items()
            },
        }

    def take(self, body: Body, at: datetime, index: int) -> None:
        """Take an event of a kind that is kept here, with its place in the log and when it was recorded."""
        match body["kind"]:
            case "authority":
                self.take_authority(body["data"])
            case "scheme":
                self.take_scheme(body["data"], at, index)
            case "list":
                self.take_list(body["data"], index)
            case "mandate":
                self.take_mandate(body["data"], index)

    def take_authority(self, data: Body) -> None:
        """Take the facts of an `authority` event."""
        zone = data["time_zone"]
        self.authorities[data["id"]] = Authority(data["name"], zone if _is_zone(zone) else "UTC")

    def take_scheme(self, data: Body, at: datetime, index: int) -> None:
        """Take the facts of a `scheme` event; a mapping that was logged before keeps its meaning."""
        self.schemes[data["id"]] = data["name"]
        changes, days = self.cadences.get(data["id"], []), data.get("cadence_days")
        if days != (changes[-1].days if changes else None):
            self.cadences[data["id"]] = [*changes, Cadence(days, at, index)]
        if "mappings" in data:
            named = ((entry["word"], _STANDINGS.get(entry["standing"])) for entry in data["mappings"])
            mapping = {word: standing for word, standing in named if standing}
            self.mappings.setdefault(f"{data['id']}\n{data.get('mapping_version', '')}", mapping)

    def take_mandate(self, data: Body, index: int) -> None:
        """Take the facts of a `mandate` event."""
        event = MandateEvent.from_body(data, index)
        self.mandates.setdefault(f"{event.authority}\n{event.scheme}", []).append(event)
        if event.succeeds:
            self.succeeded.add(event.scheme)

    def take_list(self, data: Body, index: int) -> None:
        """Take the facts of a `list` event; of many, the newest are kept."""
        key = f"{data['authority']}\n{data['scheme']}"
        self.releases[key] = [*self.releases.get(key, ()), Released.from_body(data, index)][-MAX_RELEASES:]

    def lists(self, authority: str, scheme: str) -> Lists:
        """What is known of the lists of an authority under a scheme."""
        return Lists(self.cadences.get(scheme, ()), self.releases.get(f"{authority}\n{scheme}", ()))

    def line(self, authority: str, scheme: str, size: int | None) -> tuple[str, ...]:
        """The line of what an authority opened under a scheme (`goodstanding.mandates`)."""
        if scheme not in self.succeeded:
            return (authority,)
        events = (event for key, some in self.mandates.items() if key.endswith(f"\n{scheme}") for event in some)
        return line(events, authority, size)

    def mandates_of(self, authority: str, scheme: str, size: int | None) -> list[MandateEvent]:
        """The mandates of a line, as their events tell them, in the order of the log."""
        members = self.line(authority, scheme, size)
        if len(members) == 1:
            return self.mandates.get(f"{authority}\n{scheme}", [])
        events = [event for one in members for event in self.mandates.get(f"{one}\n{scheme}", ())]
        return sorted(events, key=lambda event: event.index or 0)


def _mandate(event: MandateEvent) -> dict[str, Any]:
    """An event as its body has it, as far as it counts here, with its log index."""
    times = {"from": event.valid_from, "until": event.valid_until, "suspect_from": event.suspect_from}
    said: dict[str, Any] = {name: format_time(time) for name, time in times.items() if time is not None}
    said |= {"end": event.end} if event.end else {}
    said |= {"succeeds": list(event.succeeds)} if event.succeeds else {}
    return {"authority": event.authority, "scheme": event.scheme, "index": event.index, **said}


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
