"""The service of the published files away, silent, closed or somebody else: nothing stops, nothing is lost or doubled."""

import asyncio
import contextlib
from dataclasses import replace
from time import monotonic

import httpx
import pytest
from cuttable_proxy import Cut, proxied
from patience import until
from strange_service import Strange, strange_service

from audit.app import create_app
from audit.errors import StoreUnavailable, Superseded
from goodstanding.merkle import leaf_hash, root

pytestmark = pytest.mark.faults  # waits, cuts and restarts take half a minute together

PATIENCE = 0.5
QUICK = 3.0


@pytest.fixture
async def wire(s3, bucket, open_again):
    """The network to a bucket, and a started log at the other end of it."""
    async with proxied(s3.port) as proxy:
        log = open_again(folder=replace(bucket, endpoint=f"http://127.0.0.1:{proxy.port}", patience=PATIENCE))
        await log.start()
        yield proxy, log


@contextlib.asynccontextmanager
async def at_work(log):
    """Sequencer and time cosigner run, and are told to end in the end."""
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        for work in (log.run_sequencer, log.run_time_cosigner):
            tasks.create_task(work(stop))
        try:
            yield
        finally:
            stop.set()


async def check(log, made) -> None:
    """Every entry is published once, in order."""

    async def published():
        with contextlib.suppress(StoreUnavailable):
            return (await log.reader.snapshot()).checkpoint.size >= len(made)

    await until(published)
    snapshot = await log.reader.snapshot()
    assert snapshot.checkpoint.size == len(made)
    assert snapshot.checkpoint.root == root([leaf_hash(entry.leaf) for entry in made])
    found = await log.reader.by_event(snapshot, [entry.event_id for entry in made])
    assert [found[entry.event_id].index for entry in made] == list(range(len(made)))
    assert log.sequencer.stopped is None


def asking(log):
    transport = httpx.ASGITransport(create_app(log, "a-service-token"), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://audit")


@pytest.mark.parametrize("cut", ["down", "silent"])
async def test_while_it_is_away_entries_are_taken_readers_hear_503_and_then_all_is_published(wire, author, cut):
    proxy, log = wire
    made = author.first(2)
    async with at_work(log), asking(log) as client:
        await log.append(made[:1])
        await check(log, made[:1])
        if cut == "down":
            await proxy.down()
        else:
            proxy.silence()
        await log.append(made[1:])
        for path in ("/log/checkpoint", "/log/tile/0/000.p/1", "/feed?after=-1"):
            begun = monotonic()
            answer = await client.get(path)
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
            assert answer.json()["title"] == "Store unavailable"
            assert monotonic() - begun < QUICK
        missing = (await client.get("/readyz")).json()["missing"]
        assert missing == ["the store of the log's files does not answer"]
        assert "goodstanding_audit_store_up 0.0" in (await client.get("/metrics")).text

        await proxy.up()
        await check(log, made)
        assert (await client.get("/readyz")).json()["ready"]


@pytest.mark.parametrize("when", list(Cut))
@pytest.mark.parametrize("file", ["tile/entries/000.p/3", "tile/0/000.p/3", "checkpoint"])
async def test_cut_at_a_put_the_sequencer_goes_on_by_itself(wire, bucket, author, file, when):
    proxy, log = wire
    made = author.first(3)
    proxy.cut_at(f"PUT /{bucket.name}/{bucket.prefix}/{file} ".encode(), when)
    await log.append(made)
    async with at_work(log):
        await check(log, made)
    assert proxy.cuts == 1


async def test_keys_that_are_refused_for_a_while_stop_nothing(wire, s3, author):
    _, log = wire
    made = author.first(2)
    await log.append(made)
    with s3.strict(), pytest.raises(StoreUnavailable, match="403"):
        await log.sequencer.step()
    async with at_work(log):
        await check(log, made)


@pytest.mark.parametrize("status", [200, 404, 502])
async def test_a_web_page_in_its_place_stops_nothing(bucket, open_again, author, status):
    with strange_service(Strange(status)) as service:
        log = open_again(folder=replace(bucket, endpoint=service.address, patience=PATIENCE))
        await log.append(author.first(1))
        async with at_work(log):
            await until(lambda: asyncio.sleep(0, len(service.asked) > 3))
        assert log.sequencer.stopped is None
    assert not [asked for asked in service.asked if asked.startswith("PUT")]


async def test_of_two_sequencers_on_one_bucket_one_goes_on(bucket, open_again, author):
    first, second = (open_again(folder=bucket) for _ in range(2))
    made = author.first(3)
    await first.start()
    await second.start()
    await second.append(made[:2])
    await second.sequencer.step()
    await first.append(made[2:])
    with pytest.raises(Superseded):
        await first.sequencer.step()
    await second.sequencer.step()
    await check(second, made)


async def test_a_restarted_log_finds_its_files(bucket, open_again, fill):
    made = await fill(open_again(folder=bucket), 300)
    again = open_again(folder=bucket)
    await again.start()
    await check(again, made)
    await check(again, made + await fill(again, 1))


async def test_a_step_that_fails_at_the_checkpoint_is_made_good_by_the_next(wire, bucket, author):
    proxy, log = wire
    made = author.first(3)
    await log.append(made)
    proxy.cut_at(f"PUT /{bucket.name}/{bucket.prefix}/checkpoint ".encode(), Cut.BEFORE)
    with contextlib.suppress(StoreUnavailable):
        await log.sequencer.step()
    assert proxy.cuts == 1
    while await log.sequencer.step():
        pass
    await check(log, made)
