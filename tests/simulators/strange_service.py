"""A service that is not the S3 service it should be: to everything it gives the one answer it was told to give."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def strange_service(strange: Strange) -> Iterator[Strange]:
    """Let it answer on a free port of this machine for as long as the block lasts."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            strange.asked.append(f"{self.command} {self.path}")
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            time.sleep(strange.seconds)
            self.send_response(strange.status)
            self.send_header("Content-Type", strange.media_type)
            self.send_header("Content-Length", str(len(strange.body)))
            self.end_headers()
            self.wfile.write(strange.body)

        do_GET = do_PUT = do_POST = do_DELETE = answer  # noqa: N815 - the names the library looks for

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """Whoever asked has lost patience."""

    with Server(("127.0.0.1", 0), Handler) as server:
        strange.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield strange
        finally:
            server.shutdown()
            thread.join()
