"""Queries of intake. Callers pass at most a batch of keys at a time, so that no statement grows without bound."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, func, insert, select, update
from sqlmodel import col

from registry.database import ReadTx, WriteTx
from registry.intake.model import MAX_REASON, NEW, Outcome, Refusal, StagedListing, Vocabulary, vocabulary_of
from registry.intake.snapshots import RELEASED, RELEASING, SETTLED, Series, Snapshot
from registry.intake.tables import ListedRow, SnapshotRow, StagedListingRow, StagedRow
from registry.organisations.model import Organisation
from registry.organisations.tables import OrganisationIdentifierRow, OrganisationRow
from registry.schemes import repository as schemes

BATCH = 500  # keys or rows of one statement
PAGE = 50  # snapshots shown at once

_ADDED = frozenset({"gone", "back", "changed", "held_gone", "released_changes"})  # null in rows from before them
_SNAPSHOT = tuple(
    func.coalesce(getattr(SnapshotRow, name), 0) if name in _ADDED else getattr(SnapshotRow, name)
    for name in Snapshot.__slots__
)
_FIGURES = ("accepted", "held", "listings", "unchanged", "absent", "gone", "back", "changed")


async def snapshot(tx: ReadTx | WriteTx, snapshot_id: str, *, lock: bool = False) -> Snapshot | None:
    """One snapshot; ``lock`` keeps others from releasing it until the transaction ends."""
    statement = select(*_SNAPSHOT).where(col(SnapshotRow.id) == snapshot_id)
    row = (await tx.execute(statement.with_for_update() if lock else statement)).first()
    return Snapshot(*row) if row else None


async def snapshots(tx: ReadTx, authorities: Iterable[str], *, waiting: bool) -> list[Snapshot]:
    """The newest snapshots of these authorities, at most a page; ``waiting``: only those not released yet."""
    statement = select(*_SNAPSHOT).where(col(SnapshotRow.authority_id).in_(sorted(authorities)))
    if waiting:
        statement = statement.where(col(SnapshotRow.state).not_in(SETTLED))
    return [Snapshot(*row) for row in await tx.execute(statement.order_by(col(SnapshotRow.id).desc()).limit(PAGE))]


async def same_upload(tx: WriteTx, wanted: Snapshot, since: datetime) -> Snapshot | None:
    """A snapshot of the same file by the same person, for the same list, that still waits and comes to the same.

    One that was uploaded at ``since`` or before waits no more, unless its release has begun.
    """
    same = [getattr(SnapshotRow, name) == getattr(wanted, name) for name in ("basis", "file_hash", "uploaded_by")]
    figures = and_(*(getattr(SnapshotRow, name) == getattr(wanted, name) for name in _FIGURES))
    begun, waits = col(SnapshotRow.state) == RELEASING, col(SnapshotRow.state).not_in(SETTLED)
    fresh = and_(figures, col(SnapshotRow.uploaded_at) > since)
    statement = select(*_SNAPSHOT).where(_of(wanted.series), *same, waits, begun | fresh).limit(1)
    row = (await tx.execute(statement)).first()
    return Snapshot(*row) if row else None


async def newer_released(tx: WriteTx, than: Snapshot) -> str | None:
    """A snapshot of the same list that was staged later and is released already."""
    newer = [_of(than.series), col(SnapshotRow.id) > than.id, col(SnapshotRow.state) == RELEASED]
    return (await tx.scalars(select(col(SnapshotRow.id)).where(*newer).limit(1))).first()


def _of(series: Series) -> ColumnElement[bool]:
    return and_(
        col(SnapshotRow.authority_id) == series.authority_id,
        col(SnapshotRow.layout) == series.layout,
        col(SnapshotRow.source).is_not_distinct_from(series.source),
    )


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
            "released": listing.plan.fault is not None,
            "act": listing.plan.act,
            "reason": listing.plan.fault,
        }
        for listing in listings
    )
    await add(tx, StagedListingRow, rows)


_ACT = func.coalesce(col(StagedListingRow.act), NEW.act)


async def staged_acts(tx: WriteTx, snapshot_id: str) -> list[tuple[str, str]]:
    """(scheme, act) of what a snapshot still has to do."""
    waiting = col(StagedListingRow.snapshot_id) == snapshot_id, col(StagedListingRow.released).is_(False)
    statement = select(col(StagedListingRow.scheme_id), _ACT).where(*waiting).distinct()
    return sorted((scheme, act) for scheme, act in await tx.execute(statement))


async def listed_under(tx: WriteTx, series: Series) -> list[str]:
    """The schemes under which a list has named somebody."""
    statement = (
        select(col(ListedRow.scheme_id)).join(SnapshotRow, col(SnapshotRow.id) == col(ListedRow.snapshot_id))
    ).where(_of(series))
    return list(await tx.scalars(statement.distinct()))


async def pending(tx: WriteTx, snapshot_id: str, most: int) -> list[StagedListing]:
    """The next listings to release, in order."""
    statement = (
        select(
            col(StagedListingRow.n), col(StagedListingRow.scheme_id), col(StagedListingRow.source_key),
            col(StagedListingRow.data), _ACT,
        )
        .where(col(StagedListingRow.snapshot_id) == snapshot_id, col(StagedListingRow.released).is_(False))
        .order_by(col(StagedListingRow.n))
        .limit(most)
    )  # fmt: skip
    found = await tx.execute(statement)
    return [StagedListing.read(n, (scheme, key), data, act) for n, scheme, key, data, act in found]


async def held_gone(tx: ReadTx, snapshot_id: str, most: int) -> list[tuple[str, str]]:
    """(name, reason) of what the file does not name and what is not unlisted all the same."""
    statement = (
        select(col(StagedListingRow.data), col(StagedListingRow.reason))
        .where(col(StagedListingRow.snapshot_id) == snapshot_id, col(StagedListingRow.reason).is_not(None))
        .order_by(col(StagedListingRow.n))
        .limit(most)
    )
    return [(data["name"], reason) for data, reason in await tx.execute(statement)]


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


async def hold(tx: WriteTx, snapshot_id: str, held: Iterable[tuple[StagedListing, str]]) -> None:
    """Keep why these are not released: with their rows, or, where the file does not name them, with themselves."""
    reasons = [(staged, reason[:MAX_REASON]) for staged, reason in held]
    rows = [{"snapshot_id": snapshot_id, "row": row, "outcome": Outcome.HELD, "reason": reason}
            for staged, reason in reasons for row in staged.rows]  # fmt: skip
    await add(tx, StagedRow, rows)
    this = (col(StagedListingRow.snapshot_id) == snapshot_id) & (col(StagedListingRow.n) == bindparam("at"))
    if without_rows := [{"at": staged.n, "why": reason} for staged, reason in reasons if not staged.rows]:
        await tx.execute(update(StagedListingRow).where(this).values(reason=bindparam("why")), without_rows)


async def change(tx: WriteTx, snapshot_id: str, values: Mapping[str, Any]) -> None:
    """Set columns of a snapshot."""
    await tx.execute(update(SnapshotRow).where(col(SnapshotRow.id) == snapshot_id).values(**values))
