"""The registry's side of the log's internal interface against the log service itself, over its HTTP routes."""

import asyncio
import contextlib

import httpx
import pytest
from issuance_world import World, make_tables
from log_simulator import ORIGIN, seeded_signer

from audit.app import create_app
from audit.migrate import migrate
from audit.service import open_log
from goodstanding.events import SealedEvent
from registry.issuance.errors import LogConflict, LogUnavailable
from registry.issuance.log_client import HttpLogClient

pytestmark = pytest.mark.both_backends

TOKEN = "a-service-token"


@contextlib.asynccontextmanager
async def running_log(world, folder):
    """The log service with its sequencer, under the keys the world trusts."""
    url = f"sqlite+aiosqlite:///{folder / 'audit.db'}"
    await asyncio.to_thread(migrate, url)
    log = open_log(
        url=url,
        folder=folder / "log",
        origin=ORIGIN,
        log_signer=seeded_signer(ORIGIN),
        time_signer=seeded_signer(f"{ORIGIN}/time"),
        clock=world.clock,
    )
    await log.start()
    stop = asyncio.Event()
    sequencer = asyncio.create_task(log.run_sequencer(stop))
    transport = httpx.ASGITransport(app=create_app(log, TOKEN))
    async with httpx.AsyncClient(transport=transport, base_url="http://log") as client:
        yield client
    stop.set()
    await sequencer
    await log.close()


@pytest.fixture
async def service(tmp_path, copied):
    """A register whose log is the real service."""
    world = World(tmp_path, copied("registry-tables", make_tables))
    async with running_log(world, tmp_path) as client:
        world.log_http = client
        world.log = HttpLogClient(client, TOKEN)
        world.workers = world.new_workers()
        yield await world.open()
        await world.close()


async def test_a_decision_travels_through_the_log_service_to_a_record(service):
    number = await service.granted()
    await service.workers.drain()
    suspension = await service.decide(number, "suspend")
    await service.workers.drain()

    (row,) = await service.records(number)
    assert row.token
    async with service.client() as client:
        proof = await client.get(f"/records/{number}.tlog-proof")
    assert proof.status_code == 200
    assert suspension in (await service.log.proofs([suspension])).inclusions


async def test_the_log_service_refuses_other_bytes_by_name(service):
    await service.granted()
    await service.workers.drain()
    event_id = (await service.records())[0].event_id

    with pytest.raises(LogConflict) as refusal:
        await service.log.submit([SealedEvent(event_id, "decision", b"{}", b"{}", b"s" * 32)])
    assert refusal.value.event_id == event_id


async def test_a_wrong_service_token_is_trouble_not_loss(service):
    with pytest.raises(LogUnavailable, match="401"):
        await HttpLogClient(service.log_http, "wrong").submit([])


async def test_the_log_service_erases_once_the_erasure_is_published_and_refuses_by_name(service):
    await service.granted()
    await service.workers.drain()
    event_id = (await service.records())[0].event_id

    with pytest.raises(LogUnavailable, match="404"):
        await service.log.erase("0197c000-0000-7000-8000-000000000000", [event_id])
    with pytest.raises(LogConflict, match="no erasure event") as refusal:
        await service.log.erase(event_id, [event_id])
    assert refusal.value.event_id == event_id


async def test_a_proof_beyond_the_published_tree_is_none(service):
    assert await service.log.tlog_proof(10_000) is None
