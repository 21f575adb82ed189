"""The people of organisations, for one request: read together, and noted one by one."""

from strawberry.dataloader import DataLoader

from registry.access.model import Actor
from registry.loaders import MAX_BATCH
from registry.people.model import Person
from registry.people.service import People


class PeopleLoaders:
    """What resolvers load about people."""

    def __init__(self, people: People, actor: Actor) -> None:
        self._people = people
        self._by = actor
        self.people_of: DataLoader[str, list[Person]] = DataLoader(load_fn=self._people_of, max_batch_size=MAX_BATCH)

    async def _people_of(self, organisations: list[str]) -> list[list[Person]]:
        found = await self._people.read(self._by, organisations)
        return [found[organisation] for organisation in organisations]
