"""Adding, reading and erasing people: one transaction each. Whoever shows what was read notes it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from goodstanding.clock import Clock
from registry.access.idempotency import Request, claim
from registry.access.model import Actor, Role
from registry.access.reading import Kind, readers
from registry.access.service import authorities_where
from registry.clock import moment
from registry.database import Database, ReadTx, WriteTx
from registry.errors import Conflict, Forbidden, NotFound
from registry.ids import fresh_id
from registry.organisations.service import authority_with, held_organisation, plain
from registry.people import repository
from registry.people.model import Draft, Person, person

_ID: Final = re.compile(r"per_[0-9a-f]{32}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Files:
    """The people of one organisation in the files of these authorities, also where there is nobody."""

    authorities: frozenset[str]
    people: Sequence[Person]


class People:
    """The acts on people."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def add(self, actor: Actor, draft: Draft, *, key: str) -> str:
        """Put a person into the files; returns its id. Raises Invalid, NotFound, Forbidden, Conflict."""
        actor.need_identity()
        async with self._database.write(actor.sub) as tx:
            now = moment(self._clock)
            person_id = fresh_id("per", now)
            request = Request(actor, "addPerson", key, plain(draft))
            if earlier := await claim(tx, request, result_id=person_id, now=now):
                return earlier
            await held_organisation(tx, draft.organisation)
            authority = await authority_with(tx, actor, draft.organisation, (Role.REGISTRAR,))
            await repository.store(tx, person(person_id, draft, authority_id=authority), now=now)
        return person_id

    async def erase(self, actor: Actor, person_id: str, *, key: str) -> datetime:
        """Erase a person; returns when that was done. Raises NotFound, Forbidden, Conflict."""
        actor.need_identity()
        async with self._database.write(actor.sub) as tx:
            now = moment(self._clock)
            request = Request(actor, "erasePerson", key, {"person": person_id})
            if await claim(tx, request, result_id=person_id[:40], now=now):
                return await repository.erased_at(tx, person_id) or now
            await _need_held(tx, actor, person_id)
            await repository.erase(tx, person_id, now=now)
        return now


async def files(tx: ReadTx, actor: Actor, organisations: Sequence[str]) -> dict[str, Files]:
    """The people of each organisation in the files the actor may read; Forbidden for who may read none."""
    actor.need_identity()
    authorities = await authorities_where(tx, actor, readers(Kind.PEOPLE))
    if not authorities:
        raise Forbidden(
            f"To read people takes the role {' or '.join(sorted(readers(Kind.PEOPLE)))}.", code="ROLE_NEEDED"
        )
    found = await repository.of_organisations(tx, organisations, authorities)
    return {organisation: Files(authorities, people) for organisation, people in found.items()}


async def _need_held(tx: WriteTx, actor: Actor, person_id: str) -> None:
    """NotFound unless the person is in files the actor may read; Conflict when it was erased already."""
    known = _ID.fullmatch(person_id) is not None
    if known and await repository.erased_at(tx, person_id) is not None:
        raise Conflict(f"{person_id} was erased already.", code="ALREADY_ERASED")
    held = await repository.lock(tx, person_id) if known else None
    if held is None or held.authority_id not in await authorities_where(tx, actor, readers(Kind.PEOPLE)):
        raise NotFound(f"There is no person {person_id[:60]!r} in the files you may read.")
