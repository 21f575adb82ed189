"""Queries on relations."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, insert, or_, select, update
from sqlmodel import SQLModel, col

from goodstanding.standing import fold, public_history, shown
from registry.accreditations.current import current
from registry.accreditations.tables import AccreditationRow
from registry.columns import UtcInstant
from registry.database import ReadTx, WriteTx
from registry.issuance import ledger
from registry.issuance.ledger import batches
from registry.relations.chain import Chain, Known, Leading
from registry.relations.model import CHAIN, MAX_LINKS, SUSPECTED, Link, Relation
from registry.relations.tables import RelationRow
from registry.statements import MAX_KEYS, Prepared, among

_HELD = SQLModel.metadata.tables[str(AccreditationRow.__tablename__)]
_TABLE = SQLModel.metadata.tables[str(RelationRow.__tablename__)]
_COLUMNS = [_TABLE.c[name] for name in ("id", "kind", "from_id", "to_id", "authority_id", "valid_from", "valid_until")]

_HELD_COLUMNS = ("number", "organisation_id", "authority_id", "scheme_id", "created_at", "head", "current")

_NOW = bindparam("now", type_=UtcInstant())
_ONWARD = Prepared(
    select(*_COLUMNS)
    .where(
        or_(*(_TABLE.c.kind == kind for kind in CHAIN)),
        or_(among(_TABLE.c.from_id, "up"), among(_TABLE.c.to_id, "down")),
    )
    .where(_TABLE.c.valid_from.is_(None) | (_TABLE.c.valid_from <= _NOW))
    .where(_TABLE.c.valid_until.is_(None) | (_TABLE.c.valid_until > _NOW))
)
_PUBLIC = Prepared(
    select(*(_HELD.c[name] for name in _HELD_COLUMNS)).where(
        among(_HELD.c.organisation_id, "organisations"), _HELD.c.public_standing.is_not(None)
    )
)


@dataclass(frozen=True, slots=True)
class Held:
    """A relation whose row nobody else changes until the transaction ends, and where its stream stands."""

    relation: Relation
    subject: bytes | None
    head: bytes | None


async def store(tx: WriteTx, made: Relation, *, subject: bytes | None, now: datetime) -> None:
    """Insert a relation."""
    row = {
        "id": made.id, "kind": made.kind, "from_id": made.source, "to_id": made.target,
        "authority_id": made.authority_id, "valid_from": made.valid_from, "valid_until": made.valid_until,
        "subject": subject, "created_at": now,
    }  # fmt: skip
    await tx.execute(insert(RelationRow), [row])


async def lock(tx: WriteTx, relation_id: str) -> Held | None:
    """Read a relation and hold its row; None when there is none."""
    statement = select(*_COLUMNS, _TABLE.c.subject, _TABLE.c.head).where(_TABLE.c.id == relation_id)
    row = (await tx.execute(statement.with_for_update())).first()
    return None if row is None else Held(_relation(row), row.subject, row.head)


async def end(tx: WriteTx, relation_id: str, at: datetime) -> None:
    """Set the end of a relation."""
    await tx.execute(update(RelationRow).where(col(RelationRow.id) == relation_id).values(valid_until=at))


async def open_beside(tx: WriteTx, made: Relation, now: datetime) -> str | None:
    """The id of a relation that says the same, by the same authority, and has not ended."""
    same = {"kind": made.kind, "from_id": made.source, "to_id": made.target, "authority_id": made.authority_id}
    statement = select(_TABLE.c.id).where(*(_TABLE.c[name] == value for name, value in same.items()), _not_ended(now))
    found: str | None = await tx.scalar(statement.limit(1))
    return found


async def by_ids(tx: ReadTx | WriteTx, ids: Sequence[str]) -> dict[str, Relation]:
    """The relations with these ids."""
    return {row.id: _relation(row) for row in await tx.execute(select(*_COLUMNS).where(_TABLE.c.id.in_(ids)))}


async def of_organisations(tx: ReadTx, organisations: Sequence[str], *, restricted: bool) -> dict[str, list[Link]]:
    """The relations of each organisation in either direction, the oldest first; `restricted` ones where asked for.

    Of one that has more than `MAX_LINKS`, some more than that may be missing.
    """
    touching = or_(_TABLE.c.from_id.in_(organisations), _TABLE.c.to_id.in_(organisations))
    statement = select(*_COLUMNS).where(touching).order_by(_TABLE.c.id).limit((MAX_LINKS + 1) * len(organisations))
    found: dict[str, list[Link]] = {organisation: [] for organisation in organisations}
    for row in await tx.execute(_visible(statement, restricted)):
        made = _relation(row)
        for organisation, link in (
            (made.source, Link(made, made.target, outgoing=True)), (made.target, Link(made, made.source, outgoing=False)),
        ):  # fmt: skip
            if organisation in found:
                found[organisation].append(link)
    return found


async def walk(tx: ReadTx, chains: Sequence[Chain], now: datetime) -> None:
    """Walk chains to their ends, all of them with one statement a step for each `MAX_KEYS` organisations."""
    for steps in range(1, max((chain.depth for chain in chains), default=0) + 1):
        going = [chain for chain in chains if chain.depth >= steps and chain.goes_on]
        if not going:
            return
        up, down = (set[str]().union(*(getattr(chain, way) for chain in going)) for way in ("up", "down"))
        leading = await _leading(tx, up, down, now)
        for chain in going:
            chain.step(leading)


async def _leading(tx: ReadTx, up: set[str], down: set[str], now: datetime) -> Leading:
    """The relations of chains that lead up from some organisations and down from others."""
    found: list[Relation] = []
    for some in batches(sorted(up | down), MAX_KEYS):
        these = {"up": sorted(up.intersection(some)), "down": sorted(down.intersection(some)), "now": now}
        found += [_relation(row) for row in await _ONWARD.rows(tx, **these)]
    return Leading(found)


async def known_accreditations(tx: ReadTx, organisations: Iterable[str], now: datetime) -> dict[str, list[Known]]:
    """What everybody knows now of the accreditations of each organisation: as projected, or folded where that counts not."""
    found: dict[str, list[Known]] = {organisation: [] for organisation in organisations}
    rows: list[Any] = []
    for some in batches(sorted(found), MAX_KEYS):
        rows += await _PUBLIC.rows(tx, organisations=some)
    projected = {row.number: current(row.current, row.head, now) for row in rows}
    histories = await ledger.history(tx, [number for number, one in projected.items() if one is None])
    for row in rows:
        one = projected[row.number]
        standing = one.standing if one else shown(fold(public_history(histories[row.number], now), now), now)
        if standing is not None:
            known = Known(row.number, (row.authority_id, row.scheme_id), row.created_at, standing)
            found[row.organisation_id].append(known)
    return found


def _not_ended(now: datetime) -> ColumnElement[bool]:
    return _TABLE.c.valid_until.is_(None) | (_TABLE.c.valid_until > now)


def _visible(statement: Select[Any], restricted: bool) -> Select[Any]:
    return statement if restricted else statement.where(_TABLE.c.kind != SUSPECTED)


def _relation(row: Any) -> Relation:
    return Relation(row.id, row.kind, row.from_id, row.to_id, row.authority_id, row.valid_from, row.valid_until)
