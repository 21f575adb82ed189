"""Readers of artefacts: each gives back what it held, however it leaves, and they leave connections for others."""

import asyncio

import pytest
from fastapi import FastAPI
from starlette.responses import StreamingResponse

from gateway.faces.proxy import MOST_READERS, routes
from gateway.upstream import Upstreams, in_process, over_http


class Service:
    """A service whose answers go on until it is told; it counts those under way."""

    def __init__(self):
        self.goes_on, self.under_way = asyncio.Event(), 0

    async def __call__(self, scope, receive, send):
        self.under_way += 1
        try:
            await StreamingResponse(self._pieces())(scope, receive, send)
        finally:
            self.under_way -= 1

    async def _pieces(self):
        yield b"first "
        await self.goes_on.wait()
        yield b"last"


@pytest.fixture
def service():
    return Service()


@pytest.fixture
def door(service):
    """A gateway's proxied paths before the service, for two readers at once."""
    door = FastAPI()
    door.include_router(routes(Upstreams(in_process(service, "registry"), in_process(service, "audit")), most=2))
    return door


@pytest.fixture
async def reader(door):
    async with in_process(door, "door") as client:
        yield client


async def test_more_than_so_many_are_told_to_come_again_and_another_service_is_not_concerned(service, reader):
    reading = [asyncio.ensure_future(reader.get("/log/checkpoint")) for _ in range(2)]
    await asyncio.sleep(0.02)
    refused = await reader.get("/feed?after=-1")
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    assert "try again" in refused.json()["detail"]
    other = asyncio.ensure_future(reader.get("/status-lists"))
    await asyncio.sleep(0.02)
    service.goes_on.set()
    assert {answer.text for answer in await asyncio.gather(*reading, other)} == {"first last"}
    assert (await reader.get("/feed?after=-1")).status_code == 200


async def test_a_reader_that_is_gone_before_the_first_byte_leaves_nothing_open(service, door, reader):
    """Its request was sent; when the answer begins, it is no longer there."""

    async def gone():
        return {"type": "http.disconnect"}

    async def nowhere(_message):
        await asyncio.sleep(0)

    scope = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "method": "GET",
        "scheme": "http", "path": "/log/checkpoint", "raw_path": b"/log/checkpoint", "query_string": b"", "headers": [],
        "root_path": "",
    }  # fmt: skip
    for _ in range(5):
        await door(dict(scope), gone, nowhere)
    assert service.under_way == 0
    service.goes_on.set()
    assert (await reader.get("/log/checkpoint")).text == "first last"


async def test_a_reader_that_leaves_in_the_middle_leaves_nothing_open(service, reader):
    for _ in range(5):
        async with reader.stream("GET", "/log/checkpoint") as answer:
            assert await anext(answer.aiter_raw()) == b"first "
    assert service.under_way == 0


async def test_readers_leave_connections_for_the_followers():
    async with over_http("http://service.internal") as client:
        assert client._transport._pool._max_connections > MOST_READERS
