"""The feed's tail as server-sent events: the same lines, as they are published, without asking again and again.

    retry: 1000

    data: {"index":7,"leaf":"<base64url>","body":"<base64url>","salt":"<base64url>"}

    id: 7
    data: {"checkpoint":"<note>"}

1. Only a checkpoint carries an id, the index of the last entry it covers: who resumes there (Last-Event-ID) misses
   none, and reads again what no checkpoint has covered yet.
2. A stream ends after a few seconds, sooner than a process that is told to end; who listens on asks again by itself.
3. The number of streams is bounded.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from time import monotonic

from audit.errors import AuditError, Busy
from audit.feed import Feed, FeedPage

STREAM_SECONDS = 8.0
"""How long a stream lasts: less than a request under way has when the process is told to end."""

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

    async def follow(self, after: int) -> AsyncIterator[bytes]:
        """Return a stream of what follows index `after`. Raises Busy, and what `Feed.page` does."""
        if self._open >= self._most:
            raise Busy(f"{self._open} others follow the log's tail here; try again in a moment, or read pages of /feed")
        return self._stream(after, await self._feed.page(after))

    async def _stream(self, after: int, page: FeedPage) -> AsyncIterator[bytes]:
        self._open += 1
        try:
            yield b"retry: 1000\n\n"
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
                page = await self._feed.page(after)
        except (AuditError, OSError):
            return  # who listens asks again, and is told then
        finally:
            self._open -= 1


def _events(after: int, page: FeedPage) -> Iterator[bytes]:
    for line in (page.body or b"").splitlines():
        if line.startswith(b'{"checkpoint"'):
            yield b"id: %d\ndata: %s\n\n" % (after, line)
        else:
            after += 1
            yield b"data: %s\n\n" % line
