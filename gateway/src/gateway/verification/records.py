"""Released record tokens, kept in an unlinked temporary file: a few bytes of memory each, gone with the process.

The feed of records (`/feed/records?after=<seq>`, NDJSON)::

    {"seq":7,"event_id":"0198…","envelope":"record","token":"eyJ…~"}

A token vouches for itself, so it is passed on and not verified here. Other envelopes are skipped.
"""

import tempfile
from dataclasses import dataclass
from typing import IO, Any, Final

from goodstanding.canonical import parse_json
from goodstanding.errors import EventError
from goodstanding.jws import DEFAULT_MAX_BYTES

ENVELOPE: Final = "record"
MAX_LINE: Final = DEFAULT_MAX_BYTES + 1024
MAX_PAGE: Final = 64 * 1024 * 1024
_WASTE = 64 * 1024 * 1024  # bytes of replaced tokens that are worth a rewrite


@dataclass(frozen=True, slots=True)
class Released:
    """One line of the feed of records."""

    seq: int
    event_id: str
    envelope: str
    token: str


class RecordStore:
    """Event id of a generation -> its newest released record."""

    def __init__(self) -> None:
        self.after = 0  # the last sequence number taken
        self._file = _new_file()
        self._places: dict[str, tuple[int, int]] = {}
        self._end = 0
        self._wasted = 0

    def __len__(self) -> int:
        return len(self._places)

    def take_page(self, page: bytes) -> int:
        """Keep the records of a page and return how many lines it had; EventError where it is malformed."""
        lines = page.splitlines()
        for line in lines:
            released = _released(line)
            if released.seq <= self.after:
                raise EventError(f"the feed of records repeats {released.seq}; {self.after} was read before")
            if released.envelope == ENVELOPE:
                self.put(released.event_id, released.token)
            self.after = released.seq
        return len(lines)

    def get(self, event_id: str) -> str | None:
        """The newest record of a generation."""
        place = self._places.get(event_id)
        if place is None:
            return None
        offset, length = place
        self._file.seek(offset)
        return self._file.read(length).decode("ascii")

    def put(self, event_id: str, token: str) -> None:
        """Keep a record in place of the one before; EventError when it cannot be one."""
        if not token.isascii() or not token.endswith("~") or len(token) > DEFAULT_MAX_BYTES:
            raise EventError(f"what is released for event {event_id[:40]} is not a record")
        self._wasted += self._places.get(event_id, (0, 0))[1]
        self._places[event_id] = (self._end, len(token))
        self._file.seek(self._end)
        self._end += self._file.write(token.encode("ascii"))
        if self._wasted > _WASTE and self._wasted > self._end // 2:
            self._rewrite()

    def close(self) -> None:
        """Give the file back."""
        self._file.close()

    def _rewrite(self) -> None:
        """Copy what is still wanted into a new file, one token at a time."""
        old, places = self._file, self._places
        self._file, self._places, self._end, self._wasted = _new_file(), {}, 0, 0
        for event_id, (offset, length) in places.items():
            old.seek(offset)
            self.put(event_id, old.read(length).decode("ascii"))
        old.close()


def _new_file() -> IO[bytes]:
    return tempfile.TemporaryFile(prefix="goodstanding-records-")


def _released(line: bytes) -> Released:
    value: Any = parse_json(line, max_bytes=MAX_LINE)
    if not isinstance(value, dict) or type(value.get("seq")) is not int:
        raise EventError("a line of the feed of records has no seq")
    event_id, envelope, token = (value.get(name) for name in ("event_id", "envelope", "token"))
    if not (isinstance(event_id, str) and isinstance(envelope, str) and isinstance(token, str)):
        raise EventError(f"line {value['seq']} of the feed of records lacks event_id, envelope or token")
    return Released(value["seq"], event_id, envelope, token)
