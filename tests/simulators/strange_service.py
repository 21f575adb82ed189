"""Services that are not the S3 service they should be: one that gives a single answer, one that heeds no condition."""

import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PAGE = b"<!DOCTYPE html><html><body>We are back soon</body></html>"


@dataclass
class Strange:
    """What it answers, after how many seconds; `asked` is what it was asked."""

    status: int = 200
    body: bytes = PAGE
    media_type: str = "text/html; charset=utf-8"
    seconds: float = 0.0
    port: int = 0

    def __post_init__(self) -> None:
        self.asked: list[str] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def strange_service(strange: Strange) -> AbstractContextManager[Strange]:
    """Let it answer on a free port of this machine for as long as the block lasts."""

    class Handler(Quiet):
        def answer(self) -> None:
            strange.asked.append(f"{self.command} {self.path}")
            self.body()
            time.sleep(strange.seconds)
            self.say(strange.status, strange.body, {"Content-Type": strange.media_type})

        do_GET = do_PUT = do_POST = do_DELETE = answer  # noqa: N815 - the names the library looks for

    return _listening(Handler, strange)


def careless_service() -> AbstractContextManager[Strange]:
    """A service that keeps objects, and takes no notice of any condition."""
    objects: dict[str, bytes] = {}

    class Handler(Quiet):
        def do_GET(self) -> None:
            if (found := objects.get(self.path)) is None:
                self.say(404, b"<Error><Code>NoSuchKey</Code></Error>", {"Content-Type": "application/xml"})
            else:
                self.say(200, found, {"ETag": '"always"'})

        def do_PUT(self) -> None:
            objects[self.path] = self.body()
            self.say(200, b"", {"ETag": '"always"'})

    return _listening(Handler, Strange())


class Quiet(BaseHTTPRequestHandler):
    """Says what it is told to say, and nothing to the console."""

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def say(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def _listening(handler: type[BaseHTTPRequestHandler], strange: Strange) -> Iterator[Strange]:
    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """Whoever asked has lost patience."""

    with Server(("127.0.0.1", 0), handler) as server:
        strange.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield strange
        finally:
            server.shutdown()
            thread.join()
