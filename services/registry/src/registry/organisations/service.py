"""Registering organisations and amending what is registered: one transaction per act."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from goodstanding.clock import Clock
from goodstanding.events import new_event_id, new_subject
from registry.access.idempotency import Request, claim
from registry.access.model import Actor, Role
from registry.access.service import roles_of
from registry.clock import moment
from registry.database import Database, WriteTx
from registry.errors import Forbidden, NotFound
from registry.ids import Node, fresh_id
from registry.issuance.ledger import Entry, Stream, append
from registry.organisations import repository
from registry.organisations.model import Amendment, Draft, Organisation, amended, organisation
from registry.organisations.tables import OrganisationRow

WRITERS = (Role.REGISTRAR, Role.PROPOSER)  # who may register organisations, amend and relate them


class Organisations:
    """The acts on organisations; `wake` tells the workers that an event is waiting."""

    def __init__(self, database: Database, clock: Clock, wake: Callable[[], None]) -> None:
        self._database = database
        self._clock = clock
        self._wake = wake

    async def register(self, actor: Actor, draft: Draft, *, key: str) -> str:
        """Register an organisation and return its id; the same key and draft give the same id again.

        The event names the authority at which the actor may register, the first by id when there are several.
        Raises Invalid, Forbidden, Conflict.
        """
        now = moment(self._clock)
        made = organisation(fresh_id("org", now), draft)
        async with self._database.write(actor.sub) as tx:
            authority = await _authority(tx, actor)
            request = Request(actor, "registerOrganisation", key, plain(draft))
            if earlier := await claim(tx, request, result_id=made.id, now=now):
                return earlier
            await store(tx, made, authority=authority, now=now)
        self._wake()
        return made.id

    async def amend(self, actor: Actor, organisation_id: str, amendment: Amendment, *, key: str) -> str:
        """Replace names, identifiers or domains; returns the organisation's id.

        The change is an event of its own. Records keep what they said: an authority changes one by `change_scope`.
        Raises Invalid, NotFound, Forbidden, Conflict.
        """
        actor.need_identity()
        async with self._database.write(actor.sub) as tx:
            now = moment(self._clock)
            request = Request(actor, "amendOrganisation", key, {"organisation": organisation_id, **plain(amendment)})
            if earlier := await claim(tx, request, result_id=organisation_id, now=now):
                return earlier
            held = await held_organisation(tx, organisation_id)
            authority = await authority_with(tx, actor, organisation_id)
            made, subject = amended(held.organisation, amendment), held.subject or new_subject()
            await repository.amend(tx, made, subject=subject)
            await _append(tx, made, Stream(OrganisationRow, made.id, subject, held.head), authority, now)
        self._wake()
        return organisation_id


async def store(tx: WriteTx, made: Organisation, *, authority: str, now: datetime) -> None:
    """Insert an organisation and its first event, asserted by an authority, in the caller's transaction."""
    subject = new_subject()
    await repository.store(tx, made, subject=subject, authority=authority, now=now)
    await _append(tx, made, Stream(OrganisationRow, made.id, subject, None), authority, now)


async def held_organisation(tx: WriteTx, organisation_id: str) -> repository.Held:
    """The organisation, held until the transaction ends; NotFound."""
    held = await repository.lock(tx, organisation_id) if Node.ORGANISATION.fits(organisation_id) else None
    if held is None:
        raise NotFound(f"There is no organisation {organisation_id[:60]!r}.")
    return held


async def authority_with(tx: WriteTx, actor: Actor, organisation_id: str, writers: Sequence[Role] = WRITERS) -> str:
    """The authority for which the actor may write about an organisation in its register, the first by id; Forbidden."""
    held = actor.roles & await roles_of(tx, actor.sub)
    mine = {authority for authority, role in held if role in writers}
    shared = sorted(mine & await repository.registers_of(tx, [organisation_id]))
    if not shared:
        raise Forbidden(
            f"This takes the role {' or '.join(writers)} at an authority that has registered this organisation or has "
            "an accreditation of it.",
            code="ROLE_NEEDED",
        )
    return shared[0]


def plain(draft: Any) -> dict[str, Any]:
    """A draft as JSON, to compare repeated requests."""
    return {name: _json(value) for name, value in asdict(draft).items() if value is not None}


def _json(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _json(member) for name, member in value.items() if member is not None}
    if isinstance(value, list | tuple):
        return [_json(member) for member in value]
    return value.isoformat() if isinstance(value, date) else value


async def _append(tx: WriteTx, made: Organisation, stream: Stream, authority: str, now: datetime) -> None:
    body: Mapping[str, Any] = {
        "kind": "organisation",
        "event_id": new_event_id(now),
        "authority": authority,
        "data": made.public_object(),
    }
    await append(tx, [Entry(body, stream)], now=now)


async def _authority(tx: WriteTx, actor: Actor) -> str:
    actor.need_identity()
    held = actor.roles & await roles_of(tx, actor.sub)
    authorities = sorted(authority for authority, role in held if role in WRITERS)
    if not authorities:
        raise Forbidden("Registering organisations takes the role registrar or proposer.", code="ROLE_NEEDED")
    return authorities[0]
