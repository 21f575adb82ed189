"""Erasing: bodies and salts go, everything that was proved stays, and only a published erasure event has it done."""

import pytest

from audit.entry import Submission
from audit.errors import ErasureRefused, NotLogged, QuestionRefused
from goodstanding.canonical import b64u
from goodstanding.checkpoint import TlogProof, verify_tlog_proof
from goodstanding.events import Leaf, commitment
from goodstanding.merkle import leaf_hash, verify_inclusion

TOKEN = {"Authorization": "Bearer a-service-token"}


def an_erasure(number, clock):
    """An erasure event as an authority logs it; which events it names is in a body the log does not read."""
    body, salt = b"{}", bytes(32)
    event_id = f"0197c000-0000-7000-9000-{number:012x}"
    leaf = Leaf("erasure", event_id, number.to_bytes(16, "little"), None, clock(), commitment(salt, body))
    return Submission(event_id, leaf.encode(), body, salt)


@pytest.fixture
async def erasure(log, fill, clock):
    """(entries, the erasure event that follows them), all published."""
    made, by = await fill(log, 300), an_erasure(1, clock)
    await log.append([by])
    await log.sequencer.step()
    return made, by


async def lines(client):
    return [line for line in (await client.get("/feed?after=-1")).text.splitlines() if '"index"' in line]


async def test_bodies_are_gone_and_the_feed_says_by_which_event(log, client, erasure):
    made, by = erasure

    assert await log.erasures.erase(by.event_id, [made[7].event_id, made[9].event_id]) == 2

    found = await lines(client)
    assert found[7] == f'{{"index":7,"leaf":"{b64u(made[7].leaf)}","erased_by":"{by.event_id}"}}'
    assert '"body"' in found[8]
    assert "erased_by" in found[9]
    assert await log.append([made[7]]) == 1, "submitting it again is still harmless, and brings nothing back"
    assert (await lines(client))[7] == found[7]


async def test_proofs_made_before_and_after_verify(log, client, erasure):
    made, by = erasure
    before = await client.get("/internal/tlog-proof/7", headers=TOKEN)
    snapshot = await log.reader.snapshot()
    (entry,) = (await log.reader.by_event(snapshot, [made[7].event_id])).values()
    proof = (await log.reader.prove(snapshot, [entry]))[made[7].event_id]

    await log.erasures.erase(by.event_id, [made[7].event_id])

    root = (await log.reader.snapshot()).checkpoint.root
    verify_inclusion(leaf_hash(made[7].leaf), 7, snapshot.checkpoint.size, proof, root)
    after = await client.get("/internal/tlog-proof/7", headers=TOKEN)
    keys = {"log": log.signer.log_key, "time_cosigner": log.signer.time_key}
    for kept in (before, after):
        verify_tlog_proof(TlogProof.parse(kept.content), leaf_hash(made[7].leaf), **keys)


async def test_erasing_again_changes_nothing_and_the_first_event_stays_named(log, client, clock, erasure):
    made, by = erasure
    await log.erasures.erase(by.event_id, [made[7].event_id])
    other = an_erasure(2, clock)
    await log.append([other])
    await log.sequencer.step()

    assert await log.erasures.erase(by.event_id, [made[7].event_id]) == 0
    assert await log.erasures.erase(other.event_id, [made[7].event_id, made[8].event_id]) == 1
    assert by.event_id in (await lines(client))[7]


async def test_nothing_is_erased_before_its_erasure_is_published(log, client, fill, clock):
    made, by = await fill(log, 2), an_erasure(1, clock)
    for _ in ("unknown", "submitted"):
        with pytest.raises(NotLogged):
            await log.erasures.erase(by.event_id, [made[0].event_id])
        await log.append([by])
    assert "erased_by" not in "".join(await lines(client))


async def test_what_cannot_be_erased(log, fill, clock, erasure):
    made, by = erasure
    later = (await fill(log, 1))[0]
    for erasure_id, event_id in (
        (made[1].event_id, made[0].event_id),  # no erasure event
        (by.event_id, by.event_id),
        (by.event_id, later.event_id),
        (by.event_id, "0197c000-0000-7000-a000-000000000000"),
    ):
        with pytest.raises(ErasureRefused):
            await log.erasures.erase(erasure_id, [made[2].event_id, event_id])
    for count in (0, 1001):
        with pytest.raises(QuestionRefused):
            await log.erasures.erase(by.event_id, [made[2].event_id] * count)
    assert await log.erasures.erase(by.event_id, [made[2].event_id]) == 1, "nothing was erased on the way"


async def test_the_route_is_for_the_service_alone(client, clock, erasure):
    made, by = erasure
    asked = {"erasure": by.event_id, "event_ids": [made[7].event_id]}

    assert (await client.post("/internal/erasures", json=asked)).status_code == 401
    done = await client.post("/internal/erasures", json=asked, headers=TOKEN)
    assert (done.status_code, done.json()) == (200, {"erased": 1})
    refused = await client.post("/internal/erasures", json=asked | {"event_ids": [by.event_id]}, headers=TOKEN)
    assert (refused.status_code, refused.json()["event_id"]) == (422, by.event_id)
    unknown = await client.post(
        "/internal/erasures", json=asked | {"erasure": an_erasure(9, clock).event_id}, headers=TOKEN
    )
    assert unknown.status_code == 404
