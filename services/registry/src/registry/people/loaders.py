"""The people of organisations, for one request: read together, and noted one by one."""

from collections.abc import Sequence

from registry.access.model import Actor
from registry.loaders import Loader
from registry.people.model import Person
from registry.people.service import People


class PeopleLoaders:
    """What resolvers load about people."""

    def __init__(self, people: People, actor: Actor, *, lockstep: bool) -> None:
        self._people = people
        self._by = actor
        self.people_of: Loader[str, list[Person]] = Loader(self._people_of, lockstep=lockstep)

    async def _people_of(self, organisations: Sequence[str]) -> dict[str, list[Person]]:
        return await self._people.read(self._by, organisations)
