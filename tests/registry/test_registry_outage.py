"""The database away, slow, silent or full of callers: a typed answer in time, nothing half done, recovery by itself."""

import asyncio
import contextlib
import signal
from contextlib import asynccontextmanager
from time import monotonic

import pytest
from core_world import LABOUR, CoreWorld, found
from cuttable_proxy import Cut, proxied
from patience import until
from postgres_server import Databases, PostgresServer
from sqlalchemy import make_url, select
from sqlmodel import col

from registry.accreditations.tables import AccreditationRow
from registry.engines import READERS, SQLITE_READERS, SQLITE_WRITERS, WRITERS, Limits
from registry.errors import Unavailable
from registry.organisations.model import Draft, NameDraft

pytestmark = pytest.mark.faults  # waits, cuts and restarts take half a minute together

on_postgres = pytest.mark.parametrize("backend", ["postgres"], indirect=True)

SHORT = Limits(pool=0.3, connect=0.5, statement=0.4, answer=0.1, lock=0.3)
QUICK = 6.0  # seconds within which every wait of SHORT, and what the driver adds to it, has ended

REGISTER = """mutation { registerOrganisation(input: {
    idempotencyKey: "k", kind: EMPLOYER, jurisdiction: "NP", names: [{text: "Kestrel", kind: "legal"}]
}) { ... on RegisterOrganisationDone { organisation { id } } } }"""
AUTHORITIES = "{ authorities { edges { node { id } } } }"
DRAFT = Draft("employer", [NameDraft("Kestrel", "legal")], "NP")


@pytest.fixture
async def wire(copied, tmp_path):
    """The network to a database, and a register at the other end of it."""
    url = make_url(copied("registry-founded", found))
    async with proxied(url.port) as proxy:
        world = CoreWorld(tmp_path, url.set(host="127.0.0.1", port=proxy.port).render_as_string(False), SHORT)
        yield proxy, world
        await proxy.up()
        await world.close()


@pytest.fixture
async def busy(copied, tmp_path):
    """A register that does not wait long for a connection."""
    world = CoreWorld(tmp_path, copied("registry-founded", found), SHORT)
    yield world
    await world.close()


async def quickly(awaitable):
    """The outcome, which must be there before anybody loses patience."""
    begun = monotonic()
    (outcome,) = await asyncio.gather(awaitable, return_exceptions=True)
    assert monotonic() - begun < QUICK
    return outcome


async def organisations(register):
    return [row[0] for row in (await register.snapshot())["organisations"]]


def says_unavailable(answer):
    """An answer of the subgraph with its typed error and nothing else."""
    (error,) = answer.json()["errors"]
    return error["extensions"]["code"] == "DATABASE_UNAVAILABLE" and "Try again" in error["message"]


def pooled(database):
    """The driver's connections that wait for their next use."""
    for engine in (database._writer, database._reader):
        for record in engine.pool._pool._queue._queue:
            yield record.dbapi_connection.driver_connection


@asynccontextmanager
async def open_at_once(transaction, count):
    """So many transactions that use their connections."""
    async with contextlib.AsyncExitStack() as stack:
        for tx in [await stack.enter_async_context(transaction()) for _ in range(count)]:
            await tx.execute(select(1))
        yield


@on_postgres
async def test_while_it_is_down_acts_end_in_a_typed_error_and_afterwards_they_work(wire):
    proxy, register = wire
    rita = await register.actor("rita")
    headers = {"Authorization": f"Bearer {await register.token('rita')}"}
    await register.client.post("/graphql", json={"query": AUTHORITIES}, headers=headers)
    await proxy.down()

    assert isinstance(await quickly(register.organisations.register(rita, DRAFT, key="k")), Unavailable)
    for query in (REGISTER, AUTHORITIES):
        answer = register.client.post("/graphql", json={"query": query}, headers=headers)
        assert says_unavailable(await quickly(answer))
    for path in ("/records/TEST-7K3M9QXR-23", "/status-lists", f"/.well-known/jwt-vc-issuer/authorities/{LABOUR}"):
        refused = await quickly(register.client.get(path))
        assert (refused.status_code, refused.json()["code"]) == (503, "DATABASE_UNAVAILABLE"), path
        assert refused.headers["retry-after"] == "1"
        assert refused.headers["content-type"] == "application/problem+json"

    await proxy.up()
    made = await register.organisations.register(rita, DRAFT, key="k")
    assert await organisations(register) == [made]


@on_postgres
async def test_a_read_that_is_cut_in_the_middle_is_asked_once_more_and_whole(wire):
    proxy, register = wire
    proxy.cut_at(b"FROM authorities", Cut.BEFORE)
    assert len((await register.ask(AUTHORITIES))["authorities"]["edges"]) == 3
    assert proxy.cuts == 1


@on_postgres
async def test_a_network_that_swallows_everything_is_given_up_on(wire):
    proxy, register = wire
    rita = await register.actor("rita")
    proxy.silence()
    assert isinstance(await quickly(register.organisations.register(rita, DRAFT, key="k")), Unavailable)
    assert isinstance(await quickly(register.actor("rita")), Unavailable)

    await proxy.up()
    assert await register.organisations.register(rita, DRAFT, key="k") in await organisations(register)


@on_postgres
async def test_connections_that_died_unused_fail_nobody(busy, postgres):
    rita = await busy.actor("rita")
    first = await busy.organisations.register(rita, DRAFT, key="k")
    kept = list(pooled(busy.database))
    name = make_url(busy.database.url).database
    terminate = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
    await asyncio.to_thread(postgres.execute, terminate)
    await until(lambda: all(connection.is_closed() for connection in kept))

    assert len(kept) == 2
    assert await busy.organisations.register(rita, DRAFT, key="k") == first
    assert await busy.actor("rita") == rita


@on_postgres
@pytest.mark.parametrize(("when", "kept"), [(Cut.BEFORE, 0), (Cut.AFTER, 1)])
async def test_cut_at_the_commit_an_act_is_done_whole_or_not_at_all_and_once_when_repeated(wire, when, kept):
    proxy, register = wire
    rita = await register.actor("rita")
    proxy.cut_at(b"COMMIT;", when)

    assert isinstance(await quickly(register.organisations.register(rita, DRAFT, key="k")), Unavailable)
    assert proxy.cuts == 1
    rows = await register.snapshot()
    assert [len(rows[table]) for table in ("organisations", "idempotency_keys")] == [kept, kept]
    assert len([row for row in rows["events"] if row[2] == "organisation"]) == kept

    made = await register.organisations.register(rita, DRAFT, key="k")
    assert await organisations(register) == [made]


@on_postgres
async def test_workers_and_their_lease_come_back_by_themselves(wire):
    proxy, register = wire
    number = await register.granted()
    away = asyncio.Event()
    submit = register.log.submit

    async def submit_and_lose_the_database(events):
        await submit(events)
        if not away.is_set():
            away.set()
            await proxy.down()

    register.log.submit = submit_and_lose_the_database
    stop = asyncio.Event()
    running = asyncio.create_task(register.workers.run(stop))
    await asyncio.wait_for(away.wait(), 10)
    await until(lambda: register.workers._trouble)
    assert "cannot answer" in register.workers._trouble
    await proxy.up()

    async def drained():
        return not (await register.workers.status()).waiting

    await until(drained)
    stop.set()
    await running
    assert (await register.client.get(f"/records/{number}")).status_code == 200


@pytest.fixture
def server():
    """A PostgreSQL of this test's own, to be killed."""
    own = PostgresServer()
    own.start()
    yield own
    own.close()


async def test_killed_and_started_again_it_has_all_that_was_acknowledged_and_nothing_twice(server, tmp_path):
    databases = Databases(server.url)
    register = CoreWorld(tmp_path, databases.copy("registry-founded", found), SHORT)
    rita = await register.actor("rita")
    acknowledged: dict[str, str] = {}
    enough = asyncio.Event()

    async def keep_registering(caller):
        for turn in range(1_000):
            key = f"{caller}-{turn}"
            try:
                acknowledged[key] = await register.organisations.register(rita, DRAFT, key=key)
            except Unavailable:
                return key
            if len(acknowledged) > 30:
                enough.set()
        raise AssertionError("the server was never killed")

    callers = [asyncio.create_task(keep_registering(caller)) for caller in range(WRITERS)]
    await asyncio.wait_for(enough.wait(), 10)
    await asyncio.to_thread(server.stop, signal.SIGQUIT)  # at once, as in a crash: it will have to recover
    unsure = await asyncio.gather(*callers)
    await asyncio.to_thread(server.start)

    async def back():
        return await quickly(register.actor("rita")) == rita

    await until(back)
    for key in unsure:
        acknowledged[key] = await register.organisations.register(rita, DRAFT, key=key)
    assert sorted(await organisations(register)) == sorted(acknowledged.values())
    await register.logged()
    assert (await register.snapshot())["outbox"] == []
    await register.close()


@pytest.mark.both_backends
async def test_a_full_pool_is_waited_for_and_then_said_to_be_full(busy, backend):
    writers, readers = (WRITERS, READERS) if backend == "postgres" else (SQLITE_WRITERS, SQLITE_READERS)
    rita = await busy.actor("rita")

    async with open_at_once(busy.database.read, readers):
        answer = await quickly(busy.client.post("/graphql", json={"query": AUTHORITIES}))
        assert says_unavailable(answer)
        assert (await quickly(busy.client.get("/status-lists"))).status_code == 503
    async with open_at_once(busy.database.write, writers):
        refused = await quickly(busy.organisations.register(rita, DRAFT, key="k"))
        assert isinstance(refused, Unavailable)
        assert refused.why == "every connection is in use"

    assert await busy.organisations.register(rita, DRAFT, key="k")
    assert (await busy.client.get("/status-lists")).status_code == 200


@on_postgres
async def test_what_another_transaction_holds_is_not_waited_for_without_end(busy):
    number = await busy.applied()
    busy.clock.forward(seconds=1)
    proposal, digest = await busy.proposed(number, "grant")
    before, anil = await busy.snapshot(), await busy.actor("anil")
    async with busy.database.write() as tx:
        held = select(col(AccreditationRow.number)).where(col(AccreditationRow.number) == number)
        await tx.execute(held.with_for_update())
        refused = await quickly(busy.acts.approve(anil, proposal, digest, key="k"))

    assert isinstance(refused, Unavailable)
    assert await busy.snapshot() == before
    assert await busy.acts.approve(anil, proposal, digest, key="k")


@pytest.mark.both_backends
async def test_an_address_with_a_character_that_is_no_text_is_none_we_know(busy):
    for path in ("/status-lists/a%00", "/.well-known/jwt-vc-issuer/authorities/aut_%00"):
        refused = await busy.client.get(path)
        assert (refused.status_code, refused.json()["code"]) in {
            (404, "UNKNOWN_LIST"), (404, "UNKNOWN_AUTHORITY"), (400, "NOT_TEXT"),
        }  # fmt: skip
