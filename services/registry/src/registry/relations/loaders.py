"""Relations by id and by organisation, and supply chains, for one request."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from registry.access.model import Actor
from registry.access.reading import Kind, reads_at
from registry.database import ReadTx
from registry.loaders import Loader, Reader, loader
from registry.relations import repository
from registry.relations.chain import Chain, Known, weakest
from registry.relations.model import Link, Relation

OfOrganisation = tuple[str, int]  # organisation, depth


@dataclass(frozen=True, slots=True)
class Walked:
    """A supply chain with its weakest accreditation."""

    chain: Chain
    weakest: Known | None


class RelationLoaders:
    """What resolvers load about relations; restricted ones for regulators only."""

    def __init__(self, reader: Reader, actor: Actor, now: datetime) -> None:
        self._regulates = bool(reads_at(actor, Kind.SUSPECTED_SUCCESSORS))
        self._at = now
        self.relations: Loader[str, Relation] = loader(reader, repository.by_ids)
        self.relations_of: Loader[str, list[Link]] = loader(reader, self._relations_of)
        self.supply_chains: Loader[OfOrganisation, Walked] = loader(reader, self._supply_chains)

    async def _relations_of(self, tx: ReadTx, organisations: Sequence[str]) -> dict[str, list[Link]]:
        return await repository.of_organisations(tx, organisations, restricted=self._regulates)

    async def _supply_chains(self, tx: ReadTx, keys: Sequence[OfOrganisation]) -> dict[OfOrganisation, Walked]:
        chains = {key: Chain(*key) for key in keys}
        await repository.walk(tx, list(chains.values()), self._at)
        whole = {key: chain for key, chain in chains.items() if chain.fault is None}
        members = {member for chain in whole.values() for member in chain.organisations}
        known = await repository.known_accreditations(tx, members, self._at)
        found = {key: Walked(chain, None) for key, chain in chains.items()}
        return found | {
            key: Walked(chain, weakest({member: known[member] for member in chain.organisations}))
            for key, chain in whole.items()
        }
