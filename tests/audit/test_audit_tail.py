"""The feed's tail as server-sent events."""

import asyncio
import json
from dataclasses import replace

import httpx
import pytest
from starlette.requests import ClientDisconnect

from audit.app import create_app
from audit.errors import Busy
from audit.tail import Listening, Tail

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


async def test_many_who_come_at_the_same_moment_are_counted_too(log, listen, fill):
    await fill(log, 1)
    answers = await asyncio.gather(*(listen(-1) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, *[503] * 6]


@pytest.mark.parametrize("heard", [0, 1, 3])
async def test_a_listener_that_leaves_gives_its_place_back(log, fill, heard):
    await fill(log, 1)
    tail = Tail(log.feed, seconds=30, pulse=0.01, most=1)

    async def present():
        await asyncio.Event().wait()

    async def leaves(message):
        nonlocal heard
        heard -= 1
        if heard < 0:
            raise OSError("the listener is gone")

    listening = Listening(await tail.follow(-1), {})
    with pytest.raises(Busy):
        await tail.follow(-1)
    with pytest.raises(ClientDisconnect):
        await listening({"type": "http", "asgi": {"spec_version": "2.4"}}, present, leaves)
    await tail.follow(-1)


async def test_a_listener_that_does_not_read_is_cut_off_and_gives_its_place_back(log, fill):
    await fill(log, 1)
    tail = Tail(log.feed, seconds=30, pulse=0.01, most=1)
    heard = []

    async def stalled(message):
        heard.append(message)
        if len(heard) == 3:
            await asyncio.Event().wait()

    async def present():
        await asyncio.Event().wait()

    listening = Listening(await tail.follow(-1), {}, seconds=0.05)
    await listening({"type": "http", "asgi": {"spec_version": "2.3"}}, present, stalled)
    assert all(message.get("more_body", True) for message in heard)  # whoever reads on can tell that it is not the end
    await tail.follow(-1)


async def test_who_reconnects_after_any_event_misses_nothing(log, fill):
    for _ in range(3):
        await fill(log, 2)
    tail = Tail(log.feed, seconds=0)

    async def told(after):
        return events(b"".join([event async for event in await tail.follow(after)]).decode())

    whole = await told(-1)
    for heard in range(len(whole) + 1):
        last = next((int(at) for at, _ in reversed(whole[:heard]) if at is not None), -1)
        again = await told(last)
        assert again == whole[len(whole) - len(again) :]
        assert len(again) >= len(whole) - heard
