"""A load on an HTTP server from a process of its own: keep-alive connections, each asking again as soon as it is answered.

    python load.py HOST:PORT SECONDS CONNECTIONS < bodies

Bodies are JSON texts, one a line, each asked in turn. Prints requests a second as JSON.
An answer that is not 200, or has `"errors"` in it, ends the run: a fast refusal is no answer.
"""

import asyncio
import itertools
import json
import sys
import time
from collections.abc import Iterator

import uvloop

WARM_UP = 0.5  # seconds


class Asking(asyncio.Protocol):
    """One connection."""

    def __init__(self, requests: Iterator[bytes], over: "asyncio.Future[None]") -> None:
        self.answered: list[float] = []  # when
        self._requests = requests
        self._over = over
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        lower = head.lower()
        at = lower.find(b"content-length:")
        if at < 0:
            self._fail(head)
            return
        length = int(lower[at + 15 :].partition(b"\r\n")[0])
        if len(body) < length:
            return
        if b" 200 " not in head[:16] or b'"errors"' in body:
            self._fail(head + body)
            return
        self.answered.append(time.perf_counter())
        self._buffer = b""
        if not self._over.done():
            self._ask()

    def connection_lost(self, error: Exception | None) -> None:
        self._fail(f"the connection was lost: {error}".encode())

    def _ask(self) -> None:
        self._transport.write(next(self._requests))

    def _fail(self, what: bytes) -> None:
        if not self._over.done():
            self._over.set_exception(RuntimeError(what.decode(errors="replace")[:2000]))


async def main(address: str, seconds: float, connections: int, bodies: list[bytes]) -> None:
    """Load the server and print what came of it."""
    host, _, port = address.partition(":")
    head = f"POST /graphql HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: "
    requests = itertools.cycle([head.encode() + str(len(body)).encode() + b"\r\n\r\n" + body for body in bodies])
    loop, asking = asyncio.get_running_loop(), []
    over: asyncio.Future[None] = loop.create_future()
    for _ in range(connections):
        _, one = await loop.create_connection(lambda: Asking(requests, over), host, int(port))
        asking.append(one)
    begun = time.perf_counter()
    done, _ = await asyncio.wait([over], timeout=seconds + WARM_UP)
    ended = time.perf_counter()
    if done:
        over.result()
    over.cancel()
    counted = sum(begun + WARM_UP <= at <= ended for one in asking for at in one.answered)
    print(json.dumps({"rate": counted / (ended - begun - WARM_UP)}))


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), sys.stdin.buffer.read().splitlines()))
