"""Relating organisations, and ending relations: one transaction per act, one stream in the log per relation."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime

from goodstanding.clock import Clock
from goodstanding.events import new_event_id, new_subject
from registry.access.idempotency import Request, claim
from registry.access.model import Actor
from registry.access.service import roles_of
from registry.clock import moment
from registry.database import Database, WriteTx
from registry.errors import Conflict, Forbidden, NotFound
from registry.ids import fresh_id
from registry.issuance.ledger import Entry, Stream, append
from registry.organisations import repository as organisations
from registry.organisations.service import WRITERS, held_organisation, plain
from registry.relations import repository
from registry.relations.model import ID, REGULATOR, SUSPECTED, Draft, Relation, ending, relation
from registry.relations.tables import RelationRow
from registry.schemes import repository as schemes


class Relations:
    """The acts on relations; `wake` tells the workers that an event is waiting."""

    def __init__(self, database: Database, clock: Clock, wake: Callable[[], None]) -> None:
        self._database = database
        self._clock = clock
        self._wake = wake

    async def relate(self, actor: Actor, draft: Draft, *, key: str) -> str:
        """State a relation; returns its id. Raises Invalid, NotFound, Forbidden, Conflict."""
        actor.need_identity()
        async with self._database.write(actor.sub) as tx:
            now = moment(self._clock)
            relation_id = fresh_id("rel", now)
            request = Request(actor, "relateOrganisations", key, plain(draft))
            if earlier := await claim(tx, request, result_id=relation_id, now=now):
                return earlier
            await _need_both(tx, draft)
            authority = await _authority(tx, actor, draft)
            made = relation(relation_id, draft, authority_id=authority, zone=await _zone(tx, authority))
            await _need_new(tx, made, now)
            subject = None if made.restricted else new_subject()
            await repository.store(tx, made, subject=subject, now=now)
            await _log(tx, repository.Held(made, subject, None), now)
        self._wake()
        return relation_id

    async def end(self, actor: Actor, relation_id: str, last_day: date | None, *, key: str) -> str:
        """End a relation after a day, or now; returns its id. Raises Invalid, NotFound, Forbidden, Conflict."""
        actor.need_identity()
        async with self._database.write(actor.sub) as tx:
            now = moment(self._clock)
            content = {"relation": relation_id, "validUntil": None if last_day is None else last_day.isoformat()}
            if earlier := await claim(tx, Request(actor, "endRelation", key, content), result_id=relation_id, now=now):
                return earlier
            held = await _held(tx, actor, relation_id)
            if held.relation.ended(now):
                raise Conflict(f"{relation_id} has ended already.", blocked_by=relation_id, code="ALREADY_ENDED")
            at = ending(held.relation, last_day, zone=await _zone(tx, held.relation.authority_id), now=now)
            await repository.end(tx, relation_id, at)
            await _log(tx, replace(held, relation=replace(held.relation, valid_until=at)), now)
        self._wake()
        return relation_id


async def _need_both(tx: WriteTx, draft: Draft) -> None:
    """NotFound unless both exist; the first is held, so that nobody states the same meanwhile."""
    await held_organisation(tx, draft.source)
    if draft.target not in await organisations.by_ids(tx, [draft.target]):
        raise NotFound(f"There is no organisation {draft.target[:60]!r}.")


async def _authority(tx: WriteTx, actor: Actor, draft: Draft) -> str:
    """The authority for which the actor may state this, the first by id; Forbidden."""
    roles = actor.roles & await roles_of(tx, actor.sub)
    if draft.kind == SUSPECTED:
        wanted, what = {authority for authority, role in roles if role == REGULATOR}, "the role regulator"
    else:
        has = await organisations.registers_of(tx, [draft.source, draft.target])
        wanted = {authority for authority, role in roles if role in WRITERS and authority in has}
        what = "the role registrar or proposer at an authority that has one of the two in its register"
    if not wanted:
        raise Forbidden(f"To state {draft.kind[:60]} takes {what}.", code="ROLE_NEEDED")
    return min(wanted)


async def _held(tx: WriteTx, actor: Actor, relation_id: str) -> repository.Held:
    """The relation, held, if the actor may end it: it acts for the authority that asserts it. NotFound, Forbidden."""
    held = await repository.lock(tx, relation_id) if ID.fullmatch(relation_id) else None
    roles = actor.roles & await roles_of(tx, actor.sub)
    regulates = any(role == REGULATOR for _, role in roles)
    if held is None or (held.relation.restricted and not regulates):
        raise NotFound(f"There is no relation {relation_id[:60]!r}.")
    needed: tuple[str, ...] = (REGULATOR,) if held.relation.restricted else WRITERS
    if not any(authority == held.relation.authority_id and role in needed for authority, role in roles):
        raise Forbidden(
            f"{relation_id} is asserted by {held.relation.authority_id}: to end it takes the role "
            f"{' or '.join(needed)} there.",
            code="ROLE_NEEDED",
        )
    return held


async def _need_new(tx: WriteTx, made: Relation, now: datetime) -> None:
    if other := await repository.open_beside(tx, made, now):
        raise Conflict(
            f"{made.authority_id} asserts this already, as {other}; end that one first.",
            blocked_by=other,
            code="ALREADY_RELATED",
        )


async def _zone(tx: WriteTx, authority_id: str) -> str:
    return (await schemes.authorities(tx, [authority_id]))[authority_id].time_zone


async def _log(tx: WriteTx, held: repository.Held, now: datetime) -> None:
    """Append the relation as it is now to its stream; a restricted one has none."""
    made = held.relation
    if held.subject is None:
        return
    body = {
        "kind": "relation",
        "event_id": new_event_id(now),
        "authority": made.authority_id,
        "data": made.facts(),
    }
    await append(tx, [Entry(body, Stream(RelationRow, made.id, held.subject, held.head))], now=now)
