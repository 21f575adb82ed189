"""What is listed here, and by which list: the state that the next snapshot is compared with."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, and_, bindparam, func, select, tuple_, update
from sqlmodel import col

from goodstanding.transitions import Standing
from registry.accreditations.tables import AccreditationRow
from registry.database import ReadTx, WriteTx
from registry.intake.difference import Known
from registry.intake.holders import by_identifier, open_numbers
from registry.intake.model import Claim, Key
from registry.intake.repository import BATCH
from registry.intake.snapshots import Series
from registry.intake.tables import ListedRow, SnapshotRow
from registry.organisations.tables import OrganisationRow

_Names = Mapping[str, tuple[str, ...]]  # organisation id -> its names


@dataclass(frozen=True, slots=True)
class Listed:
    """One accreditation as it is listed."""

    key: Key
    number: str
    word: str
    gone: bool
    ours: bool
    organisation_id: str
    standing: Standing

    def known(self, open_number: str | None) -> Known:
        """What is known of it; ``open_number``: the open accreditation of its organisation under the scheme."""
        return Known(
            organisation_ids=(self.organisation_id,), number=self.number, listed_word=self.word, gone=self.gone,
            ours=self.ours, standing=self.standing, follower=None if open_number == self.number else open_number,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Named:
    """One accreditation of a list, with what its organisation is called."""

    listed: Listed
    known: Known
    name: str
    kind: str
    jurisdiction: str


async def known(
    tx: ReadTx | WriteTx, series: Series, claims: Mapping[Key, Claim], under: Sequence[str]
) -> dict[Key, Known]:
    """What is already held about each key (absent: nothing); ``under``: the schemes this list may list under."""
    listed = await _listed(tx, series, {key for _, key in claims}, under)
    of_key = {one.key[1]: one.organisation_id for one in listed.values()}  # under whatever scheme it is listed
    found = await by_identifier(tx, {c.identifier for c in claims.values() if c.identifier is not None})
    organisations: dict[Key, _Names] = {}
    for key, claim in claims.items():
        if key[1] in of_key:
            organisations[key] = {of_key[key[1]]: ()}  # its name was compared when it was listed
        elif claim.identifier in found:
            organisations[key] = found[claim.identifier]
    numbers = await open_numbers(tx, series.authority_id, {one for some in organisations.values() for one in some})
    return {key: _known(key, some, listed.get(key), numbers) for key, some in organisations.items()}


def _known(key: Key, organisations: _Names, listed: Listed | None, numbers: Mapping[Key, str]) -> Known:
    if listed is not None:
        return listed.known(numbers.get((listed.organisation_id, key[0])))
    number = next((numbers[one, key[0]] for one in organisations if (one, key[0]) in numbers), None)
    return Known(tuple(organisations), tuple(name for some in organisations.values() for name in some), number)


async def count(tx: ReadTx, series: Series) -> int:
    """How many accreditations a list has."""
    statement = select(func.count()).select_from(ListedRow).join(SnapshotRow, _by_its_snapshot()).where(*_has(series))
    return int((await tx.execute(statement)).scalar_one())


async def everything(tx: ReadTx, series: Series) -> AsyncIterator[list[Named]]:
    """All that a list has, some at a time."""
    place = tuple_(col(ListedRow.scheme_id), col(ListedRow.source_key))
    named = (col(OrganisationRow.name), col(OrganisationRow.kind), col(OrganisationRow.jurisdiction))
    statement = _select(*named).join(OrganisationRow, col(OrganisationRow.id) == col(AccreditationRow.organisation_id))
    statement = statement.where(*_has(series)).order_by(col(ListedRow.scheme_id), col(ListedRow.source_key))
    after: Key = ("", "")
    while rows := list(await tx.execute(statement.where(place > tuple_(*after)).limit(BATCH))):
        listed = [(_read(row, series), row) for row in rows]
        numbers = await open_numbers(tx, series.authority_id, {one.organisation_id for one, _ in listed})
        yield [
            Named(one, one.known(numbers.get((one.organisation_id, one.key[0]))), row.name, row.kind, row.jurisdiction)
            for one, row in listed
        ]
        after = listed[-1][0].key


async def schemes(tx: ReadTx | WriteTx, authority_id: str) -> list[str]:
    """The schemes under which the authority lists anything."""
    statement = select(col(ListedRow.scheme_id)).where(col(ListedRow.authority_id) == authority_id).distinct()
    return sorted(await tx.scalars(statement))


async def change(tx: WriteTx, authority_id: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Set word, snapshot and whether it is gone: rows of of_scheme, of_key, word, snapshot, gone_in."""
    this = and_(
        col(ListedRow.authority_id) == authority_id,
        col(ListedRow.scheme_id) == bindparam("of_scheme"),
        col(ListedRow.source_key) == bindparam("of_key"),
    )
    values: dict[str, Any] = {
        "local_word": bindparam("word"),
        "snapshot_id": bindparam("snapshot"),
        "unlisted_in": bindparam("gone_in"),
    }
    if rows:
        await tx.execute(update(ListedRow).where(this).values(**values), rows)


def _select(*more: Any) -> Select[Any]:
    """What `_read` reads, and more; the snapshot that listed a row says of which list it is."""
    return (
        select(
            col(ListedRow.scheme_id), col(ListedRow.source_key), col(ListedRow.number), col(ListedRow.local_word),
            col(ListedRow.unlisted_in), col(SnapshotRow.layout), col(SnapshotRow.source),
            col(AccreditationRow.organisation_id), col(AccreditationRow.standing), *more,
        )
        .join(AccreditationRow, col(AccreditationRow.number) == col(ListedRow.number))
        .join(SnapshotRow, _by_its_snapshot())
    )  # fmt: skip


def _read(row: Any, series: Series) -> Listed:
    return Listed(
        key=(row.scheme_id, row.source_key),
        number=row.number,
        word=row.local_word,
        gone=row.unlisted_in is not None,
        ours=(row.layout, row.source) == (series.layout, series.source),
        organisation_id=row.organisation_id,
        standing=Standing(row.standing),
    )


def _by_its_snapshot() -> Any:
    return col(SnapshotRow.id) == col(ListedRow.snapshot_id)


def _has(series: Series) -> tuple[Any, ...]:
    return (
        col(ListedRow.authority_id) == series.authority_id,
        col(ListedRow.unlisted_in).is_(None),
        col(SnapshotRow.layout) == series.layout,
        col(SnapshotRow.source).is_not_distinct_from(series.source),
    )


async def _listed(tx: ReadTx | WriteTx, series: Series, keys: Iterable[str], under: Sequence[str]) -> dict[Key, Listed]:
    statement = _select().where(
        col(ListedRow.authority_id) == series.authority_id,
        col(ListedRow.scheme_id).in_(under),
        col(ListedRow.source_key).in_(list(keys)),
    )
    found = [_read(row, series) for row in await tx.execute(statement)]
    return {one.key: one for one in found}
