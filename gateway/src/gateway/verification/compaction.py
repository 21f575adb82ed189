"""Making the next snapshot: an older one, the deltas behind it, and one file that holds both.

It runs as a process of its own, so that nobody waits for it:

    python -m gateway.verification.compaction < {"folder": …, "trust": …, "prefix": …, "base": <size>, "upto": <size>}

Exit status 0 when the snapshot of size `upto` is there; 3 when what it should be made from is damaged and must be
built from the feed again; anything else when it may be tried again.

What was erased since the last snapshot is left out here; from then on no file holds it.
"""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from gateway.verification import layout
from gateway.verification.copy import Copy
from gateway.verification.delta import DeltaDamaged
from gateway.verification.folder import Folder
from gateway.verification.layers import Layer
from gateway.verification.layout import Block, Header
from gateway.verification.organisations import Organisation
from gateway.verification.projection import Projection
from gateway.verification.sections import NUMBER, Base
from gateway.verification.snapshot import SnapshotRefused, SnapshotWriter
from gateway.verification.tables import Blobs, Rows
from goodstanding.canonical import canonical_bytes
from goodstanding.errors import LogError
from goodstanding.mirror import MirrorState
from goodstanding.sizes import Column
from goodstanding.trust import Trust

DAMAGED: Final = 3
_NICE: Final = 10
_CHUNK: Final = 16 * 1024 * 1024

Changes = dict[bytes, bytes | None]


def write_snapshot(copy: Copy, path: Path) -> None:
    """Write what a copy knows as a snapshot of its size; OSError when the disk does not take it."""
    newest, state, projection = copy.mirror.newest, copy.mirror.state, copy.projection
    assert newest is not None, "a copy that has a size has the checkpoint of that size"
    _erase(projection)
    base, changed = projection.base, projection.layers.flat()
    with SnapshotWriter(path) as out:
        out.put("origin", copy.log.origin.encode())
        out.put("note", newest.note)
        out.put("meta", canonical_bytes(_meta(projection, state)))
        _put_tree(out, state)
        _put_labels(out, projection)
        _put_blobs(out, "account", base.accounts, _accounts(changed))
        _put_blobs(out, "organisation", base.organisations, _organisations(changed))
        _put_rows(out, "key", base.keys, _keys(base, changed))
        _put_rows(out, "verified", base.verified, _verified(base, changed))
        _put_rows(out, "subject", base.subjects, _subjects(projection, changed))
        out.commit(copy.size, newest.checkpoint.root)


def _meta(projection: Projection, state: MirrorState) -> dict[str, object]:
    lost = sorted(subject.hex() for subject in projection.lost)
    return {
        **projection.names.to_json(),
        "lost": lost,
        "unexplained": state.unexplained,
        "erased": state.erased,
    }


def _put_tree(out: SnapshotWriter, state: MirrorState) -> None:
    out.put("range", *state.range.hashes)
    table = state.sizes
    for name, column in (("sizes", table.sizes), ("times", table.times), ("firsts", table.firsts)):
        out.put(name, *_column(column))
    out.put("roots", table.root_head, table.root_tail)


def _column(column: Column) -> tuple[memoryview, memoryview]:
    head = column.head if isinstance(column.head, memoryview) else memoryview(b"")
    return head[: column.kept].cast("B"), memoryview(column.tail).cast("B")


def _put_labels(out: SnapshotWriter, projection: Projection) -> None:
    ends, rows = out.section("label.text", projection.labels.merged)
    out.put("label.ends", ends)
    _put_rows(out, "label", projection.base.labels.ids, rows)


def _put_rows(out: SnapshotWriter, name: str, table: Rows, changes: Changes) -> None:
    out.put(f"{name}.first", out.section(f"{name}.rows", lambda write: table.merged(changes, write)))


def _put_blobs(out: SnapshotWriter, name: str, table: Blobs, changes: Changes) -> None:
    made = out.section(f"{name}.data", lambda write: table.merged(changes, write))
    out.put(f"{name}.first", made.first)
    out.put(f"{name}.keys", made.keys)
    out.put(f"{name}.ends", made.ends)


def _accounts(changed: Layer) -> Changes:
    return {packed.to_bytes(NUMBER, "big"): block for packed, block in changed.accounts.items()}


def _organisations(changed: Layer) -> Changes:
    return {key: data or None for key, data in changed.organisations.items()}


def _keys(base: Base, changed: Layer) -> Changes:
    """The rows that come and go with the accreditations that changed."""
    changes: Changes = {}
    for packed, block in changed.accounts.items():
        number = packed.to_bytes(NUMBER, "big")
        _exchange(changes, _leading_to(base.accounts.number(packed)), _leading_to(block), number)
    return changes


def _leading_to(block: Block | None) -> set[bytes]:
    return set() if block is None else {*layout.keys_of(block), Header.of(block).organisation}


def _verified(base: Base, changed: Layer) -> Changes:
    """The rows that come and go with the organisations that changed."""
    changes: Changes = {}
    for owner, data in changed.organisations.items():
        _exchange(changes, _vouched_for(base.organisations.get(owner)), _vouched_for(data or None), owner)
    return changes


def _vouched_for(data: Block | None) -> set[bytes]:
    return set() if data is None else set(Organisation.decode(data).keys)


def _exchange(changes: Changes, old: set[bytes], new: set[bytes], value: bytes) -> None:
    changes.update((key + value, None) for key in old - new)
    changes.update((key + value, key + value) for key in new - old)


def _subjects(projection: Projection, changed: Layer) -> Changes:
    changes: Changes = {}
    for subject, head in changed.heads.items():
        number = projection.number_of(subject) or 0
        changes[subject] = subject + head + number.to_bytes(NUMBER, "big")
    return changes


def _erase(projection: Projection) -> None:
    """Take what was erased out of everything that is about to be written."""
    if not projection.erasures:
        return
    changed, base, top = projection.layers.flat(), projection.base, projection.layers.top
    for packed in (*changed.accounts, *_naming(base.accounts, projection.erasures)):
        projection.block(packed)
    for key, data in changed.organisations.items():
        if data[: layout.ID] in projection.erasures:
            top.organisations[key] = b""
    for key in _described_by(base.organisations, projection.erasures):
        if key not in changed.organisations:
            top.organisations[key] = b""


def _naming(accounts: Blobs, event_ids: set[bytes]) -> Iterator[int]:
    """The numbers in whose blocks one of these events occurs."""
    return (accounts.first[accounts.position(at)] for at in _occurrences(accounts.data, event_ids))


def _described_by(table: Blobs, event_ids: set[bytes]) -> Iterator[bytes]:
    """The organisations whose newest description is one of these events."""
    for at in _occurrences(table.data, event_ids):
        position = table.position(at)
        if bytes(table.value(position)[: layout.ID]) in event_ids:
            yield bytes(table.keys[position * table.key : (position + 1) * table.key])


def _occurrences(data: memoryview, needles: set[bytes]) -> Iterator[int]:
    """Where any of these ids stands in a section: memory is searched, which is faster than reading blocks."""
    for start in range(0, len(data), _CHUNK):
        chunk = bytes(data[start : start + _CHUNK + layout.ID - 1])
        for needle in needles:
            at = chunk.find(needle)
            while at >= 0:
                yield start + at
                at = chunk.find(needle, at + 1)


def compact(folder: Folder, trust: Trust, prefix: str, base: int, upto: int) -> None:
    """Make the snapshot of size `upto` from that of size `base`, 0 for none, and the deltas between them.

    Raises SnapshotRefused, DeltaDamaged or LogError when these cannot be used.
    """
    copy = Copy.at(folder, trust.logs[prefix], base)
    try:
        copy.read_all(until=upto)
        if copy.size != upto:
            raise DeltaDamaged(f"the deltas lead to {copy.size} entries, not to {upto}")
        write_snapshot(copy, folder.snapshot(upto))
    finally:
        copy.close()


def main() -> int:
    """Do what standard input asks for."""
    asked: Mapping[str, object] = json.load(sys.stdin)
    os.nice(_NICE)
    try:
        compact(
            Folder(Path(str(asked["folder"]))),
            Trust.from_json(asked["trust"]),
            str(asked["prefix"]),
            int(str(asked["base"])),
            int(str(asked["upto"])),
        )
    except (SnapshotRefused, DeltaDamaged, LogError) as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        return DAMAGED
    return 0


if __name__ == "__main__":
    sys.exit(main())
