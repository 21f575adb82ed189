"""What a register with one accredited organisation publishes for federations, address by address, at the real time."""

import asyncio
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "registry"))

from core_world import CoreWorld, found
from federation_world import ANCHOR, Reader

from goodstanding.entity_claims import well_known


@dataclass(frozen=True)
class Federated:
    """A federation as a reader of it sees it."""

    entity: str
    anchor: str
    anchor_keys: list
    published: dict  # address -> token

    def case(self, **changes):
        """What a verifier is asked: the honest federation, with changes."""
        changed = replace(self, **changes)
        return {name: getattr(changed, name) for name in ("entity", "anchor", "anchor_keys", "published")}

    def damaged(self, part, damage):
        """What is published, with one token damaged: the first whose address holds this text."""
        address = next(one for one in self.published if part in one)
        return self.published | {address: damage(self.published[address])}


def federated(folder, now=None):
    """Found a register in this folder, accredit an organisation there, and read what it publishes. `now`: its clock."""
    now = now or datetime.now(UTC).replace(microsecond=0) - timedelta(
        minutes=1
    )  # what it does takes seconds of its own
    url = f"sqlite+aiosqlite:///{folder / 'registry.db'}"
    found(url, now)
    return asyncio.run(_read(folder, url, now))


async def _read(folder, url, now):
    register = CoreWorld(folder, url)
    register.clock.now = now
    reader = Reader(register)
    number = await register.granted()
    await register.logged()
    leaf = await reader.organisation(number)
    published = {}

    async def fetch(address):
        published[address] = await reader.fetch(address)
        return published[address]

    reader_of_all = Reader(register)
    reader_of_all.fetch = fetch
    await reader_of_all.chain(leaf)
    anchor = await reader.configuration(ANCHOR)
    resolved = await reader.ask(ANCHOR, "resolve", sub=leaf, trust_anchor=ANCHOR)
    published[str(resolved.request.url)] = resolved.text
    await register.close()
    assert well_known(leaf) in published
    return Federated(leaf, ANCHOR, list(anchor.keys.values()), published)
