"""Released record tokens in a file of their own, mapped by every process of the machine: an SQLite database.

The feed of records (`/feed/records?after=<seq>`, NDJSON)::

    {"seq":7,"event_id":"0198…","envelope":"record","token":"eyJ…~"}

A token vouches for itself, so it is passed on and not verified here. Other envelopes are skipped. One process writes
(the holder of the folder's lock): what it has taken and how far it has read change in one transaction. A file that is
damaged, or of another log, is made anew. What is erased from the log is deleted here too.
"""

import sqlite3
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from goodstanding.canonical import parse_json
from goodstanding.errors import EventError
from goodstanding.jws import DEFAULT_MAX_BYTES

ENVELOPE: Final = "record"
MAX_LINE: Final = DEFAULT_MAX_BYTES + 1024
MAX_PAGE: Final = 64 * 1024 * 1024
MAX_MAPPED: Final = 2**31 - 1
"""Bytes of the file that are mapped; SQLite maps no more and reads the rest."""

_TABLES = """
    CREATE TABLE IF NOT EXISTS record (event_id TEXT PRIMARY KEY, token TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS feed (origin TEXT PRIMARY KEY, after INTEGER NOT NULL, held INTEGER NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Released:
    """One line of the feed of records."""

    seq: int
    event_id: str
    envelope: str
    token: str


class RecordStore:
    """Event id of a generation -> its newest released record of one log."""

    def __init__(self, path: Path, origin: str) -> None:
        self._path = path
        self._origin = origin
        self._reading: sqlite3.Connection | None = None

    def __len__(self) -> int:
        return self._position()[1]

    @property
    def after(self) -> int:
        """The last sequence number taken."""
        return self._position()[0]

    def take_page(self, page: bytes) -> int:
        """Keep the records of a page and return how many lines it had; EventError where it is malformed.

        What stands before a malformed line is kept. The folder must be there.
        """
        lines, taken, after = page.splitlines(), dict[str, str](), self.after
        try:
            for line in lines:
                released = _released(line)
                if released.seq <= after:
                    raise EventError(f"the feed of records repeats {released.seq}; {after} was read before")
                if released.envelope == ENVELOPE:
                    taken[released.event_id] = _checked(released)
                after = released.seq
        finally:
            self._keep(taken, after)
        return len(lines)

    def get(self, event_id: str) -> str | None:
        """The newest record of a generation."""
        found = self._read("SELECT token FROM record WHERE event_id = ?", event_id)
        return None if found is None else str(found[0])

    def forget(self, event_ids: Collection[str]) -> None:
        """Delete the records of these generations, which were erased; the place in the feed stays."""
        if not self._path.exists() or not any(map(self.get, event_ids)):
            return
        with self._writing() as connection:
            connection.execute("PRAGMA secure_delete = ON")
            gone = connection.executemany("DELETE FROM record WHERE event_id = ?", [(one,) for one in event_ids])
            connection.execute("UPDATE feed SET held = held - ?", (gone.rowcount,))

    def close(self) -> None:
        """Give the file back."""
        if self._reading is not None:
            self._reading.close()
            self._reading = None

    def _position(self) -> tuple[int, int]:
        """Last sequence number taken, and records held."""
        return self._read("SELECT after, held FROM feed WHERE origin = ?", self._origin) or (0, 0)

    def _read(self, statement: str, parameter: str) -> Any:
        try:
            if self._reading is None:
                if not self._path.exists():
                    return None
                self._reading = _connect(self._path)
            return self._reading.execute(statement, (parameter,)).fetchone()
        except sqlite3.Error:  # damaged, or replaced: the next reader looks anew
            self.close()
            return None

    def _keep(self, taken: Mapping[str, str], after: int) -> None:
        try:
            with self._writing() as connection:
                _store(connection, self._origin, taken, after)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise  # busy, or no space: nothing is wrong with the file
            self._make_anew()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction on the file, which holds this log's records and no other's."""
        with closing(_connect(self._path)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.executescript(_TABLES)
            with connection:
                if connection.execute("SELECT 1 FROM feed WHERE origin <> ?", (self._origin,)).fetchone():
                    connection.execute("DELETE FROM record")
                    connection.execute("DELETE FROM feed")
                yield connection

    def _make_anew(self) -> None:
        self.close()
        for suffix in ("", "-wal", "-shm"):
            self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=5.0, check_same_thread=False)
    connection.execute(f"PRAGMA mmap_size = {MAX_MAPPED}")
    return connection


def _store(connection: sqlite3.Connection, origin: str, taken: Mapping[str, str], after: int) -> None:
    """Put records in place of those before, and note how far the feed was read."""
    known = "SELECT 1 FROM record WHERE event_id = ?"
    new = sum(connection.execute(known, (event_id,)).fetchone() is None for event_id in taken)
    connection.executemany("REPLACE INTO record VALUES (?, ?)", taken.items())
    connection.execute(
        "INSERT INTO feed VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET after = excluded.after, held = held + excluded.held",
        (origin, after, new),
    )


def _checked(released: Released) -> str:
    token = released.token
    if not token.isascii() or not token.endswith("~") or len(token) > DEFAULT_MAX_BYTES:
        raise EventError(f"what is released for event {released.event_id[:40]} is not a record")
    return token


def _released(line: bytes) -> Released:
    value: Any = parse_json(line, max_bytes=MAX_LINE)
    if not isinstance(value, dict) or type(value.get("seq")) is not int:
        raise EventError("a line of the feed of records has no seq")
    event_id, envelope, token = (value.get(name) for name in ("event_id", "envelope", "token"))
    if not (isinstance(event_id, str) and isinstance(envelope, str) and isinstance(token, str)):
        raise EventError(f"line {value['seq']} of the feed of records lacks event_id, envelope or token")
    return Released(value["seq"], event_id, envelope, token)
