"""Keys follow one another while readers verify all the time: in peace nothing fails, after a theft nobody is misled."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from random import Random

import pytest
from key_readers import CANNOT, GOOD, OFFLINE, ONLINE, KeyReaders
from sqlalchemy import func, select
from sqlmodel import col

from gateway.trusted import LOOK_EVERY
from goodstanding.clock import system_clock
from goodstanding.evidence import Bundle
from goodstanding.verifier import Verifier
from goodstanding_standalone.register import open_register
from goodstanding_standalone.sample.authorities import MAIN
from registry.issuance import key_rows, rotation
from registry.issuance.key_rows import RECORD, REGISTRY, RETIRED, REVOKED, STATUS
from registry.issuance.tables import RecordRow
from registry.issuance.vaults import vault_of

pytestmark = pytest.mark.timeout(300)

NOTICE = timedelta(seconds=6)  # far longer than one question takes, on a busy machine as well
KEYS = ((MAIN, RECORD), (REGISTRY, STATUS))
ROTATIONS, READERS = 2, 2
WAIT_SECONDS = 60


@dataclass
class Keeper:
    """Who keeps the keys, from another process than the one that signs with them."""

    register: object
    officials: object
    patiently: object

    @property
    def database(self):
        return self.register.database

    async def keys(self, owner, role):
        async with self.database.read() as tx:
            return await key_rows.keys_of(tx, owner, role)

    async def announce(self, owner, role):
        vault = vault_of(self.register.settings)
        return await rotation.announce(self.database, vault, owner, role, system_clock, notice=NOTICE)

    async def steal(self, owner, role):
        """Revoke the current key as stolen; returns it."""
        async with self.database.read() as tx:
            current, _ = await key_rows.in_use(tx, owner, role)
        vault = vault_of(self.register.settings)
        await rotation.revoke(self.database, vault, current.kid, "compromised", system_clock)
        return current

    async def signs(self, key):
        """Wait until something is signed with a key that was announced."""

        async def current():
            state = next(one.state for one in await self.keys(key.owner, key.role) if one.kid == key.kid)
            return state == "current" or None

        await self.patiently(current, f"the {key.role} key is not taken into use", WAIT_SECONDS)

    async def counts(self, kid):
        """How many records there are by a key."""
        async with self.database.read() as tx:
            return await tx.scalar(select(func.count()).where(col(RecordRow.kid) == kid))


class Officials:
    """They keep deciding: a grant that stays, and one that is suspended, so that lists must be signed as well."""

    def __init__(self, officials, patiently):
        self._officials = officials
        self._patiently = patiently
        self._made = 0

    async def granted(self):
        """A new recruiter in good standing, once its record is there and the gateway says so; its number."""
        self._made += 1
        number = await self._officials.apply(f"Harbour Gate {self._made}")
        await self._decided(number, "grant")

        async def good():
            answer = await self._officials.server.client.get(f"/verify/{number}")
            evidence = await self._officials.server.client.get(f"/evidence/{number}")
            return (evidence.status_code == 200 and answer.json()["verdict"] == GOOD) or None

        await self._patiently(good, f"{number} is not in good standing", WAIT_SECONDS)
        return number

    async def work(self, numbers, stop):
        while not stop.is_set():
            numbers.append(await self.granted())
            await self._decided(await self.granted(), "suspend", measure="preventive")

    async def _decided(self, number, act, **more):
        proposal = await self._officials.propose(number, act, **more)
        await self._officials.approve(proposal, f"{act}-{number}")


@pytest.fixture
async def town(open_server, patiently):
    """A register that serves and signs in a process of its own, and whoever keeps its keys."""
    officials = await open_server()
    async with open_register(officials.server.settings) as register:
        yield Keeper(register, Officials(officials, patiently), patiently), officials.server.client


@asynccontextmanager
async def busy(readers, officials):
    """Readers and officials at work."""
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        for _ in range(READERS):
            tasks.create_task(readers.online(stop))
            tasks.create_task(readers.offline(stop))
        tasks.create_task(officials.work(readers.numbers, stop))
        try:
            yield
        finally:
            stop.set()


async def test_keys_follow_one_another_under_readers_and_none_of_them_notices(town):
    keeper, client = town
    numbers = [await keeper.officials.granted() for _ in range(3)]
    readers = KeyReaders(client, keeper.register.trust, numbers, NOTICE / 3, Random(7))

    async with busy(readers, keeper.officials):
        for _ in range(ROTATIONS):
            for key in [await keeper.announce(*which) for which in KEYS]:
                await keeper.signs(key)

    for which in KEYS:
        assert [key.state for key in await keeper.keys(*which)] == [RETIRED] * ROTATIONS + ["current"]
    assert all([await keeper.counts(key.kid) for key in await keeper.keys(MAIN, RECORD)][:-1])
    late = [probe for probe in readers.probes if probe.ended - probe.keys_at > NOTICE]
    failed = [probe for probe in readers.probes if probe.verdict != GOOD and probe not in late]
    print(
        f"{ROTATIONS} rotations of {len(KEYS)} keys, {len(readers.numbers)} numbers: {readers.counts()}, {len(late)} late"
    )
    assert failed == []
    assert min(readers.told(ONLINE, GOOD), readers.told(OFFLINE, GOOD)) > 50
    assert len(late) < len(readers.probes) / 10


async def test_after_a_theft_nobody_is_misled_and_everything_is_good_again(town):
    keeper, client = town
    numbers = [await keeper.officials.granted() for _ in range(5)]
    readers = KeyReaders(client, keeper.register.trust, numbers, NOTICE / 3, Random(8))
    old = [Bundle.parse((await client.get(f"/evidence/{number}")).content) for number in numbers]

    async with busy(readers, keeper.officials):
        await asyncio.sleep(2)
        before = system_clock()
        stolen = [await keeper.steal(*which) for which in KEYS]
        revoked, trust = system_clock(), await keeper.register.trust()

        async def good_again():
            asked = [await readers.ask(number) for number in numbers]
            asked += [await readers.verify(number, trust, revoked) for number in numbers]
            return all(probe.verdict == GOOD for probe in asked) or None

        await keeper.patiently(good_again, "what the stolen keys signed is not signed again", WAIT_SECONDS)
        good_at = system_clock()
        await asyncio.sleep(3 * LOOK_EVERY)  # the gateway has looked, and has forgotten the stolen key's lists
        await keeper.patiently(good_again, "the gateway has no lists by the new key", WAIT_SECONDS)
        settled = system_clock()
        await asyncio.sleep(NOTICE.total_seconds() / 2)

    print(f"good again {(good_at - revoked).total_seconds():.1f} s after the theft was told: {readers.counts()}")
    in_between = [probe for probe in readers.probes if probe.ended >= before and probe.keys_at < settled]
    failed = [probe for probe in readers.probes if probe.verdict != GOOD]
    print(f"{len(failed)} of {len(in_between)} in between could not conclude")
    # A reader who has not learnt of the theft, or of what was signed again, cannot conclude; it is told nothing wrong.
    assert {probe.verdict for probe in failed} <= {CANNOT}
    assert all(probe.ended >= before and probe.keys_at < settled for probe in failed), failed
    assert {probe.kind for probe in readers.probes if probe.keys_at > settled} == {ONLINE, OFFLINE}
    # What the stolen keys signed counts no more for whoever fetches keys.
    assert {Verifier(trust).verify_bundle(bundle).verdict for bundle in old} == {CANNOT}
    for key in stolen:
        assert next(one.state for one in await keeper.keys(key.owner, key.role) if one.kid == key.kid) == REVOKED
