"""What anyone may fetch about a number, and what they are told where there is nothing."""

import json

import pytest
from issuance_world import HOME, MINISTRY
from sqlalchemy import insert, update
from sqlmodel import col

from goodstanding.checkpoint import TlogProof
from goodstanding.events import new_subject
from goodstanding.evidence import Bundle
from goodstanding.number import make_number
from goodstanding.record import verify_record
from registry.issuance.tables import KeyRow, RecordRow


async def get(world, path, **headers):
    async with world.client() as client:
        return await client.get(path, headers=headers)


async def issued(world):
    number = await world.granted()
    await world.workers.drain()
    return number


async def test_the_record_is_served_as_it_was_stored(world):
    number = await issued(world)
    answer = await get(world, f"/records/{number}")
    (row,) = await world.records(number)
    assert answer.text == row.token
    assert answer.headers["content-type"] == "application/dc+sd-jwt"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cache-control"] == "public, max-age=30"
    unchanged = await get(world, f"/records/{number.lower()}", **{"If-None-Match": answer.headers["etag"]})
    assert unchanged.status_code == 304


async def test_the_published_issuer_key_verifies_the_record(world):
    number = await issued(world)
    record = (await get(world, f"/records/{number}")).text
    metadata = (await get(world, f"/.well-known/jwt-vc-issuer/authorities/{MINISTRY}")).json()
    assert metadata["issuer"] == f"{HOME}/authorities/{MINISTRY}"
    assert verify_record(record, {jwk["kid"]: jwk for jwk in metadata["jwks"]["keys"]}).number == number


async def test_retired_keys_stay_in_the_metadata_and_revoked_ones_go(world):
    await issued(world)
    async with world.database.write() as tx:
        states = (("retired-one", "retired"), ("revoked-one", "revoked"), ("next-one", "next"))
        for ordinal, (kid, state) in enumerate(states, start=2):
            await tx.execute(
                insert(KeyRow),
                [
                    {
                        "kid": kid,
                        "owner": MINISTRY,
                        "role": "record",
                        "jwk": {"kid": kid},
                        "state": state,
                        "ordinal": ordinal,
                        "ended_at": None if state == "next" else world.clock(),
                        "created_at": world.clock(),
                        "subject": new_subject(),
                    }
                ],
            )
    metadata = (await get(world, f"/.well-known/jwt-vc-issuer/authorities/{MINISTRY}")).json()
    kids = {jwk["kid"] for jwk in metadata["jwks"]["keys"]}
    assert {"retired-one", "next-one"} < kids
    assert "revoked-one" not in kids


async def test_the_proof_is_made_now_and_leads_to_a_published_checkpoint(world):
    number = await issued(world)
    answer = await get(world, f"/records/{number}.tlog-proof")
    assert answer.headers["content-type"].startswith("text/plain")
    (row,) = await world.records(number)
    assert TlogProof.parse(answer.content).index == json.loads(row.payload)["log"]["index"]


async def test_the_bundle_holds_every_part(world):
    number = await issued(world)
    answer = await get(world, f"/evidence/{number}")
    assert answer.headers["content-type"] == "application/vnd.goodstanding.evidence+json"
    bundle = Bundle.parse(answer.content)
    assert bundle.record == (await get(world, f"/records/{number}")).text
    assert bundle.tlog_proof
    assert bundle.status_list
    assert len(bundle.issuer_keys) == 1


@pytest.mark.parametrize("path", ["/records/{}", "/records/{}.tlog-proof", "/evidence/{}"])
async def test_nothing_to_show_says_why(world, path):
    unknown = await get(world, path.format(make_number("TEST", "7K3M9QXR")))
    assert (unknown.status_code, unknown.json()["code"]) == (404, "UNKNOWN_NUMBER")

    bad = await get(world, path.format("TEST-7K3M9QXR-99"))
    assert (bad.status_code, bad.json()["code"]) == (400, "BAD_NUMBER")

    number = await world.granted()
    pending = await get(world, path.format(number))
    assert (pending.status_code, pending.json()["code"]) == (404, "NOTHING_RELEASED")
    assert "not in the log yet" in pending.json()["detail"]
    assert pending.headers["content-type"] == "application/problem+json"
    assert pending.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/records/{}.tlog-proof", "/evidence/{}"])
async def test_no_proof_is_shown_that_does_not_verify_or_does_not_come(world, path):
    number = await issued(world)
    world.log.lie = "hashes"
    lied = await get(world, path.format(number))
    assert (lied.status_code, lied.json()["code"]) == (502, "LOG_NOT_BELIEVED")

    world.log.lie, world.log.cut = None, True
    away = await get(world, path.format(number))
    assert (away.status_code, away.json()["code"], away.headers["retry-after"]) == (503, "LOG_UNAVAILABLE", "1")


async def test_the_newest_record_is_the_one_served(world):
    number = await issued(world)
    world.clock.forward(days=81)
    await world.workers.drain()
    answer = await get(world, f"/records/{number}")
    assert answer.text == (await world.records(number))[-1].token


async def test_the_feed_gives_records_in_order_page_by_page(world):
    numbers = [await issued(world) for _ in range(3)]
    first = await get(world, "/feed/records?limit=2")
    assert first.headers["content-type"] == "application/x-ndjson"
    lines = [json.loads(line) for line in first.text.splitlines()]
    rest = (await get(world, f"/feed/records?after={lines[-1]['seq']}")).text.splitlines()
    lines += map(json.loads, rest)

    rows = await world.records()
    assert [row.number for row in rows] == numbers
    expected = [{"seq": r.seq, "event_id": r.event_id, "envelope": "record", "token": r.token} for r in rows]
    assert lines == expected
    assert (await get(world, f"/feed/records?after={rows[-1].seq}")).text == ""


async def test_the_feed_waits_at_a_record_that_is_not_signed_yet(world):
    for _ in range(3):
        await issued(world)
    async with world.database.write() as tx:
        await tx.execute(update(RecordRow).where(col(RecordRow.seq) == 2).values(token=None))
    assert [json.loads(line)["seq"] for line in (await get(world, "/feed/records")).text.splitlines()] == [1]


@pytest.mark.parametrize("question", ["after=-1", "after=x", "limit=0", "limit=5000"])
async def test_the_feed_has_bounds(world, question):
    assert (await get(world, f"/feed/records?{question}")).status_code in (400, 422)


@pytest.mark.parametrize("name", ["accreditation", "transcribed-accreditation"])
async def test_type_metadata_stands_at_the_type(world, name):
    answer = await get(world, f"/vct/{name}")
    assert answer.json()["vct"] == f"{HOME}/vct/{name}"
    assert {claim["sd"] for claim in answer.json()["claims"]} == {"never"}
    assert answer.headers["etag"]


async def test_status_keys_are_there_before_the_first_list(world):
    (jwk,) = (await get(world, "/status-keys")).json()["keys"]
    assert jwk["kid"] == (await world.keys.status_signer()).kid


async def test_an_authority_nobody_knows_has_no_keys(world):
    answer = await get(world, "/.well-known/jwt-vc-issuer/authorities/aut_nobody")
    assert (answer.status_code, answer.json()["code"]) == (404, "UNKNOWN_AUTHORITY")
