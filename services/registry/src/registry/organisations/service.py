"""Registering organisations: one transaction per act."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from goodstanding.clock import Clock
from goodstanding.events import new_event_id, new_subject
from registry.access.idempotency import Request, claim
from registry.access.model import Actor, Role
from registry.access.service import roles_of
from registry.clock import moment
from registry.database import Database, WriteTx
from registry.errors import Forbidden
from registry.ids import fresh_id
from registry.issuance.ledger import Entry, Stream, append
from registry.organisations import repository
from registry.organisations.model import Draft, Organisation, organisation
from registry.organisations.tables import OrganisationRow

WRITERS = (Role.REGISTRAR, Role.PROPOSER)  # who may register organisations


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
        async with self._database.write() as tx:
            authority = await _authority(tx, actor)
            request = Request(actor, "registerOrganisation", key, asdict(draft))
            if earlier := await claim(tx, request, result_id=made.id, now=now):
                return earlier
            await store(tx, made, authority=authority, now=now)
        self._wake()
        return made.id


async def store(tx: WriteTx, made: Organisation, *, authority: str, now: datetime) -> None:
    """Insert an organisation and its first event, asserted by an authority, in the caller's transaction."""
    subject = new_subject()
    await repository.store(tx, made, subject=subject, now=now)
    body: Mapping[str, Any] = {
        "kind": "organisation",
        "event_id": new_event_id(now),
        "authority": authority,
        "data": made.public_object(),
    }
    await append(tx, [Entry(body, Stream(OrganisationRow, made.id, subject, None))], now=now)


async def _authority(tx: WriteTx, actor: Actor) -> str:
    actor.need_identity()
    held = actor.roles & await roles_of(tx, actor.sub)
    authorities = sorted(authority for authority, role in held if role in WRITERS)
    if not authorities:
        raise Forbidden("Registering organisations takes the role registrar or proposer.", code="ROLE_NEEDED")
    return authorities[0]
