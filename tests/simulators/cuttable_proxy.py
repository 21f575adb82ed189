"""A network between a client and a server that can be cut: at once, in silence, or at a word that the client says."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import Enum

CHUNK = 65_536


class Cut(Enum):
    """When a connection is cut whose client says the word."""

    BEFORE = "the server never hears it"
    AFTER = "the server has heard and answered, and the client does not learn it"


class Proxy:
    """Passes bytes on between `port` and a server on this machine, until told otherwise."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._silent = False
        self._word: tuple[bytes, Cut] | None = None
        self.port = 0
        self.cuts = 0  # how often the word was said

    async def up(self) -> None:
        """Take connections, on the same port as before, and pass on what they say."""
        self._silent = False
        if self._server is not None:
            return
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def down(self) -> None:
        """End every connection and refuse new ones, as a server does that is not running."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in list(self._open):
            writer.transport.abort()

    def silence(self) -> None:
        """Swallow every byte from now on, as a network does that is gone: nobody is told anything."""
        self._silent = True

    def cut_at(self, word: bytes, when: Cut) -> None:
        """Cut the next connection whose client says a word, once."""
        self._word = (word, when)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        there: asyncio.StreamWriter | None = None
        try:
            other, there = await asyncio.open_connection("127.0.0.1", self._target)
            self._open.add(there)
            back = asyncio.create_task(self._pass(other, writer))
            last_words = await self._listen(reader, there)
            back.cancel()
            if last_words:
                await asyncio.wait([back])
                there.write(last_words)
                await other.read(CHUNK)  # the server has acted on them
        except OSError:
            pass  # one of the two ends is gone
        finally:
            for end in (writer, there):
                if end is not None:
                    self._open.discard(end)
                    end.transport.abort()

    async def _listen(self, reader: asyncio.StreamReader, there: asyncio.StreamWriter) -> bytes:
        """Pass on what the client says; returns what the server must still hear when the connection is cut."""
        while data := await reader.read(CHUNK):
            if self._word is not None and self._word[0] in data:
                (_, when), self._word = self._word, None
                self.cuts += 1
                return data if when is Cut.AFTER else b""
            if not self._silent:
                there.write(data)
                await there.drain()
        return b""

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(CHUNK):
                if not self._silent:
                    writer.write(data)
                    await writer.drain()
        writer.transport.abort()


@asynccontextmanager
async def proxied(target: int) -> AsyncIterator[Proxy]:
    """A proxy before a port of this machine, for as long as the block lasts."""
    proxy = Proxy(target)
    await proxy.up()
    try:
        yield proxy
    finally:
        await proxy.down()
