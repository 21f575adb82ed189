"""Queries of intake. Callers pass at most a batch of keys at a time, so that no statement grows without bound."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlmodel import col

from registry.accreditations.tables import AccreditationRow
from registry.database import ReadTx, WriteTx
from registry.intake.model import Claim, Key, Known, Refusal, StagedListing, Vocabulary, vocabulary_of
from registry.intake.snapshots import RELEASED, Snapshot
from registry.intake.tables import ListedRow, SnapshotRow, StagedListingRow, StagedRow
from registry.organisations.model import Organisation
from registry.organisations.tables import OrganisationIdentifierRow, OrganisationRow
from registry.schemes import repository as schemes

BATCH = 500  # keys or rows of one statement
PAGE = 50  # snapshots shown at once

_SNAPSHOT = tuple(getattr(SnapshotRow, name) for name in Snapshot.__slots__)


async def snapshot(tx: ReadTx | WriteTx, snapshot_id: str, *, lock: bool = False) -> Snapshot | None:
    """One snapshot; ``lock`` keeps others from releasing it until the transaction ends."""
    statement = select(*_SNAPSHOT).where(col(SnapshotRow.id) == snapshot_id)
    row = (await tx.execute(statement.with_for_update() if lock else statement)).first()
    return Snapshot(*row) if row else None


async def snapshots(tx: ReadTx, authorities: Iterable[str], *, waiting: bool) -> list[Snapshot]:
    """The newest snapshots of these authorities, at most a page; ``waiting``: only those not released yet."""
    statement = select(*_SNAPSHOT).where(col(SnapshotRow.authority_id).in_(sorted(authorities)))
    if waiting:
        statement = statement.where(col(SnapshotRow.state) != RELEASED)
    return [Snapshot(*row) for row in await tx.execute(statement.order_by(col(SnapshotRow.id).desc()).limit(PAGE))]


async def same_upload(tx: WriteTx, wanted: Snapshot) -> Snapshot | None:
    """A snapshot of the same file by the same person, for the same authority and source, that still waits."""
    same = [
        getattr(SnapshotRow, name) == getattr(wanted, name)
        for name in ("authority_id", "layout", "basis", "source", "file_hash", "uploaded_by")
    ]
    statement = select(*_SNAPSHOT).where(*same, col(SnapshotRow.state) != RELEASED).limit(1)
    row = (await tx.execute(statement)).first()
    return Snapshot(*row) if row else None


async def refused_rows(tx: ReadTx, snapshot_id: str, *, after: int, most: int) -> list[tuple[int, str, str]]:
    """(row, outcome, reason) of held and rejected rows, in order, after a row."""
    statement = (
        select(col(StagedRow.row), col(StagedRow.outcome), col(StagedRow.reason))
        .where(col(StagedRow.snapshot_id) == snapshot_id, col(StagedRow.row) > after)
        .order_by(col(StagedRow.row))
        .limit(most)
    )
    return [(row, outcome, reason) for row, outcome, reason in await tx.execute(statement)]


async def vocabularies(tx: ReadTx | WriteTx, ids: Iterable[str]) -> dict[str, Vocabulary]:
    """The vocabularies of the schemes that exist among these; a careless file may name any number."""
    found: dict[str, Vocabulary] = {}
    coming = iter(sorted(ids))
    while some := list(islice(coming, BATCH)):
        found |= {scheme.id: vocabulary_of(scheme) for scheme in (await schemes.schemes(tx, some)).values()}
    return found


async def known(
    tx: ReadTx | WriteTx, authority_id: str, claims: Mapping[Key, Claim], under: Sequence[str]
) -> dict[Key, Known]:
    """What is already held about each key (absent: nothing); ``under``: the schemes this list may list under."""
    listed = await _listed(tx, authority_id, {key for _, key in claims}, under)
    found = await _by_identifier(tx, {c.identifier for c in claims.values() if c.identifier is not None})
    organisations: dict[Key, Mapping[str, tuple[str, ...]]] = {}
    for key, claim in claims.items():
        if key[1] in listed.organisations:
            organisations[key] = {listed.organisations[key[1]]: ()}  # its name was compared when it was listed
        elif claim.identifier in found:
            organisations[key] = found[claim.identifier]
    numbers = await _open(tx, authority_id, {one for some in organisations.values() for one in some})
    return {
        key: _known(some, listed.words.get(key), [numbers.get((one, key[0])) for one in some])
        for key, some in organisations.items()
    }


def _known(
    organisations: Mapping[str, tuple[str, ...]], listed: tuple[str, str] | None, numbers: Iterable[str | None]
) -> Known:
    number, word = listed or (next((one for one in numbers if one is not None), None), None)
    names = [name for some in organisations.values() for name in some]
    return Known(tuple(organisations), tuple(names), number, word)


@dataclass(frozen=True, slots=True)
class _Listed:
    words: dict[Key, tuple[str, str]]  # -> (number, local word)
    organisations: dict[str, str]  # source key -> organisation, under whatever scheme it is listed


async def _listed(tx: ReadTx | WriteTx, authority_id: str, keys: Iterable[str], under: Sequence[str]) -> _Listed:
    statement = (
        select(
            col(ListedRow.scheme_id), col(ListedRow.source_key), col(ListedRow.number), col(ListedRow.local_word),
            col(AccreditationRow.organisation_id),
        )
        .join(AccreditationRow, col(AccreditationRow.number) == col(ListedRow.number))
        .where(
            col(ListedRow.authority_id) == authority_id,
            col(ListedRow.scheme_id).in_(under),
            col(ListedRow.source_key).in_(list(keys)),
        )
    )  # fmt: skip
    found = _Listed({}, {})
    for scheme, key, number, word, organisation in await tx.execute(statement):
        found.words[scheme, key] = (number, word)
        found.organisations[key] = organisation
    return found


async def _by_identifier(
    tx: ReadTx | WriteTx, identifiers: set[tuple[str, str]]
) -> dict[tuple[str, str] | None, dict[str, tuple[str, ...]]]:
    """(scheme, value) -> organisation id -> its names."""
    found: dict[tuple[str, str] | None, dict[str, tuple[str, ...]]] = {}
    if not identifiers:
        return found
    statement = (
        select(
            col(OrganisationIdentifierRow.scheme), col(OrganisationIdentifierRow.value),
            col(OrganisationRow.id), col(OrganisationRow.names),
        )
        .join(OrganisationRow, col(OrganisationRow.id) == col(OrganisationIdentifierRow.organisation_id))
        .where(
            col(OrganisationIdentifierRow.scheme).in_({scheme for scheme, _ in identifiers}),
            col(OrganisationIdentifierRow.value).in_({value for _, value in identifiers}),
        )
    )  # fmt: skip
    for scheme, value, organisation, names in await tx.execute(statement):
        if (scheme, value) in identifiers:
            found.setdefault((scheme, value), {})[organisation] = tuple(name["text"] for name in names)
    return found


async def _open(tx: ReadTx | WriteTx, authority_id: str, organisations: Iterable[str]) -> dict[tuple[str, str], str]:
    """(organisation, scheme) -> number of the open accreditation at this authority."""
    statement = select(
        col(AccreditationRow.organisation_id), col(AccreditationRow.scheme_id), col(AccreditationRow.number)
    ).where(
        col(AccreditationRow.authority_id) == authority_id,
        col(AccreditationRow.open),
        col(AccreditationRow.organisation_id).in_(list(organisations)),
    )
    return {(organisation, scheme): number for organisation, scheme, number in await tx.execute(statement)}


async def listed_count(tx: ReadTx | WriteTx, authority_id: str, under: Sequence[str]) -> int:
    """How many accreditations the authority lists under these schemes."""
    statement = select(func.count()).where(
        col(ListedRow.authority_id) == authority_id, col(ListedRow.scheme_id).in_(under)
    )
    return int((await tx.execute(statement)).scalar_one())


async def listed_schemes(tx: ReadTx | WriteTx, authority_id: str) -> list[str]:
    """The schemes under which the authority lists anything."""
    statement = select(col(ListedRow.scheme_id)).where(col(ListedRow.authority_id) == authority_id).distinct()
    return sorted(await tx.scalars(statement))


async def store(
    tx: WriteTx, snapshot: Snapshot, refusals: Iterable[Refusal], listings: Iterable[StagedListing]
) -> None:
    """Insert a snapshot, its held and rejected rows, and its listings, as they come."""
    await tx.execute(insert(SnapshotRow), [asdict(snapshot)])
    await add(tx, StagedRow, ({"snapshot_id": snapshot.id, **asdict(refusal)} for refusal in refusals))
    rows = (
        {
            "snapshot_id": snapshot.id,
            "n": listing.n,
            "scheme_id": listing.claim.scheme_id,
            "source_key": listing.claim.source_key,
            "data": listing.data(),
            "released": False,
        }
        for listing in listings
    )
    await add(tx, StagedListingRow, rows)


async def staged_schemes(tx: WriteTx, snapshot_id: str) -> list[str]:
    """The schemes a snapshot lists under."""
    statement = select(col(StagedListingRow.scheme_id)).where(col(StagedListingRow.snapshot_id) == snapshot_id)
    return sorted(await tx.scalars(statement.distinct()))


async def pending(tx: WriteTx, snapshot_id: str, most: int) -> list[StagedListing]:
    """The next listings to release, in the file's order."""
    statement = (
        select(
            col(StagedListingRow.n), col(StagedListingRow.scheme_id), col(StagedListingRow.source_key),
            col(StagedListingRow.data),
        )
        .where(col(StagedListingRow.snapshot_id) == snapshot_id, col(StagedListingRow.released).is_(False))
        .order_by(col(StagedListingRow.n))
        .limit(most)
    )  # fmt: skip
    return [StagedListing.read(n, (scheme, key), data) for n, scheme, key, data in await tx.execute(statement)]


async def add_organisations(tx: WriteTx, made: Sequence[Organisation], now: datetime) -> None:
    """Insert organisations known from a list only: no event of their own yet, the decision's body carries them."""
    rows = [
        {
            "id": one.id,
            "kind": one.kind,
            "name": one.name,
            "names": list(one.names),
            "identifiers": list(one.identifiers),
            "domains": list(one.domains),
            "jurisdiction": one.jurisdiction,
            "subject": None,
            "head": None,
            "created_at": now,
        }
        for one in made
    ]
    await add(tx, OrganisationRow, rows)
    lookups = (
        {"scheme": identifier["scheme"], "value": identifier["value"], "organisation_id": one.id}
        for one in made
        for identifier in one.identifiers
    )
    await add(tx, OrganisationIdentifierRow, lookups)


async def add(tx: WriteTx, table: Any, rows: Iterable[Mapping[str, Any]]) -> None:
    """Insert rows, a batch at a time."""
    coming = iter(rows)
    while some := list(islice(coming, BATCH)):
        await tx.execute(insert(table), some)


async def mark_released(tx: WriteTx, snapshot_id: str, numbers: Sequence[int]) -> None:
    """These listings are settled."""
    statement = update(StagedListingRow).where(
        col(StagedListingRow.snapshot_id) == snapshot_id, col(StagedListingRow.n).in_(numbers)
    )
    await tx.execute(statement.values(released=True))


async def change(tx: WriteTx, snapshot_id: str, values: Mapping[str, Any]) -> None:
    """Set columns of a snapshot."""
    await tx.execute(update(SnapshotRow).where(col(SnapshotRow.id) == snapshot_id).values(**values))
