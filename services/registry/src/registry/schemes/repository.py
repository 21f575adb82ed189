"""Queries on authorities, schemes and mandates."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import insert, select, update
from sqlmodel import SQLModel, col

from goodstanding.cadence import Cadence, Lists, Released
from goodstanding.mandates import MandateEvent, line
from registry.database import ReadTx, WriteTx
from registry.inserting import insert_if_new
from registry.issuance.ledger import Stream
from registry.issuance.tables import EventRow
from registry.pages import Page, PageRequest, cut
from registry.schemes.model import Authority, Mandate, NamedScheme, Scheme
from registry.schemes.tables import AuthorityRow, MandateRow, SchemeMappingRow, SchemeRow
from registry.statements import Prepared, among

MAX_LISTS = 5_000  # releases of lists that are looked at; those before them are of no answer about now

_AUTHORITIES = SQLModel.metadata.tables["authorities"]
_SCHEMES = SQLModel.metadata.tables["schemes"]
_MANDATES = SQLModel.metadata.tables["mandates"]
_EVENTS = SQLModel.metadata.tables[str(EventRow.__tablename__)]
_AUTHORITIES_BY_IDS = Prepared(select(_AUTHORITIES).where(among(_AUTHORITIES.c.id, "ids")))
_SCHEMES_BY_IDS = Prepared(select(_SCHEMES).where(among(_SCHEMES.c.id, "ids")))
_NAMES_BY_IDS = Prepared(
    select(*(_SCHEMES.c[name] for name in NamedScheme.__slots__)).where(among(_SCHEMES.c.id, "ids"))
)
_CRITERIA_BY_IDS = Prepared(select(_SCHEMES.c.id, _SCHEMES.c.criteria).where(among(_SCHEMES.c.id, "ids")))
_MANDATE_EVENTS = Prepared(
    select(_EVENTS.c.body, _EVENTS.c.log_index)
    .where(_EVENTS.c.kind == "mandate", _EVENTS.c.number.is_(None))
    .order_by(_EVENTS.c.seq)
)


async def store_authority(tx: WriteTx, authority: Authority, *, subject: bytes) -> Stream:
    """Insert an authority; returns its stream."""
    row = {name: getattr(authority, name) for name in Authority.__slots__}
    await tx.execute(insert(AuthorityRow), [row | {"subject": subject}])
    return Stream(AuthorityRow, authority.id, subject, None)


async def store_scheme(tx: WriteTx, scheme: Scheme, *, subject: bytes) -> Stream:
    """Insert a scheme; returns its stream."""
    row = {
        "id": scheme.id,
        "name": scheme.name,
        "version": scheme.version,
        "owner_id": scheme.owner_id,
        "criteria": [dict(criterion) for criterion in scheme.criteria],
        "mappings": [dict(mapping) for mapping in scheme.mappings],
        "mapping_version": scheme.mapping_version,
        "assessment_required": scheme.assessment_required,
        "cadence_days": scheme.cadence_days,
        "subject": subject,
    }
    await tx.execute(insert(SchemeRow), [row])
    return Stream(SchemeRow, scheme.id, subject, None)


async def store_mandate(tx: WriteTx, mandate: Mandate, *, subject: bytes) -> Stream:
    """Insert a mandate; returns its stream."""
    row = {
        "id": mandate.id,
        "authority_id": mandate.authority_id,
        "scheme_id": mandate.scheme_id,
        "acts": sorted(mandate.acts),
        "valid_from": mandate.valid_from,
        "valid_until": mandate.valid_until,
        "ended_as": mandate.ended_as,
        "suspect_from": mandate.suspect_from,
        "changed": bool(mandate.succeeds),
        "succeeds": sorted(mandate.succeeds),
        "subject": subject,
    }
    await tx.execute(insert(MandateRow), [row])
    return Stream(MandateRow, mandate.id, subject, None)


async def change_mandate(tx: WriteTx, mandate: Mandate) -> Stream:
    """Store how a mandate stands now; returns its stream."""
    changes = {
        "acts": sorted(mandate.acts),
        "valid_until": mandate.valid_until,
        "ended_as": mandate.ended_as,
        "suspect_from": mandate.suspect_from,
        "changed": True,
        "succeeds": sorted(mandate.succeeds),
    }
    await tx.execute(update(MandateRow).where(col(MandateRow.id) == mandate.id).values(changes))
    return await _stream(tx, MandateRow, mandate.id)


async def change_scheme(tx: WriteTx, scheme: Scheme) -> Stream:
    """Store a scheme's new criteria or mapping; what its words meant before stays. Returns its stream."""
    this = col(SchemeRow.id) == scheme.id
    version, mappings = col(SchemeRow.mapping_version), col(SchemeRow.mappings)
    for held, words in (await tx.execute(select(version, mappings).where(this))).all():
        kept = {"scheme_id": scheme.id, "version": held or "", "mappings": words}
        await insert_if_new(tx, SchemeMappingRow, kept)
    changes = {
        "version": scheme.version,
        "criteria": [dict(criterion) for criterion in scheme.criteria],
        "mappings": [dict(mapping) for mapping in scheme.mappings],
        "mapping_version": scheme.mapping_version,
        "assessment_required": scheme.assessment_required,
        "cadence_days": scheme.cadence_days,
    }
    await tx.execute(update(SchemeRow).where(this).values(changes))
    return await _stream(tx, SchemeRow, scheme.id)


async def lock_scheme(tx: WriteTx, scheme_id: str) -> Scheme | None:
    """The scheme, locked until the transaction ends: it, and mandates under it, change one after another."""
    found = (await tx.execute(select(_SCHEMES).where(_SCHEMES.c.id == scheme_id).with_for_update())).first()
    return None if found is None else _scheme(found)


async def scheme_facts(tx: WriteTx, scheme_id: str) -> list[dict[str, Any]]:
    """The facts of every event about the scheme, the oldest first."""
    statement = select(_EVENTS.c.body).where(_EVENTS.c.kind == "scheme", _EVENTS.c.number.is_(None))
    found = [json.loads(body)["data"] for body in await tx.scalars(statement.order_by(_EVENTS.c.seq))]
    return [facts for facts in found if facts["id"] == scheme_id]


async def authorities(tx: ReadTx | WriteTx, ids: Sequence[str]) -> dict[str, Authority]:
    """The authorities with these ids."""
    return {row.id: _authority(row) for row in await _AUTHORITIES_BY_IDS.rows(tx, ids=ids)}


async def authority_page(tx: ReadTx, request: PageRequest) -> Page[Authority]:
    """Authorities in the order of their ids."""
    statement = select(_AUTHORITIES).order_by(_AUTHORITIES.c.id).limit(request.limit)
    if request.after is not None:
        statement = statement.where(_AUTHORITIES.c.id > request.after)
    return cut([_authority(row) for row in await tx.execute(statement)], request)


async def named(tx: ReadTx, ids: Sequence[str]) -> dict[str, NamedScheme]:
    """The names and owners of the schemes with these ids."""
    return {
        row.id: NamedScheme(
            row.id, row.name, row.version, row.owner_id, bool(row.assessment_required), row.cadence_days
        )
        for row in await _NAMES_BY_IDS.rows(tx, ids=ids)
    }


async def criteria(tx: ReadTx, ids: Sequence[str]) -> dict[str, tuple[Mapping[str, Any], ...]]:
    """What the schemes with these ids ask for."""
    return {row.id: tuple(row.criteria) for row in await _CRITERIA_BY_IDS.rows(tx, ids=ids)}


async def schemes(tx: ReadTx | WriteTx, ids: Sequence[str]) -> dict[str, Scheme]:
    """The schemes with these ids."""
    return {row.id: _scheme(row) for row in await _SCHEMES_BY_IDS.rows(tx, ids=ids)}


async def schemes_of(tx: ReadTx, authority_ids: Sequence[str]) -> dict[str, list[NamedScheme]]:
    """By authority: the schemes it owns or has held a mandate under, in the order of their ids."""
    held = select(col(MandateRow.authority_id), col(MandateRow.scheme_id)).where(
        col(MandateRow.authority_id).in_(authority_ids)
    )
    owned = select(_SCHEMES.c.owner_id, _SCHEMES.c.id).where(_SCHEMES.c.owner_id.in_(authority_ids))
    pairs = {(str(authority), str(scheme)) for authority, scheme in await tx.execute(held.union(owned))}
    found = await named(tx, sorted({scheme for _, scheme in pairs}))
    of: dict[str, list[NamedScheme]] = {authority: [] for authority in authority_ids}
    for authority, scheme in sorted(pairs):
        of[authority].append(found[scheme])
    return of


async def mandates(tx: ReadTx | WriteTx, authority_id: str, scheme_id: str) -> list[Mandate]:
    """Every mandate the authority has had under the scheme."""
    statement = select(_MANDATES).where(_MANDATES.c.authority_id == authority_id, _MANDATES.c.scheme_id == scheme_id)
    return [_mandate(row) for row in await tx.execute(statement)]


async def mandate(tx: ReadTx | WriteTx, mandate_id: str) -> Mandate | None:
    """The mandate with this id."""
    found = (await tx.execute(select(_MANDATES).where(_MANDATES.c.id == mandate_id))).first()
    return None if found is None else _mandate(found)


async def mandates_under(tx: ReadTx | WriteTx, scheme_ids: Sequence[str]) -> dict[str, list[Mandate]]:
    """By scheme: every mandate there has been under it, in the order in which they were given."""
    of: dict[str, list[Mandate]] = {scheme: [] for scheme in scheme_ids}
    statement = select(_MANDATES).where(_MANDATES.c.scheme_id.in_(scheme_ids)).order_by(_MANDATES.c.id)
    for row in await tx.execute(statement):
        of[row.scheme_id].append(_mandate(row))
    return of


async def mandate_events(
    tx: ReadTx | WriteTx, authority_ids: Collection[str]
) -> dict[tuple[str, str], list[MandateEvent]]:
    """By (authority, scheme): how the mandates of its line stand, event by event, pending ones last.

    The line of an authority is itself and each that has taken over from it (`goodstanding.mandates`); taking over
    raises trust, so it counts once it is logged.
    """
    return _of_lines(await _mandate_events(tx), authority_ids)


async def mandate_events_of_kin(
    tx: ReadTx | WriteTx, authority_ids: Collection[str]
) -> dict[tuple[str, str], list[MandateEvent]]:
    """As `mandate_events`, of these authorities and their kin."""
    events = await _mandate_events(tx)
    return _of_lines(events, _kin(events, authority_ids))


async def kin(tx: ReadTx | WriteTx, authority_ids: Collection[str]) -> set[str]:
    """These authorities, whoever has taken over from them, and from whom they have: their lists hold the same numbers."""
    return _kin(await _mandate_events(tx), authority_ids) if authority_ids else set()


def _of_lines(
    events: Iterable[MandateEvent], authority_ids: Collection[str]
) -> dict[tuple[str, str], list[MandateEvent]]:
    under: dict[str, list[MandateEvent]] = {}
    for event in events:
        under.setdefault(event.scheme, []).append(event)
    lines = {
        (one, scheme): line((event for event in of if event.index is not None), one)
        for scheme, of in under.items()
        for one in authority_ids
    }
    found = {
        (one, scheme): [event for event in under[scheme] if event.authority in members]
        for (one, scheme), members in lines.items()
    }
    return {key: told for key, told in found.items() if told}


def _kin(events: Iterable[MandateEvent], authority_ids: Collection[str]) -> set[str]:
    pairs = {(event.authority, one) for event in events for one in event.succeeds}
    found = set(authority_ids)
    while more := {one for pair in pairs if found & set(pair) for one in pair} - found:
        found |= more
    return found


async def _mandate_events(tx: ReadTx | WriteTx) -> list[MandateEvent]:
    """Every event of a mandate, the oldest first."""
    found = await _MANDATE_EVENTS.rows(tx)
    return [MandateEvent.from_body(json.loads(body)["data"], index) for body, index in found]


async def mandated_under(tx: WriteTx, scheme_ids: Collection[str]) -> set[str]:
    """The authorities that have had a mandate under one of these schemes."""
    statement = select(_MANDATES.c.authority_id).where(_MANDATES.c.scheme_id.in_(scheme_ids)).distinct()
    return set(await tx.scalars(statement)) if scheme_ids else set()


async def scheme_stream(tx: WriteTx, scheme_id: str) -> Stream:
    """The stream of a scheme, held."""
    return await _stream(tx, SchemeRow, scheme_id)


async def lists_of(tx: ReadTx | WriteTx, authority_ids: Collection[str]) -> dict[tuple[str, str], Lists]:
    """By (authority, scheme): how often its lists come out and which have, pending events included, the oldest first.

    Schemes of which no cadence was ever said are left out; of released lists, the newest of the register count.
    """
    cadences = await _cadences(tx)
    released: dict[tuple[str, str], list[Released]] = {}
    for body, index in reversed(await _list_events(tx)) if cadences else ():
        data = json.loads(body)["data"]
        if data["authority"] in authority_ids:
            of = released.setdefault((data["authority"], data["scheme"]), [])
            of.append(Released.from_body(data, index))
    return {
        (authority, scheme): Lists(said, released.get((authority, scheme), ()))
        for authority in authority_ids
        for scheme, said in cadences.items()
    }


async def _cadences(tx: ReadTx | WriteTx) -> dict[str, list[Cadence]]:
    """What the events of each scheme say of its cadence, where any of them says something."""
    columns = _EVENTS.c.body, _EVENTS.c.recorded_at, _EVENTS.c.log_index
    statement = select(*columns).where(_EVENTS.c.kind == "scheme", _EVENTS.c.number.is_(None)).order_by(_EVENTS.c.seq)
    said: dict[str, list[Cadence]] = {}
    for body, at, index in await tx.execute(statement):
        data = json.loads(body)["data"]
        if "cadence_days" in data or data["id"] in said:
            said.setdefault(data["id"], []).append(Cadence(data.get("cadence_days"), at, index))
    return said


async def _list_events(tx: ReadTx | WriteTx) -> Sequence[Any]:
    """(body, log index) of the newest released lists, the newest first."""
    statement = select(_EVENTS.c.body, _EVENTS.c.log_index).where(_EVENTS.c.kind == "list", _EVENTS.c.number.is_(None))
    return (await tx.execute(statement.order_by(_EVENTS.c.seq.desc()).limit(MAX_LISTS))).all()


async def _stream(tx: WriteTx, row: type[SQLModel], key: str) -> Stream:
    table = SQLModel.metadata.tables[str(row.__tablename__)]
    held = (await tx.execute(select(table.c.subject, table.c.head).where(table.c.id == key).with_for_update())).one()
    return Stream(row, key, held.subject, held.head)


def _mandate(row: Any) -> Mandate:
    return Mandate(
        row.id, row.authority_id, row.scheme_id, frozenset(row.acts), row.valid_from, row.valid_until, row.ended_as,
        row.suspect_from, frozenset(row.succeeds or ()),
    )  # fmt: skip


def _authority(row: Any) -> Authority:
    return Authority(row.id, row.kind, row.name, row.jurisdiction, row.time_zone, row.entity_id)


def _scheme(row: Any) -> Scheme:
    return Scheme(
        row.id, row.name, row.version, row.owner_id, tuple(row.criteria), tuple(row.mappings), row.mapping_version,
        bool(row.assessment_required),
        row.cadence_days,
    )  # fmt: skip
