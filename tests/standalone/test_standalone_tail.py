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
        heard = [json.loads(line) async for line in _before_silence(lines)]
        assert [event["index"] for event in heard if "index" in event][:2] == [size - 2, size - 1]
        assert "checkpoint" in heard[-1]


async def _before_silence(lines):
    """The data told before the stream says that nothing follows; it lasts for seconds after that."""
    async for line in lines:
        if line == ": nothing follows yet":
            return
        if line.startswith("data: "):
            yield line.removeprefix("data: ")
    raise AssertionError("the stream ended before it said that nothing follows")
