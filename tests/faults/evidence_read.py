"""Reading what the invariants judge: the log's files and notes, the registry's rows. Nothing is judged here."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from facts import Accreditation, Decided, Event, Issued, Key, Listed
from sqlalchemy import select
from sqlmodel import SQLModel, col

import registry.tables  # noqa: F401 - every table must be known
from goodstanding.checkpoint import Checkpoint, verify_checkpoint
from goodstanding.errors import LogError
from goodstanding.note import VerifierKey
from goodstanding.record import verify_record
from registry.access.tables import IdempotencyRow
from registry.accreditations.tables import AccreditationRow, DecisionRow, ProposalRow
from registry.database import Database, ReadTx
from registry.intake.snapshots import ACT, RELEASED
from registry.intake.tables import SnapshotRow
from registry.issuance.ledger import ASIDE
from registry.issuance.tables import EventRow, KeyRow, OutboxRow, RecordRow
from registry.organisations.tables import OrganisationRow


@dataclass(frozen=True, slots=True)
class LogSeen:
    """The log as its files have it; `published` is None before anything is, and when it is `unreadable` (says why)."""

    published: Checkpoint | None
    files: Mapping[str, bytes]
    unreadable: str | None = None


@dataclass(frozen=True, slots=True)
class Rows:
    """The registry's rows. `waiting` counts what is on its way to the log, what the log refused included."""

    ids: Collection[str]
    events: list[Event]
    accreditations: list[Accreditation]
    lists: list[Listed]
    keys: list[Key]
    decided: list[Decided]
    issued: list[Issued]
    unsigned: int
    waiting: int
    refused: int


def read_log(folder: Path, keys: tuple[str, str]) -> LogSeen:
    """The published checkpoint first, then the files: those of a size are there before its checkpoint is."""
    note, published, unreadable = folder / "checkpoint", None, None
    if note.exists():
        try:
            published = checkpoint(note.read_bytes(), keys)
        except LogError as error:
            unreadable = str(error)
    files: dict[str, bytes] = {}
    for path in (folder / "tile").rglob("*"):
        with suppress(OSError):  # a folder; or a partial file that a full one has just replaced
            files[path.relative_to(folder).as_posix()] = path.read_bytes()
    return LogSeen(published, files, unreadable)


def checkpoint(note: bytes, keys: tuple[str, str]) -> Checkpoint:
    """What a note says, both signatures checked; LogError."""
    log, time = map(VerifierKey.parse, keys)
    return verify_checkpoint(note, log=log, time_cosigner=time).checkpoint


class RegistryReader:
    """Reads a registry's rows, again and again; a record's signature is checked the first time it is read."""

    def __init__(self, url: str) -> None:
        self._database = Database(url)
        self._verified: dict[str, Issued] = {}

    async def close(self) -> None:
        await self._database.close()

    async def rows(self) -> Rows:
        """One consistent view of the database."""
        async with self._database.read() as tx:
            events = [Event(*row) for row in await tx.execute(
                _of(EventRow, "event_id", "kind", "number", "leaf", "log_index").order_by(col(EventRow.seq)))]  # fmt: skip
            ids = {event.event_id for event in events}
            for table in (OrganisationRow, ProposalRow, SnapshotRow):
                ids |= {row.id for row in await tx.execute(_of(table, "id"))}
            stages = [row.stage for row in await tx.execute(_of(OutboxRow, "stage"))]
            tokens = [row.token for row in await tx.execute(_of(RecordRow, "token"))]
            await self._verify(tx, tokens)
            return Rows(
                ids=ids,
                events=events,
                accreditations=[Accreditation(*row) for row in await tx.execute(
                    _of(AccreditationRow, "number", "authority_id", "organisation_id", "scheme_id", "open"))],
                lists=await _lists(tx),
                keys=[Key(*row) for row in await tx.execute(_of(IdempotencyRow, "operation", "key", "result_id"))],
                decided=[Decided(*row) for row in await tx.execute(
                    _of(DecisionRow, "event_id", "number", "act", "four_eyes", "proposer", "approver"))],
                issued=[self._verified[token] for token in tokens if token],
                unsigned=tokens.count(None),
                waiting=len(stages),
                refused=stages.count(ASIDE),
            )  # fmt: skip

    async def _verify(self, tx: ReadTx, tokens: Iterable[str | None]) -> None:
        query = _of(KeyRow, "kid", "jwk").where(col(KeyRow.role) == "record")
        keys = {row.kid: row.jwk for row in await tx.execute(query)}
        for token in tokens:
            if token and token not in self._verified:
                record = verify_record(token, keys)
                self._verified[token] = Issued(record.claims.jti, record.leaf_hash, record.log_index)


async def _lists(tx: ReadTx) -> list[Listed]:
    """The released lists. A decision of a list names the file it rests on."""
    made: dict[str, list[str]] = defaultdict(list)
    for number, evidence in await tx.execute(_of(DecisionRow, "number", "evidence").where(col(DecisionRow.act) == ACT)):
        for file in evidence:
            made[file].append(number)
    released = _of(SnapshotRow, "id", "listings", "file_hash").where(col(SnapshotRow.state) == RELEASED)
    return [Listed(row.id, row.listings, tuple(made[row.file_hash])) for row in await tx.execute(released)]


def _of(row: type[SQLModel], *columns: str):
    table = SQLModel.metadata.tables[str(row.__tablename__)]
    return select(*(table.c[name] for name in columns))
