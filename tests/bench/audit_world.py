"""Logs to measure: entries by number, so that any of them can be made again, and logs of any size made at one go.

A log made at one go has the files and rows that the service would have written, by the same functions in larger batches;
a sequencer that starts on it finds nothing to make good.
"""

import itertools
import sqlite3
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from audit.edge import Edge, files_between, grow
from audit.entry import Submission
from audit.migrate import migrate
from audit.publication import CHECKPOINT
from audit.service import Log, open_log
from audit.signing import CheckpointSigner
from audit.store import FileStore
from audit.tile_files import named
from goodstanding.canonical import format_time
from goodstanding.checkpoint import Checkpoint
from goodstanding.events import Leaf, commitment
from goodstanding.keys import PemSigner
from goodstanding.merkle import leaf_hash

ORIGIN = "bench.example/log"
START = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
AT_ONCE = 65_536  # entries of one step of a log made at one go
BODY = b'{"kind":"decision","about":"%d","text":"' + b"x" * 900 + b'"}'  # as long as a grant's

INSERT = (
    "INSERT INTO entries (event_id, leaf, leaf_hash, body, salt, submitted_at, log_index) VALUES (?, ?, ?, ?, ?, ?, ?)"
)


def submission(number: int, body: bytes | None = None) -> Submission:
    """The entry of a number: the first and only one of its subject."""
    event_id, salt = f"0197c000-0000-7000-8000-{number:012x}", number.to_bytes(32, "big")
    body = BODY % number if body is None else body
    leaf = Leaf("decision", event_id, number.to_bytes(16, "big"), None, START, commitment(salt, body))
    return Submission(event_id, leaf.encode(), body, salt)


def short(number: int) -> Submission:
    """The same with a body of a few bytes."""
    return submission(number, b"%d" % number)


def signer(folder: Path) -> CheckpointSigner:
    """The log's keys, made when first asked for."""
    return CheckpointSigner(ORIGIN, *(PemSigner.load_or_create(folder / name) for name in ("log.pem", "time.pem")))


def opened(folder: Path, url: str | None = None) -> Log:
    """The log in a folder, with its database there unless another is named."""
    keys = [PemSigner.load_or_create(folder / name) for name in ("log.pem", "time.pem")]
    url = url or f"sqlite+aiosqlite:///{folder / 'audit.db'}"
    return open_log(url=url, folder=folder / "log", origin=ORIGIN, log_signer=keys[0], time_signer=keys[1])


def make(folder: Path, size: int, *, real: bool) -> Iterator[int]:
    """Make a log of a size; yields how far it has come.

    With `real` every entry has its leaf, body and row; else entries are a few bytes long and have no rows, which nobody
    needs who only goes on from the log's end.
    """
    migrate(f"sqlite+aiosqlite:///{folder / 'audit.db'}")
    store, keys, edge = FileStore(folder / "log"), signer(folder), Edge.empty()
    rows = sqlite3.connect(folder / "audit.db", isolation_level=None)
    while edge.size < size:
        numbers = range(edge.size, min(edge.size + AT_ONCE, size))
        entries = [short(number) for number in numbers] if real else []
        leaves = [entry.leaf for entry in entries] or [b"%d" % number for number in numbers]
        new, full = grow(edge, leaves)
        store.create(named(files_between(edge, new, full)))
        edge = new
        note, now = _signed(keys, edge)
        _insert(rows, numbers, entries, (edge.size, note.decode(), int(now.timestamp())))
        yield edge.size
    rows.execute("INSERT INTO tree (id, origin, size, root) VALUES (1, ?, ?, ?)", (ORIGIN, edge.size, edge.root()))
    rows.close()
    store.swap(CHECKPOINT, None, note)


def _signed(keys: CheckpointSigner, edge: Edge) -> tuple[bytes, datetime]:
    now = datetime.now(UTC)
    return keys.sign(Checkpoint(ORIGIN, edge.size, edge.root()), now), now


def _insert(
    rows: sqlite3.Connection, numbers: Iterable[int], entries: Iterable[Submission], checkpoint: tuple[int, str, int]
) -> None:
    rows.execute("BEGIN")
    rows.executemany(INSERT, map(row, entries, numbers))
    heads = (
        (number.to_bytes(16, "big"), leaf_hash(entry.leaf)) for number, entry in zip(numbers, entries, strict=False)
    )
    rows.executemany("INSERT INTO subjects (subject, head) VALUES (?, ?)", heads)
    rows.execute("INSERT INTO checkpoints (size, note, cosigned_at) VALUES (?, ?, ?)", checkpoint)
    rows.execute("COMMIT")


def row(entry: Submission, index: int | None) -> tuple[object, ...]:
    """What stands in the table of entries."""
    at = format_time(START)
    return entry.event_id, entry.leaf, leaf_hash(entry.leaf), entry.body, entry.salt, at, index


def batches(count: int, length: int) -> Iterator[range]:
    """Ranges of numbers, each of a length but the last."""
    return (
        range(start, min(start + length, count))
        for start in itertools.takewhile(count.__gt__, itertools.count(0, length))
    )
