"""The feed's tail as server-sent events: the same lines, as they are published, without asking again and again.

    retry: 1000

    data: {"index":7,"leaf":"<base64url>","body":"<base64url>","salt":"<base64url>"}

    id: 7
    data: {"checkpoint":"<note>"}

1. Only a checkpoint carries an id, the index of the last entry it covers: who resumes there (Last-Event-ID) misses
   none, and reads again what no checkpoint has covered yet.
2. A stream ends after a few seconds, sooner than a process that is told to end; who listens on asks again by itself.
3. The number of streams is bounded, from the first question a stream asks until its end.
4. A listener that takes longer than `READING_SECONDS` for what is sent to it in those seconds is cut off, and goes on
   after the last checkpoint it has heard.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from dataclasses import dataclass
from time import monotonic

from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from audit.errors import AuditError, Busy
from audit.feed import Feed, FeedPage

EVENTS = "text/event-stream"

STREAM_SECONDS = 8.0
"""How long a stream lasts: less than a request under way has when the process is told to end."""

READING_SECONDS = 60.0
"""How long a listener may take to read its stream: nobody holds one of them by not reading it."""

PULSE_SECONDS = 1.0
"""How often it is looked for more; a listener hears that the stream is alive as often."""

MAX_STREAMS = 100
"""Most streams at once."""


class Tail:
    """Streams of one process."""

    def __init__(
        self, feed: Feed, *, seconds: float = STREAM_SECONDS, pulse: float = PULSE_SECONDS, most: int = MAX_STREAMS
    ) -> None:
        self._feed = feed
        self._seconds = seconds
        self._pulse = pulse
        self._most = most
        self._open = 0  # touched by the event loop alone

    async def follow(self, after: int) -> "Stream":
        """Return a stream of what follows index `after`, to be closed. Raises Busy, and what `Feed.page` does."""
        events = self._stream(after)
        return Stream(await anext(events), events)

    async def _stream(self, after: int) -> AsyncGenerator[bytes, None]:
        if self._open >= self._most:
            raise Busy(f"{self._open} others follow the log's tail here; try again in a moment, or read pages of /feed")
        self._open += 1
        try:
            page = await self._feed.page(after)
            yield b"retry: 1000\n\n"
            async for event in self._following(after, page):
                yield event
        finally:
            self._open -= 1

    async def _following(self, after: int, page: FeedPage) -> AsyncIterator[bytes]:
        end = monotonic() + self._seconds
        while True:
            for event in _events(after, page):
                yield event
            after += page.entries
            if monotonic() >= end:
                return
            if not page.entries:
                yield b": nothing follows yet\n\n"
                await asyncio.sleep(self._pulse)
            try:
                page = await self._feed.page(after)
            except (AuditError, OSError):
                return  # who listens asks again, and is told then


@dataclass(frozen=True, slots=True)
class Stream:
    """Events, of which the first is there already; it holds a place until it has ended or is closed."""

    first: bytes
    others: AsyncGenerator[bytes, None]

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the events as they are published."""
        yield self.first
        async for event in self.others:
            yield event

    async def aclose(self) -> None:
        """Give the place back."""
        await self.others.aclose()


class Listening(StreamingResponse):
    """A stream on its way to its listener (rule 4)."""

    def __init__(self, stream: Stream, headers: dict[str, str], seconds: float = READING_SECONDS) -> None:
        super().__init__(stream, headers=headers, media_type=EVENTS)
        self._stream = stream
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send (ASGI), and leave off when it takes too long; the server then closes the connection."""
        async with contextlib.aclosing(self._stream):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._seconds):
                    await super().__call__(scope, receive, send)


def _events(after: int, page: FeedPage) -> Iterator[bytes]:
    for line in (page.body or b"").splitlines():
        if line.startswith(b'{"checkpoint"'):
            yield b"id: %d\ndata: %s\n\n" % (after, line)
        else:
            after += 1
            yield b"data: %s\n\n" % line
