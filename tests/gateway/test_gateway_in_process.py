"""A hop within the process: what a network would do to an answer, without the network."""

import asyncio

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from gateway.upstream import UpstreamError, in_process, read


class Source:
    """An application that streams what it is told to; it notes what it has sent and whether it was ended."""

    def __init__(self, *, breaks=False):
        self.more, self.sent, self.ended, self.breaks = asyncio.Queue(), [], asyncio.Event(), breaks

    async def __call__(self, scope, receive, send):
        await StreamingResponse(self._pieces(), media_type="text/event-stream")(scope, receive, send)

    async def _pieces(self):
        try:
            while (piece := await self.more.get()) is not None:
                self.sent.append(piece)
                yield piece
            if self.breaks:
                raise RuntimeError("in the middle")
        finally:
            self.ended.set()


@pytest.fixture
def told():
    """A source that has been told what to send, and a client for it."""

    def made(*pieces, **how):
        source = Source(**how)
        for piece in pieces:
            source.more.put_nowait(piece)
        return source, in_process(source, "source")

    return made


async def test_a_piece_arrives_before_the_next_one_is_made(told):
    source, client = told(b"first")
    async with client.stream("GET", "/") as response:
        assert (response.status_code, response.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
        pieces = response.aiter_raw()
        assert await anext(pieces) == b"first"
        source.more.put_nowait(b"second")
        assert await anext(pieces) == b"second"
        source.more.put_nowait(None)
        assert [piece async for piece in pieces] == []


async def test_a_reader_that_is_slow_slows_the_source(told):
    source, client = told(*[b"piece"] * 50, None)
    async with client.stream("GET", "/") as response:
        await asyncio.sleep(0.05)
        assert len(source.sent) <= 3
        assert await response.aread() == b"piece" * 50


async def test_a_reader_that_leaves_ends_the_source(told):
    source, client = told(b"first")
    async with client.stream("GET", "/"):
        pass
    async with asyncio.timeout(5):
        await source.ended.wait()


async def test_who_gives_up_before_an_answer_has_begun_ends_the_application():
    ended = asyncio.Event()

    async def silent(scope, receive, send):
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    with pytest.raises(UpstreamError, match="was not answered within"):
        await read(in_process(silent, "silent"), "/", limit=10, timeout=0.02)
    assert ended.is_set()


async def test_an_error_before_the_answer_is_a_500_and_one_within_cuts_it_off(told):
    async def broken(scope, receive, send):
        raise RuntimeError("at once")

    assert (await in_process(broken, "broken").get("/")).status_code == 500
    _, client = told(b"first", None, breaks=True)
    with pytest.raises(httpx.ReadError, match="cut off"):
        await client.get("/")


async def test_a_request_reaches_the_application_as_it_was_sent():
    async def echo(scope, receive, send):
        request = Request(scope, receive)
        seen = (
            request.method,
            scope["raw_path"].decode(),
            request.url.query,
            request.headers["x"],
            await request.body(),
        )
        await Response(repr(seen), 207)(scope, receive, send)

    answer = await in_process(echo, "echo").post("/a%20b?c=d", content=b"body", headers={"X": "y"})
    assert (answer.status_code, answer.text) == (207, "('POST', '/a%20b', 'c=d', 'y', b'body')")
