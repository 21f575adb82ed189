"""The ledger: events, outbox and heads together; a stream is a chain that never forks."""

import pytest
from issuance_world import SCHEME, START, claims
from sqlalchemy import func, select
from sqlmodel import col

from goodstanding.errors import EventError
from goodstanding.events import Leaf, new_event_id, new_subject
from goodstanding.transitions import Standing
from registry.issuance import ledger
from registry.issuance.errors import StaleStream
from registry.issuance.ledger import Entry, Stream
from registry.issuance.tables import EventRow, KeyRow
from registry.schemes.tables import SchemeRow

pytestmark = pytest.mark.both_backends


def scheme_body(version):
    data = {"id": SCHEME, "name": "Licence", "version": version, "owner": "aut_labour"}
    return {"kind": "scheme", "event_id": new_event_id(START), "authority": "aut_labour", "data": data}


async def stream(world):
    async with world.database.read() as tx:
        row = (await tx.execute(select(col(SchemeRow.subject), col(SchemeRow.head)))).one()
    return Stream(SchemeRow, SCHEME, row.subject, row.head)


async def events(world):
    async with world.database.read() as tx:
        return await tx.scalar(select(func.count()).select_from(EventRow))


async def test_events_of_one_stream_name_each_other(world):
    here = await stream(world)
    async with world.database.write() as tx:
        first, second = await ledger.append(tx, [Entry(scheme_body(v), here) for v in ("2", "3")], now=START)

    assert Leaf.decode(first.leaf).prev is None
    assert Leaf.decode(second.leaf).prev == first.leaf_hash
    assert (await stream(world)).head == second.leaf_hash
    assert await world.outbox() == [(first.event_id, "SUBMIT"), (second.event_id, "SUBMIT")]


async def test_a_stream_that_moved_on_is_not_forked(world):
    stale = await stream(world)
    async with world.database.write() as tx:
        await ledger.append(tx, [Entry(scheme_body("2"), stale)], now=START)

    with pytest.raises(StaleStream, match="moved on"):
        async with world.database.write() as tx:
            await ledger.append(tx, [Entry(scheme_body("3"), stale)], now=START)
    assert await events(world) == 1


async def test_a_stream_needs_its_row(world):
    with pytest.raises(StaleStream, match="insert it first"):
        async with world.database.write() as tx:
            await ledger.append(tx, [Entry(scheme_body("2"), Stream(KeyRow, "nobody", new_subject(), None))], now=START)


async def test_a_malformed_body_leaves_nothing_behind(world):
    here = await stream(world)
    bad = scheme_body("3") | {"surprise": 1}
    with pytest.raises(EventError, match="surprise"):
        async with world.database.write() as tx:
            await ledger.append(tx, [Entry(scheme_body("2"), here), Entry(bad, here)], now=START)
    assert await events(world) == 0
    assert (await stream(world)).head is None


async def test_history_is_in_order_with_words_mapped_and_pending_ones_marked(world):
    number, listed = await world.granted(), await world.listed("Closed")
    await world.workers.drain()
    await world.decide(number, "suspend")

    async with world.database.read() as tx:
        found = await ledger.history(tx, [number, listed, "TEST-NOBODY00-00"])

    assert [d.act for d in found[number]] == ["apply", "grant", "suspend"]
    assert [d.index is None for d in found[number]] == [False, False, True]
    assert found[listed][0].listed is Standing.REVOKED
    assert found["TEST-NOBODY00-00"] == []
    assert claims("org_x")["scope"] == {}


async def test_more_than_fits_a_statement_is_cut_into_several(world):
    here, many = await stream(world), [f"TEST-{at:08d}-00" for at in range(4_000)]
    async with world.database.write() as tx:
        made = await ledger.append(tx, [Entry(scheme_body(str(v)), here) for v in range(2_000)], now=START)
        assert not any((await ledger.held_history(tx, many)).values())

    assert [event_id for event_id, _ in await world.outbox()] == [event.event_id for event in made]
