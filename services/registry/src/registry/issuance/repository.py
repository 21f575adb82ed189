"""Queries of what issuance publishes: records, proofs' places, status lists, keys' owners."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import exists, select, update
from sqlmodel import col

from registry.accreditations.tables import AccreditationRow
from registry.database import ReadTx, WriteTx
from registry.issuance.publication import BOUNDARY
from registry.issuance.tables import DueRow, EventRow, RecordRow, StatusEntryRow, StatusListRow
from registry.schemes.tables import AuthorityRow

MAX_LISTS = 10_000  # URIs in one aggregation


@dataclass(frozen=True, slots=True)
class ReleasedRecord:
    """A record that may be seen, and the logged event that opened its generation."""

    token: str
    exp: datetime
    leaf: bytes
    log_index: int


@dataclass(frozen=True, slots=True)
class FeedLine:
    """One record in the order in which records were made; no token yet: it is about to be signed."""

    seq: int
    event_id: str
    envelope: str
    token: str | None


@dataclass(frozen=True, slots=True)
class ListState:
    """How far a status list is signed."""

    version: int
    signed_version: int
    iat: datetime | None
    exp: datetime | None


@dataclass(frozen=True, slots=True)
class ListContent:
    """What a status list token is made of: entries other than 0, as (index, code)."""

    uri: str
    capacity: int
    version: int
    codes: Sequence[tuple[int, int]]
    next_change: datetime | None  # when an entry next changes by itself
    authority: str


async def newest_record(tx: ReadTx, number: str) -> ReleasedRecord | None:
    """The newest released record of a number: records are only ever made for the generation in force."""
    statement = (
        select(col(RecordRow.token), col(RecordRow.exp), col(EventRow.leaf), col(EventRow.log_index))
        .join(EventRow, col(EventRow.event_id) == col(RecordRow.event_id))
        .where(col(RecordRow.number) == number, col(RecordRow.token).is_not(None))
        .order_by(col(RecordRow.seq).desc())
        .limit(1)
    )
    row = (await tx.execute(statement)).first()
    if row is None or row.token is None or row.log_index is None:
        return None
    return ReleasedRecord(row.token, row.exp, row.leaf, row.log_index)


async def accreditation_known(tx: ReadTx, number: str) -> bool:
    """Whether the number was ever given out here."""
    return bool(await tx.scalar(select(exists().where(col(AccreditationRow.number) == number))))


async def waits_for_log(tx: ReadTx, number: str) -> bool:
    """Whether a decision about the number is not in the log yet."""
    pending = (col(EventRow.number) == number) & col(EventRow.log_index).is_(None)
    return bool(await tx.scalar(select(exists().where(pending))))


async def erased(tx: ReadTx, number: str) -> bool:
    """Whether a decision about the number was erased."""
    gone = (col(EventRow.number) == number) & col(EventRow.erased_by).is_not(None)
    return bool(await tx.scalar(select(exists().where(gone))))


async def authority_known(tx: ReadTx, authority_id: str) -> bool:
    """Whether there is such an authority."""
    return bool(await tx.scalar(select(exists().where(col(AuthorityRow.id) == authority_id))))


async def records_after(tx: ReadTx, after: int, limit: int) -> list[FeedLine]:
    """The next records in order, up to the first that is not signed yet."""
    statement = (
        select(col(RecordRow.seq), col(RecordRow.event_id), col(RecordRow.envelope), col(RecordRow.token))
        .where(col(RecordRow.seq) > after)
        .order_by(col(RecordRow.seq))
        .limit(limit)
    )
    lines = [FeedLine(row.seq, row.event_id, row.envelope, row.token) for row in await tx.execute(statement)]
    signed = next((place for place, line in enumerate(lines) if line.token is None), len(lines))
    return lines[:signed]


async def list_uris(tx: ReadTx) -> list[str]:
    """The URIs of all status lists, at most 10,000."""
    return list(await tx.scalars(select(col(StatusListRow.uri)).order_by(col(StatusListRow.id)).limit(MAX_LISTS)))


async def list_state(tx: ReadTx, list_id: str) -> ListState | None:
    """How far a list is signed; None when there is no such list."""
    statement = select(
        col(StatusListRow.version), col(StatusListRow.signed_version), col(StatusListRow.iat), col(StatusListRow.exp)
    ).where(col(StatusListRow.id) == list_id)
    row = (await tx.execute(statement)).first()
    return None if row is None else ListState(row.version, row.signed_version, row.iat, row.exp)


async def list_token(tx: ReadTx, list_id: str) -> tuple[str, ListState]:
    """The stored token of a list that has one, with the state it belongs to."""
    row: Any = (await tx.execute(select(StatusListRow).where(col(StatusListRow.id) == list_id))).one()
    return row.token, ListState(row.version, row.signed_version, row.iat, row.exp)


async def list_content(tx: ReadTx, list_id: str, now: datetime) -> ListContent:
    """Everything a token of an existing list says, in one consistent view."""
    of_list = select(
        col(StatusListRow.uri), col(StatusListRow.capacity), col(StatusListRow.version), col(StatusListRow.authority_id)
    ).where(col(StatusListRow.id) == list_id)
    this = (await tx.execute(of_list)).one()
    codes = select(col(StatusEntryRow.idx), col(StatusEntryRow.code)).where(
        col(StatusEntryRow.list_id) == list_id, col(StatusEntryRow.code) != 0
    )
    to_come = (
        select(col(DueRow.at))
        .where(col(DueRow.kind) == BOUNDARY, col(DueRow.at) > now, _in_list(list_id))
        .order_by(col(DueRow.at))
        .limit(1)
    )
    other = [(row.idx, row.code) for row in await tx.execute(codes)]
    return ListContent(this.uri, this.capacity, this.version, other, await tx.scalar(to_come), this.authority_id)


async def overdue_numbers(tx: ReadTx, list_id: str, now: datetime) -> list[str]:
    """Numbers in the list for which something has changed by itself and the due worker has not been yet."""
    statement = select(col(DueRow.number)).where(col(DueRow.kind) == BOUNDARY, col(DueRow.at) <= now, _in_list(list_id))
    return list(dict.fromkeys(await tx.scalars(statement)))


async def store_list(tx: WriteTx, list_id: str, version: int, token: str, iat: datetime, exp: datetime) -> None:
    """Store a token, unless one of a later version is there already."""
    this = (col(StatusListRow.id) == list_id) & (col(StatusListRow.signed_version) <= version)
    await tx.execute(update(StatusListRow).where(this).values(token=token, signed_version=version, iat=iat, exp=exp))


def _in_list(list_id: str) -> Any:
    return exists().where(col(StatusEntryRow.number) == col(DueRow.number), col(StatusEntryRow.list_id) == list_id)
