"""The log of reads: noting them, and reading the notes, which is a read itself."""

from goodstanding.clock import Clock
from registry.access import repository
from registry.access.model import Actor
from registry.access.reading import Kind, Note, Notes, readers
from registry.access.service import need_role
from registry.clock import moment
from registry.database import Database, ReadTx
from registry.pages import Page, PageRequest


class AccessLog:
    """Notes of who has read what is restricted. Nothing changes or deletes one."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def write(self, actor: Actor, notes: Notes) -> None:
        """Write down what was read; an answer is released only after this has returned. Unavailable."""
        if taken := notes.taken(actor, moment(self._clock)):
            async with self._database.write(actor.sub) as tx:
                await repository.note(tx, taken)


async def page(tx: ReadTx, actor: Actor, authority_id: str, request: PageRequest) -> Page[tuple[int, Note]]:
    """The notes of what was read of an authority's, the oldest first, each with its number. Forbidden."""
    await need_role(tx, actor, authority_id, *sorted(readers(Kind.ACCESS_LOG)))
    return await repository.notes(tx, authority_id, request)
