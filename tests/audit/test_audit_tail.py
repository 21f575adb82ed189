"""The feed's tail as server-sent events."""

import asyncio
import json
from dataclasses import replace

import httpx
import pytest

from audit.app import create_app
from audit.tail import Tail

EVENTS = {"Accept": "text/event-stream"}


def events(text: str) -> list[tuple[str | None, dict]]:
    """(id, data) of each event; what is only said to keep the stream alive is none."""
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if "data" in fields:
            found.append((fields.get("id"), json.loads(fields["data"])))
    return found


@pytest.fixture
async def listen(log):
    """Ask a service whose streams last a moment."""
    brief = replace(log, tail=Tail(log.feed, seconds=0.3, pulse=0.02, most=2))
    transport = httpx.ASGITransport(create_app(brief, "a-service-token"))
    async with httpx.AsyncClient(transport=transport, base_url="http://audit") as client:
        yield lambda after, **headers: client.get(f"/feed?after={after}", headers=EVENTS | headers)


async def test_a_listener_hears_what_is_there_and_what_is_published_meanwhile(log, listen, fill):
    await fill(log, 2)
    listening = asyncio.ensure_future(listen(-1))
    await asyncio.sleep(0.05)
    await fill(log, 1)
    response = await listening
    assert response.headers["content-type"].startswith("text/event-stream")
    assert (response.headers["cache-control"], response.headers["vary"]) == ("no-store", "Accept")
    heard = events(response.text)
    assert [data for _, data in heard] == [json.loads(line) for line in (await log.feed.page(-1)).body.splitlines()]
    assert [at for at, _ in heard] == [None, None, "1", None, "2"]


async def test_a_listener_goes_on_after_the_last_checkpoint_it_has_heard(log, listen, fill):
    await fill(log, 2)
    await fill(log, 1)
    response = await listen(-1, **{"Last-Event-ID": "1"})
    assert [data.get("index") for _, data in events(response.text)] == [2, None]
    assert ": nothing follows yet" in response.text
    assert len(events((await listen(1, **{"Last-Event-ID": "?"})).text)) == 2


async def test_only_so_many_listen_at_once_and_the_others_are_told(log, listen, fill):
    await fill(log, 1)
    listening = [asyncio.ensure_future(listen(-1)) for _ in range(2)]
    await asyncio.sleep(0.1)
    refused = await listen(-1)
    assert (refused.status_code, refused.json()["title"]) == (503, "Too many listeners")
    assert {response.status_code for response in await asyncio.gather(*listening)} == {200}
    assert (await listen(-1)).status_code == 200


async def test_a_position_that_cannot_be_is_refused_before_anything_is_streamed(listen):
    assert (await listen("x")).status_code == 400
