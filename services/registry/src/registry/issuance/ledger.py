"""The ledger: the only way an event is written, and the only way the decisions of an accreditation are read.

Writing is step 3 of the issuance cycle: one transaction holds the event and everything that follows from it at once.

Rules
1. An event, its outbox row and its stream's new head are written in the caller's transaction, or not at all.
2. An event names the leaf before it in its stream; two events never name the same one: the head is read under
   lock, and must be the head the caller decided on. So `seq` grows along a stream, and no event of a stream can be
   read before the one it follows; between streams a smaller `seq` may appear after a greater one.
3. Events are never changed or deleted here.
4. An accreditation of which a decision was erased has no history: what is left could be taken for the whole.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Column, Table, bindparam, func, insert, literal, select, update
from sqlmodel import SQLModel, col

from goodstanding.events import SealedEvent, new_salt, seal
from goodstanding.standing import Decision
from goodstanding.transitions import Standing
from registry.accreditations.tables import AccreditationRow
from registry.database import ReadTx, WriteTx
from registry.issuance.errors import StaleStream
from registry.issuance.tables import EventRow, OutboxRow
from registry.schemes.tables import SchemeMappingRow, SchemeRow
from registry.statements import MAX_KEYS, Prepared, among

SUBMIT, PROVE, RELEASE = "SUBMIT", "PROVE", "RELEASE"  # stages of an outbox row
ASIDE = "ASIDE"  # the log refuses it for good; it waits for a person
Item = TypeVar("Item")
FOUND_BY_SUBJECT = frozenset({"organisation", "relation"})  # kinds whose events are looked up by what they are about
BATCH = 500  # rows per statement, well below any database's limit of parameters

_OF_NUMBERS = Prepared(
    select(col(EventRow.number), col(EventRow.body), col(EventRow.log_index), col(EventRow.erased_by))
    .where(among(col(EventRow.number), "numbers"))
    .order_by(col(EventRow.number), col(EventRow.seq))
)


@dataclass(frozen=True, slots=True)
class Stream:
    """A chain of events about one subject, kept by a row with the columns ``subject`` and ``head`` and one key."""

    row: type[SQLModel]
    key: str
    subject: bytes  # 16 bytes
    head: bytes | None  # leaf hash of its newest event, as the caller read it in this transaction


@dataclass(frozen=True, slots=True)
class Entry:
    """A body to append to a stream."""

    body: Mapping[str, Any]
    stream: Stream


_Place = tuple[type[SQLModel], str]


async def append(tx: WriteTx, entries: Sequence[Entry], *, now: datetime) -> list[SealedEvent]:
    """Seal the bodies, each after the one before it in its stream, and store events, outbox rows and heads.

    The rows that keep the streams must exist. Raises EventError for a malformed body, StaleStream when a stream has
    moved on; the transaction is then to be rolled back.
    """
    # 3
    heads: dict[_Place, bytes | None] = {(entry.stream.row, entry.stream.key): entry.stream.head for entry in entries}
    await _check_heads(tx, heads)
    sealed = []
    for entry in entries:
        place = (entry.stream.row, entry.stream.key)
        event = seal(entry.body, subject=entry.stream.subject, prev=heads[place], recorded_at=now, salt=new_salt())
        heads[place] = event.leaf_hash
        sealed.append(event)
    await _store(tx, entries, sealed, now)
    for row, moved in _by_table(heads):
        table, key = _table(row), _key(row)
        statement = update(table).where(key == bindparam("place")).values(head=bindparam("moved_to"))
        await tx.execute(statement, [{"place": place, "moved_to": head} for place, head in moved.items()])
    return sealed


async def history(tx: ReadTx | WriteTx, numbers: Sequence[str]) -> dict[str, list[Decision]]:
    """The decisions of each number in the order of its chain, pending ones included; empty when it has none (rule 4)."""
    found, erased = [], set[str]()
    for some in batches(list(dict.fromkeys(numbers)), MAX_KEYS):
        rows = await _OF_NUMBERS.rows(tx, numbers=some)
        erased |= {str(row.number) for row in rows if row.erased_by is not None}
        found += [(row.number, json.loads(row.body), row.log_index) for row in rows if row.number not in erased]
    words = await _words(tx, {body["scheme"] for _, body, _ in found if "local_word" in body})
    decisions: dict[str, list[Decision]] = {number: [] for number in numbers}
    for number, body, index in found:
        listed = words.get((body["scheme"], body.get("mapping_version", ""), body.get("local_word", "")))
        decisions[str(number)].append(Decision.from_body(body, index, listed))
    return decisions


async def held_history(tx: WriteTx, numbers: Sequence[str]) -> dict[str, list[Decision]]:
    """As `history`, and nothing is decided about these numbers until the transaction ends: take the time after it."""
    await hold_accreditations(tx, numbers)
    return await history(tx, numbers)


async def hold_accreditations(tx: WriteTx, numbers: Sequence[str]) -> None:
    """Have nothing decided about these numbers until the transaction ends.

    At most a few thousand numbers; they are locked in one statement, so that everyone locks them in the same order.
    """
    number = col(AccreditationRow.number)
    await tx.execute(select(number).where(number.in_(set(numbers))).order_by(number).with_for_update())


def batches(items: Sequence[Item], size: int = BATCH) -> Iterator[Sequence[Item]]:
    """Cut a sequence into pieces that fit one statement."""
    return (items[start : start + size] for start in range(0, len(items), size))


async def _check_heads(tx: WriteTx, heads: Mapping[_Place, bytes | None]) -> None:
    """Rule 2: lock the rows that keep the streams and compare."""
    for row, expected in _by_table(heads):
        table, key = _table(row), _key(row)
        for some in batches(sorted(expected)):
            statement = select(key, table.c.head).where(key.in_(some)).order_by(key).with_for_update()
            found = {row[0]: row[1] for row in await tx.execute(statement)}
            for place in some:
                if place not in found:
                    raise StaleStream(f"{table.name} has no row {place} to keep its stream; insert it first")
                if found[place] != expected[place]:
                    raise StaleStream(f"the stream of {place} has moved on; read it again and decide again")


async def _store(tx: WriteTx, entries: Sequence[Entry], sealed: Sequence[SealedEvent], now: datetime) -> None:
    if not sealed:
        return
    rows = [
        {
            "event_id": event.event_id,
            "kind": event.kind,
            "number": entry.body["number"] if event.kind == "decision" else None,
            "about": entry.stream.key if event.kind in FOUND_BY_SUBJECT else None,
            "body": event.body,
            "leaf": event.leaf,
            "salt": event.salt,
            "recorded_at": now,
        }
        for entry, event in zip(entries, sealed, strict=True)
    ]
    await tx.execute(insert(EventRow), rows)
    for some in batches([event.event_id for event in sealed]):
        waiting = select(col(EventRow.seq), col(EventRow.event_id), literal(SUBMIT)).where(
            col(EventRow.event_id).in_(some)
        )
        await tx.execute(insert(OutboxRow).from_select(["seq", "event_id", "stage"], waiting))


async def _words(tx: ReadTx | WriteTx, schemes: Collection[str]) -> dict[tuple[str, str, str], Standing]:
    """(scheme, version of its mapping, local word) -> canonical standing; the version in force and those before it."""
    if not schemes:
        return {}
    current = select(col(SchemeRow.id), func.coalesce(col(SchemeRow.mapping_version), ""), col(SchemeRow.mappings))
    kept = select(col(SchemeMappingRow.scheme_id), col(SchemeMappingRow.version), col(SchemeMappingRow.mappings)).where(
        col(SchemeMappingRow.scheme_id).in_(schemes)
    )
    statement = current.where(col(SchemeRow.id).in_(schemes)).union_all(kept)
    return {
        (scheme, version, mapping["word"]): Standing(mapping["standing"])
        for scheme, version, mappings in await tx.execute(statement)
        for mapping in mappings
    }


def _by_table(
    heads: Mapping[_Place, bytes | None],
) -> list[tuple[type[SQLModel], dict[str, bytes | None]]]:
    rows: dict[type[SQLModel], dict[str, bytes | None]] = {}
    for (row, key), head in heads.items():
        rows.setdefault(row, {})[key] = head
    return list(rows.items())


def _table(row: type[SQLModel]) -> Table:
    return SQLModel.metadata.tables[str(row.__tablename__)]


def _key(row: type[SQLModel]) -> Column[Any]:
    (key,) = _table(row).primary_key.columns
    return key
