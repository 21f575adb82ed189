"""Paths, headers and refusals of the service."""

import asyncio

import httpx
import pytest

from audit.app import create_app
from goodstanding.canonical import b64u, unb64u
from goodstanding.checkpoint import TlogProof, verify_tlog_proof
from goodstanding.merkle import leaf_hash, verify_inclusion
from goodstanding.note import VerifierKey

TOKEN = "a-service-token"


def as_json(submission, **changes) -> dict:
    parts = {"leaf": submission.leaf, "body": submission.body, "salt": submission.salt} | changes
    return {"event_id": submission.event_id} | {name: b64u(data) for name, data in parts.items()}


def refused(response, status: int) -> dict:
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == status
    assert "Traceback" not in response.text
    return problem


# ---- the log as a C2SP client expects it


async def test_the_checkpoint_is_never_stored(log, client):
    response = await client.get("/log/checkpoint")
    assert response.content == log.store.read("checkpoint")
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize(
    ("path", "cache", "length"),
    [
        ("/log/tile/0/000", "public, max-age=604800, immutable", 8192),
        ("/log/tile/0/001.p/44", "no-store", 44 * 32),
        ("/log/tile/1/000.p/1", "no-store", 32),
        ("/log/tile/entries/000", "public, max-age=604800, immutable", None),
        ("/log/tile/entries/001.p/44", "no-store", None),
    ],
)
async def test_tiles_and_bundles(log, client, fill, path, cache, length):
    await fill(log, 300)
    response = await client.get(path)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/octet-stream"
    assert response.headers["cache-control"] == cache
    assert response.headers["access-control-allow-origin"] == "*"
    assert length in (None, len(response.content))
    head = await client.head(path)
    assert (head.status_code, head.headers["content-length"]) == (200, response.headers["content-length"])


@pytest.mark.parametrize(
    "path",
    ["", "tile", "tile/", "tile/0/001", "tile/0/1", "tile/0/000.p/256", "tile/00/000", "tile/x/000", "tile/0/x000/000",
     "tile/0/000.p/0", "tile/9/000", "tile/entries/000/", "tile/%2e%2e/checkpoint"],
)  # fmt: skip
async def test_what_is_no_file_of_the_log_is_not_found(log, client, fill, path):
    await fill(log, 300)
    refused(await client.get(f"/log/{path}"), 404)


async def test_verifier_keys_one_a_line(log, client):
    response = await client.get("/log/vkey")
    keys = [VerifierKey.parse(line) for line in response.text.splitlines()]
    assert keys == [log.signer.log_key, log.signer.time_key]
    assert [key.name for key in keys] == ["log.example/log", "log.example/log/time"]


# ---- for services of the house


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/internal/entries"), ("POST", "/internal/proofs"), ("GET", "/internal/tlog-proof/0"),
     ("GET", "/internal/subgraph")],
)  # fmt: skip
@pytest.mark.parametrize("header", [None, "Bearer wrong", "Bearer", "Basic a-service-token", "Bearer a-service-token "])
async def test_without_the_service_token_nothing_is_done(client, method, path, header):
    response = await client.request(method, path, headers={"Authorization": header} if header else {})
    assert "service token" in refused(response, 401)["detail"]


def test_an_empty_service_token_is_no_token(open_again):
    with pytest.raises(ValueError, match="GOODSTANDING_AUDIT_TOKEN"):
        create_app(open_again(), "")


async def test_a_batch_is_appended_and_appended_again(log, client, service, author):
    batch = {"entries": [as_json(entry) for entry in author.first(2)]}
    for _ in range(2):
        response = await client.post("/internal/entries", json=batch, headers=service)
        assert (response.status_code, response.json()) == (200, {"accepted": 2})
    assert await log.sequencer.step() == 2


async def test_a_conflict_names_the_event(client, service, author):
    known, other = author.first(2)
    await client.post("/internal/entries", json={"entries": [as_json(known)]}, headers=service)
    # Another event's leaf, body and salt under a known id would be malformed; another version of it is a conflict.
    altered = author.next(other)
    swapped = as_json(altered) | {"event_id": known.event_id}
    swapped["leaf"] = b64u(altered.leaf.replace(altered.event_id.encode(), known.event_id.encode()))
    problem = refused(await client.post("/internal/entries", json={"entries": [swapped]}, headers=service), 409)
    assert (problem["event_id"], problem["code"]) == (known.event_id, "ENTRY_CONFLICT")
    assert known.event_id in problem["detail"]


async def test_a_wrong_commitment_and_a_wrong_prev_are_told_apart(client, service, author):
    first, other = author.first(2)
    wrong = {"entries": [as_json(first, body=b"other")]}
    problem = refused(await client.post("/internal/entries", json=wrong, headers=service), 422)
    assert (problem["code"], problem["event_id"]) == ("ENTRY_REFUSED", first.event_id)
    early = {"entries": [as_json(author.next(other))]}
    assert refused(await client.post("/internal/entries", json=early, headers=service), 422)["code"] == "PREV_MISMATCH"


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b"", "the body"), (b"[]", "the body"), (b'{"entries":', "the body"), (b"\xff", "the body"),
        (b'{"entries":[{}]}', "entries.0.event_id"), (b'{"entries":[],"more":1}', "more"), (b'{"entries":1}', "entries"),
    ],
)  # fmt: skip
async def test_a_request_of_another_shape_is_refused(client, service, content, place):
    response = await client.post("/internal/entries", content=content, headers=service)
    assert place in refused(response, 400)["detail"]


async def test_base64_has_one_spelling(client, service, author):
    (entry,) = author.first()
    padded = as_json(entry) | {"salt": b64u(entry.salt) + "="}
    response = await client.post("/internal/entries", json={"entries": [padded]}, headers=service)
    assert refused(response, 422)["event_id"] == entry.event_id


async def test_more_than_a_batch_is_refused(client, service, author):
    entry = as_json(author.first()[0])
    refused(await client.post("/internal/entries", json={"entries": [entry] * 1001}, headers=service), 400)


async def test_a_body_beyond_the_bound_is_refused_before_it_is_read(client, service):
    async def endless():
        while True:
            yield bytes(1024 * 1024)

    refused(await client.post("/internal/entries", content=endless(), headers=service), 413)


async def test_proofs_of_what_is_published(log, client, service, fill, author):
    made = await fill(log, 300)
    waiting = author.first()
    await log.append(waiting)
    ids = [entry.event_id for entry in (made[0], made[255], made[299], *waiting)]
    answer = (await client.post("/internal/proofs", json={"event_ids": [*ids, "unknown"]}, headers=service)).json()
    tree = log.signer.verify(answer["checkpoint"].encode()).checkpoint
    assert tree.size == 300
    assert set(answer["proofs"]) == {made[0].event_id, made[255].event_id, made[299].event_id}
    for index in (0, 255, 299):
        proof = answer["proofs"][made[index].event_id]
        assert proof["index"] == index
        hashes = [unb64u(item) for item in proof["hashes"]]
        verify_inclusion(leaf_hash(made[index].leaf), index, tree.size, hashes, tree.root)


async def test_a_thousand_proofs_at_once_and_no_more(log, client, service, fill):
    made = await fill(log, 1500)
    ids = [entry.event_id for entry in made]
    response = await client.post("/internal/proofs", json={"event_ids": ids[:1000]}, headers=service)
    assert len(response.json()["proofs"]) == 1000
    refused(await client.post("/internal/proofs", json={"event_ids": ids[:1001]}, headers=service), 400)


async def test_a_tlog_proof_verifies_as_it_is(log, client, service, fill):
    made = await fill(log, 5)
    response = await client.get("/internal/tlog-proof/3", headers=service)
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    proof = TlogProof.parse(response.content)
    keys = {"log": log.signer.log_key, "time_cosigner": log.signer.time_key}
    assert verify_tlog_proof(proof, leaf_hash(made[3].leaf), **keys).checkpoint.size == 5


@pytest.mark.parametrize(
    ("index", "status"), [("5", 404), ("999999999999999", 404), ("-1", 400), ("x", 400), ("9" * 40, 400)]
)
async def test_no_tlog_proof(log, client, service, fill, index, status):
    await fill(log, 5)
    refused(await client.get(f"/internal/tlog-proof/{index}", headers=service), status)


async def test_an_altered_inner_tile_gives_an_error_and_no_false_proof(log, client, service, fill, tmp_path):
    made = await fill(log, 600)
    path = tmp_path / "log/tile/0/001"
    path.write_bytes(bytes(8192))
    body = {"event_ids": [made[300].event_id]}
    assert (
        "no proof can be made"
        in refused(await client.post("/internal/proofs", json=body, headers=service), 500)["detail"]
    )
    path.unlink()
    assert (
        "tile/0/001 is missing"
        in refused(await client.post("/internal/proofs", json=body, headers=service), 500)["detail"]
    )


# ---- operations


async def test_health_and_readiness(client):
    assert (await client.get("/healthz")).json() == {"status": "ok"}
    answered = await client.get("/readyz")
    assert answered.json() == {"ready": True, "missing": [], "origin": "log.example/log", "size": 0}


async def test_a_stopped_log_is_not_ready_but_still_answers(log, client, open_again, author):
    other = open_again()
    await other.append(author.first(2))
    await other.start()
    await log.append(author.first())
    await log.run_sequencer(asyncio.Event())
    answered = await client.get("/readyz")
    assert answered.status_code == 503
    assert "another sequencer" in answered.json()["missing"][0]
    assert "goodstanding_audit_sequencer_stopped 1.0" in (await client.get("/metrics")).text
    assert (await client.get("/log/checkpoint")).status_code == 200


async def test_a_clock_that_went_backwards_is_told_until_it_has_caught_up(log, fill, clock):
    await fill(log, 1)
    transport = httpx.ASGITransport(create_app(log, TOKEN, clock=clock))
    async with httpx.AsyncClient(transport=transport, base_url="http://audit") as client:
        clock.advance(-90)
        behind = await client.get("/readyz")
        assert (behind.status_code, behind.json()["size"]) == (503, 1)
        (missing,) = behind.json()["missing"]
        assert "the clock is 90 s behind the newest signature of the log; nothing is signed until" in missing
        clock.advance(90)
        assert (await client.get("/readyz")).status_code == 200


async def test_unknown_paths_and_methods_are_problems(client):
    refused(await client.get("/nowhere"), 404)
    other = await client.post("/feed")
    refused(other, 405)
    assert set(other.headers["allow"].split(", ")) == {"GET", "HEAD"}  # RFC 9110 section 15.5.6


async def test_a_database_that_fails_is_a_problem_without_its_statements(log, client, service, author):
    async with log.database.write() as tx:
        await tx.exec_driver_sql("DROP TABLE subjects")
    response = await client.post("/internal/entries", json={"entries": [as_json(author.first()[0])]}, headers=service)
    refused(response, 503)
    assert response.headers["retry-after"] == "1"
    assert "subjects" not in response.text
