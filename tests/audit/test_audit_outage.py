"""The log's database away, silent or full of callers: a 503 in time, nothing half done, recovery by itself."""

import asyncio
import contextlib
from time import monotonic

import httpx
import pytest
from cuttable_proxy import Cut, proxied
from patience import until
from sqlalchemy import func, make_url, select

from audit.app import create_app
from audit.engines import SQLITE_WRITERS, WRITERS, Limits
from audit.errors import Unavailable
from audit.tables import ENTRIES
from goodstanding.canonical import b64u

pytestmark = pytest.mark.faults  # waits, cuts and restarts take half a minute together

on_postgres = pytest.mark.parametrize("backend", ["postgres"], indirect=True)

SHORT = Limits(pool=0.3, connect=0.5, statement=0.4, answer=0.1, lock=0.3)
QUICK = 6.0  # seconds within which every wait of SHORT, and what the driver adds to it, has ended
TOKEN = "a-service-token"


@pytest.fixture
async def wire(log, open_again):
    """The network to a log's database, and the log opened at the other end of it."""
    url = make_url(log.database.url)
    async with proxied(url.port) as proxy:
        there = url.set(host="127.0.0.1", port=proxy.port).render_as_string(hide_password=False)
        yield proxy, open_again(url=there, limits=SHORT)


def asking(log):
    """A client that acts as the registry does."""
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(create_app(log, TOKEN), raise_app_exceptions=False),
        base_url="http://audit",
        headers={"Authorization": f"Bearer {TOKEN}"},
    )


async def quickly(awaitable):
    """The outcome, which must be there before anybody loses patience."""
    begun = monotonic()
    (outcome,) = await asyncio.gather(awaitable, return_exceptions=True)
    assert monotonic() - begun < QUICK
    return outcome


async def stored(log):
    async with log.database.read() as tx:
        return await tx.scalar(select(func.count()).select_from(ENTRIES))


def as_json(entries):
    return {
        "entries": [
            {"event_id": e.event_id, "leaf": b64u(e.leaf), "body": b64u(e.body), "salt": b64u(e.salt)} for e in entries
        ]
    }


@on_postgres
async def test_while_it_is_down_callers_hear_503_and_what_is_published_is_served(wire, author):
    proxy, log = wire
    await log.start()
    batch = author.first(3)
    await proxy.down()
    async with asking(log) as client:
        for answer in (
            await quickly(client.post("/internal/entries", json=as_json(batch))),
            await quickly(client.post("/internal/proofs", json={"event_ids": [batch[0].event_id]})),
            await quickly(client.get("/feed?after=-1")),
        ):
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
            assert answer.headers["content-type"] == "application/problem+json"
        assert (await client.get("/log/checkpoint")).status_code == 200

        await proxy.up()
        assert (await client.post("/internal/entries", json=as_json(batch))).json() == {"accepted": 3}
    assert await stored(log) == 3


@on_postgres
async def test_a_network_that_swallows_everything_is_given_up_on(wire, author):
    proxy, log = wire
    batch = author.first(1)
    assert await log.append(batch) == 1
    proxy.silence()
    assert isinstance(await quickly(log.append(author.first(1))), Unavailable)

    await proxy.up()
    assert await log.append(batch) == 1


@on_postgres
@pytest.mark.parametrize(("when", "kept"), [(Cut.BEFORE, 0), (Cut.AFTER, 3)])
async def test_cut_at_the_commit_a_batch_is_stored_whole_or_not_at_all_and_once_when_repeated(wire, author, when, kept):
    proxy, log = wire
    batch = author.first(3)
    proxy.cut_at(b"COMMIT;", when)
    assert isinstance(await quickly(log.append(batch)), Unavailable)
    assert (proxy.cuts, await stored(log)) == (1, kept)

    assert await log.append(batch) == 3
    assert await stored(log) == 3


@on_postgres
@pytest.mark.parametrize("when", list(Cut))
async def test_cut_at_the_commit_of_a_step_the_sequencer_goes_on_by_itself(wire, author, when):
    proxy, log = wire
    await log.start()
    made = author.first(3)
    await log.append(made)
    proxy.cut_at(b"COMMIT;", when)
    stop = asyncio.Event()
    running = asyncio.create_task(log.run_sequencer(stop))

    async def published():
        return (await log.reader.snapshot()).checkpoint.size == 3

    await until(published)
    stop.set()
    await running

    assert proxy.cuts == 1
    snapshot = await log.reader.snapshot()
    found = await log.reader.by_event(snapshot, [entry.event_id for entry in made])
    assert [found[entry.event_id].index for entry in made] == [0, 1, 2]


@pytest.mark.both_backends
async def test_a_full_pool_is_waited_for_and_then_said_to_be_full(log, open_again, author, backend):
    busy = open_again(limits=SHORT)
    batch = author.first(1)
    async with contextlib.AsyncExitStack() as stack, asking(busy) as client:
        for _ in range(WRITERS if backend == "postgres" else SQLITE_WRITERS):
            tx = await stack.enter_async_context(busy.database.write())
            await tx.execute(select(1))
        answer = await quickly(client.post("/internal/entries", json=as_json(batch)))
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")

    assert await busy.append(batch) == 1
