"""The tail of the feed through the one door: each event when it is published, not all of them when the stream ends."""

import asyncio
import json

import pytest

from gateway.upstream import in_process

pytestmark = pytest.mark.asyncio(loop_scope="session")

EVENTS = {"Accept": "text/event-stream"}


async def test_the_tail_comes_event_by_event_and_ends_when_the_listener_leaves(world):
    size = (await world.house.log.reader.snapshot()).checkpoint.size
    async with (
        asyncio.timeout(5),  # a stream lasts longer than that
        in_process(world.house.door, "door") as client,
        client.stream("GET", f"/feed?after={size - 3}", headers=EVENTS) as response,
    ):
        assert response.headers["content-type"].startswith("text/event-stream")
        lines = response.aiter_lines()
        assert await anext(lines) == "retry: 1000"
        heard = [json.loads(await _next_of(lines, "data: ")) for _ in range(3)]
        assert [event.get("index") for event in heard] == [size - 2, size - 1, None]
        assert await _next_of(lines, ": ") == "nothing follows yet"


async def _next_of(lines, start):
    async for line in lines:
        if line.startswith(start):
            return line.removeprefix(start)
    raise AssertionError(f"the stream ended before a line that starts with {start!r}")
