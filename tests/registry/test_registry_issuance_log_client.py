"""The log over HTTP: what its answers become, and that none of them is read without a bound."""

import json

import httpx
import pytest

from goodstanding.canonical import b64u
from goodstanding.events import SealedEvent
from registry.issuance import log_client
from registry.issuance.errors import LogConflict, LogUnavailable
from registry.issuance.log_client import HttpLogClient, Inclusion

EVENT = SealedEvent("0198-event", "decision", b"body", b"leaf", b"salt")


def client_for(answer):
    asked = []

    def handler(request):
        asked.append(request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    transport = httpx.MockTransport(handler)
    return HttpLogClient(httpx.AsyncClient(transport=transport, base_url="http://log"), "the-token"), asked


async def test_events_are_sent_as_the_log_expects_them():
    client, asked = client_for(httpx.Response(200, json={"accepted": 1}))
    await client.submit([EVENT])

    (request,) = asked
    assert request.headers["authorization"] == "Bearer the-token"
    assert str(request.url) == "http://log/internal/entries"
    assert json.loads(request.content) == {
        "entries": [{"event_id": "0198-event", "leaf": b64u(b"leaf"), "body": b64u(b"body"), "salt": b64u(b"salt")}]
    }


@pytest.mark.parametrize("status", [409, 422])
async def test_a_refusal_that_names_an_event_is_final(status):
    problem = {"detail": "known with other bytes", "event_id": "0198-event"}
    client, _ = client_for(httpx.Response(status, json=problem))
    with pytest.raises(LogConflict, match="other bytes") as refusal:
        await client.submit([EVENT])
    assert refusal.value.event_id == "0198-event"


@pytest.mark.parametrize(
    "answer",
    [
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("slow"),
        httpx.Response(409, json={"detail": "no name"}),
        httpx.Response(422, text="<html>"),
        httpx.Response(401, json={"detail": "the token is wrong"}),
        httpx.Response(500, text="oops"),
        httpx.Response(503, json=["no object"]),
        httpx.Response(302, headers={"Location": "http://elsewhere"}),
    ],
)
async def test_everything_else_is_tried_again_later(answer):
    client, _ = client_for(answer)
    with pytest.raises(LogUnavailable):
        await client.submit([EVENT])


async def test_proofs_are_read():
    proofs = {"checkpoint": "note", "proofs": {"e": {"index": 3, "hashes": [b64u(b"h" * 32)]}}}
    client, asked = client_for(httpx.Response(200, json=proofs))
    answer = await client.proofs(["e", "f"])
    assert answer.checkpoint == b"note"
    assert answer.inclusions == {"e": Inclusion(3, (b"h" * 32,))}
    assert json.loads(asked[0].content) == {"event_ids": ["e", "f"]}


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b'{"checkpoint":"x"}', b'{"checkpoint":1,"proofs":{}}', b'{"checkpoint":"x","proofs":[]}',
     b'{"checkpoint":"x","proofs":{"e":{"index":"3","hashes":[]}}}', b'{"checkpoint":"x","proofs":{"e":{"index":1}}}',
     b'{"checkpoint":"x","proofs":{"e":{"index":1,"hashes":["*"]}}}', b'{"checkpoint":"x","proofs":{"e":7}}',
     b'{"checkpoint":"x","proofs":{},"proofs":{}}', b'{"checkpoint":"\\ud800","proofs":{}}'],
)  # fmt: skip
async def test_what_is_no_list_of_proofs_is_not_believed(body):
    client, _ = client_for(httpx.Response(200, content=body))
    with pytest.raises(LogUnavailable):
        await client.proofs(["e"])


async def test_an_endless_answer_is_cut_off(monkeypatch):
    monkeypatch.setattr(log_client, "MAX_ANSWER", 1000)
    client, _ = client_for(httpx.Response(200, content=b"x" * 1001))
    with pytest.raises(LogUnavailable, match="more than"):
        await client.tlog_proof(1)


async def test_a_proof_not_published_yet_is_none():
    client, _ = client_for(httpx.Response(404, json={"detail": "not yet"}))
    assert await client.tlog_proof(7) is None
