"""What only happens where transactions run side by side, as on PostgreSQL: order, locks, lost races, nobody stuck."""

import asyncio

import pytest
from core_world import LABOUR, LICENCE
from issuance_world import HOME, MINISTRY
from patience import until
from sqlalchemy import insert, select
from sqlalchemy.exc import DBAPIError
from sqlmodel import col

from goodstanding.errors import KeyRefused
from goodstanding.events import Leaf
from goodstanding.keys import PemSigner
from goodstanding.merkle import leaf_hash
from registry.accreditations.service import Accreditations, ApplicationDraft
from registry.accreditations.tables import AccreditationRow
from registry.database import Database
from registry.errors import Conflict
from registry.issuance import leases, ledger, publication, status
from registry.issuance.key_files import KeyFolder
from registry.issuance.keys import KeyStore
from registry.issuance.tables import EventRow, KeyRow, StatusListRow

pytestmark = pytest.mark.parametrize("backend", ["postgres"], indirect=True)


async def append(world, tx, number, act, at=None):
    """What a service does about an accreditation, inside a transaction that the test keeps open."""
    columns = AccreditationRow.__table__.columns
    held = select(*columns).where(col(AccreditationRow.number) == number).with_for_update()
    row = (await tx.execute(held)).one()
    at = at or world.clock()
    body = world._body(row, act, at, at)
    stream = ledger.Stream(AccreditationRow, number, row.subject, row.head)
    (event,) = await ledger.append(tx, [ledger.Entry(body, stream)], now=at)
    await publication.refresh(tx, [number], now=at)
    return event


async def blocked(postgres, how_many=1):
    """Wait until so many transactions wait for a lock."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"

    async def wait():
        return (await asyncio.to_thread(postgres.execute, waiting))[0][0] >= how_many

    await until(wait)


async def deadlocks(postgres, url):
    name = url.rpartition("/")[2]
    rows = await asyncio.to_thread(postgres.execute, f"SELECT deadlocks FROM pg_stat_database WHERE datname = '{name}'")
    return rows[0][0]


async def standing(world, number):
    async with world.database.read() as tx:
        columns = (col(AccreditationRow.standing), col(AccreditationRow.public_standing))
        return tuple((await tx.execute(select(*columns).where(col(AccreditationRow.number) == number))).one())


async def sent(world, number):
    """The leaves of a number in the order in which the log got them."""
    async with world.database.read() as tx:
        ids = set(await tx.scalars(select(col(EventRow.event_id)).where(col(EventRow.number) == number)))
    return [Leaf.decode(event.leaf) for event_id, event in world.log.events.items() if event_id in ids]


async def test_an_event_that_becomes_visible_late_is_sent_late_and_not_forgotten(world):
    slow, quick = await world._accreditation(), await world._accreditation()
    async with world.database.write() as tx:
        late = await append(world, tx, slow, "apply")
        early = await world.decide(quick, "apply")  # a greater seq, committed first
        await world.workers.drain()
        assert list(world.log.events)[-1] == early
    await world.workers.drain()

    assert list(world.log.events)[-1] == late.event_id
    assert await world.outbox() == []
    async with world.database.read() as tx:
        seqs = dict((await tx.execute(select(col(EventRow.event_id), col(EventRow.seq)))).all())
    assert seqs[late.event_id] < seqs[early]


async def test_two_transactions_about_one_accreditation_keep_the_order_of_its_chain(world, postgres):
    number = await world.granted()
    await world.workers.drain()

    async def next_one():
        async with world.database.write() as tx:
            return await append(world, tx, number, "suspend")

    async with world.database.write() as tx:
        first = await append(world, tx, number, "suspend")
        waiting = asyncio.create_task(next_one())
        await blocked(postgres)
    second = await waiting
    await world.workers.drain()

    leaves = await sent(world, number)
    assert [leaf.event_id for leaf in leaves[-2:]] == [first.event_id, second.event_id]
    assert [leaf.prev for leaf in leaves[1:]] == [leaf_hash(leaf.encode()) for leaf in leaves[:-1]]
    async with world.database.read() as tx:
        of_number = select(col(EventRow.event_id)).where(col(EventRow.number) == number).order_by(col(EventRow.seq))
        assert list(await tx.scalars(of_number)) == [leaf.event_id for leaf in leaves]


async def test_a_worker_does_not_undo_a_suspension_it_did_not_see(world, postgres):
    number = await world.granted()
    relay = world.workers._relay
    async with world.database.write() as tx:
        lease = await leases.take(tx, "issuance", world.workers._holder, world.clock())
    await relay.submit(lease)

    async with world.database.write() as tx:
        await append(world, tx, number, "suspend")
        proving = asyncio.create_task(relay.prove(lease))  # proves the grant, and projects what it knows
        await blocked(postgres)
    await proving

    assert await world.codes(number) == [2]
    assert await standing(world, number) == ("SUSPENDED", "SUSPENDED")


async def test_a_worker_whose_clock_is_behind_does_not_undo_a_suspension(world):
    number = await world.granted()
    await world.workers.drain()
    world.clock.forward(seconds=3)
    await world.decide(number, "suspend")
    world.clock.forward(seconds=-2)
    async with world.database.write() as tx:
        await publication.refresh(tx, [number], now=world.clock())

    assert await world.codes(number) == [2]
    assert (await standing(world, number))[0] == "SUSPENDED"


async def test_a_lease_nobody_has_ever_held_goes_to_one_of_those_who_ask_at_once(world):
    databases = [Database(world.database.url) for _ in range(6)]

    async def ask(database, holder):
        async with database.write() as tx:
            return await leases.take(tx, "issuance", holder, world.clock())

    taken = await asyncio.gather(*(ask(database, f"holder {n}") for n, database in enumerate(databases)))
    for database in databases:
        await database.close()
    assert len([lease for lease in taken if lease]) == 1


async def test_while_an_effect_is_written_nobody_waits_for_the_lease(world):
    async with world.database.write() as tx:
        mine = await leases.take(tx, "issuance", "mine", world.clock())
    async with world.database.write() as tx:
        await leases.hold(tx, mine, world.clock())
        world.clock.forward(seconds=10)  # it takes longer than its term, and is still at work
        async with asyncio.timeout(2), world.database.write() as other:
            assert await leases.take(other, "issuance", "another", world.clock()) is None
    async with world.database.write() as tx:
        assert await leases.take(tx, "issuance", "another", world.clock())


async def test_of_two_key_files_for_one_owner_only_one_is_ever_used(world, tmp_path):
    folders = [tmp_path / name for name in ("here", "there")]
    for folder in folders:
        PemSigner.create(folder / f"{MINISTRY}.record.pem")
    stores = [KeyStore(KeyFolder(folder), Database(world.database.url), world.clock) for folder in folders]
    signers = await asyncio.gather(*(store.record_signer(MINISTRY) for store in stores), return_exceptions=True)
    for store in stores:
        await store._database.close()

    (refused,) = [signer for signer in signers if isinstance(signer, KeyRefused)]
    assert "current record key of aut_labour is not it" in str(refused)
    assert len(await world.keys.public_keys(MINISTRY, "record")) == 1


async def test_the_database_itself_keeps_one_current_key_of_an_owner_and_role(world):
    signer = await world.keys.record_signer(MINISTRY)
    second = {"kid": "second", "owner": MINISTRY, "role": "record", "jwk": signer.public_jwk, "state": "current",
              "created_at": world.clock(), "subject": bytes(16), "ordinal": 2}  # fmt: skip
    with pytest.raises(Conflict):
        async with world.database.write() as tx:
            await tx.execute(insert(KeyRow), [second])
    async with world.database.write() as tx:
        await tx.execute(insert(KeyRow), [second | {"state": "next"}])


async def test_grants_that_need_the_first_list_at_once_share_it(world, postgres):
    async with world.database.write() as tx:
        (first,) = await status.allot(tx, MINISTRY, 1, origin=HOME)

        async def another():
            async with world.database.write() as other:
                return await status.allot(other, MINISTRY, 2, origin=HOME)

        waiting = [asyncio.create_task(another()) for _ in range(3)]
        await blocked(postgres, 3)
    allotted = [first, *(one for some in await asyncio.gather(*waiting) for one in some)]

    assert len({one.list_id for one in allotted}) == 1
    async with world.database.read() as tx:
        assert list(await tx.scalars(select(col(StatusListRow.allotted)))) == [7]


async def test_decisions_and_workers_side_by_side_never_wait_for_each_other_in_a_circle(register, postgres):
    """Grants and suspensions from four processes, with two relays at work on the same accreditations."""
    anil = await register.actor("anil")
    numbers = [await register.granted() for _ in range(6)]
    processes = [Database(register.database.url) for _ in range(4)]
    acts = [Accreditations(each, register.clock, register.settings, lambda: None) for each in processes]

    async def decide(place, number):
        for act, more in (("suspend", {"measure": "preventive"}), ("revoke", {})):
            proposal, digest = await register.proposed(number, act, **more)
            await acts[place % 4].approve(anil, proposal, digest, key=f"{act} {number}")

    async def relay():
        while not over.is_set():
            await register.workers.round()

    over = asyncio.Event()
    working = asyncio.create_task(relay())
    await asyncio.gather(*(decide(place, number) for place, number in enumerate(numbers)))
    over.set()
    await working
    await register.logged()
    for process in processes:
        await process.close()

    rows = await register.snapshot()
    assert await deadlocks(postgres, register.database.url) == 0
    assert {row[4] for row in rows["status_entries"]} == {1}
    assert rows["outbox"] == []
    assert len(rows["decisions"]) == 4 * len(numbers)


async def test_a_lost_race_is_a_conflict_that_says_so(register):
    draft = ApplicationDraft(await register.organisation(), LABOUR, LICENCE)
    rita = await register.actor("rita")
    results = await asyncio.gather(
        *(register.acts.apply(rita, draft, key=f"key {n}") for n in range(5)), return_exceptions=True
    )

    assert len([result for result in results if isinstance(result, str)]) == 1
    assert {result.code for result in results if not isinstance(result, str)} == {"ALREADY_OPEN"}


async def test_a_read_stays_at_its_moment_while_others_write(register):
    number = await register.granted()
    async with register.database.read() as tx:
        before = (await ledger.history(tx, [number]))[number]
        register.clock.forward(seconds=1)
        await register.decided(number, "suspend")
        assert (await ledger.history(tx, [number]))[number] == before


async def test_a_read_cannot_write(register):
    with pytest.raises(DBAPIError, match="read-only transaction"):
        async with register.database.read() as tx:
            await tx.execute(insert(KeyRow), [{"kid": "none"}])
