"""A register's files over HTTP on this machine, as a gateway serves them, and counted; told to, it misbehaves."""

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from register_simulator import NOW, Register, decision


@dataclass
class Served:
    """What is served: path -> bytes, or a function of the handler that answers itself."""

    register: Register
    files: dict = field(default_factory=dict)
    asked: list = field(default_factory=list)  # (path, status)
    max_age: int = 60

    @property
    def origin(self):
        return self.register.home

    def publish(self, entry, at=NOW):
        """Serve what the register now says about an entry."""
        number = entry.body["number"]
        self.files[f"/records/{number}"] = self.register.record(entry).encode()
        self.files[f"/records/{number}.tlog-proof"] = self.register.log.proof(entry.index, at).encode()
        self.list(at)

    def list(self, at=NOW):
        """Serve the status list as it is now."""
        self.files["/status-lists/1"] = self.register.status_list(at).encode()

    def decide(self, **changes):
        """Decide, log and publish; the status list is this register's."""
        uri = {"uri": f"{self.origin}/status-lists/1", "idx": 7}
        entry = self.register.record_entry(decision(**({"status": uri} | changes)))
        self.publish(entry)
        return entry

    def counted(self, path):
        """The statuses that a path was answered with."""
        return [status for asked, status in self.asked if asked == path]


def _handler(served):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self):
            found = served.files.get(self.path)
            if callable(found):
                found(self)
            elif found is None:
                self.answer(404, json.dumps({"code": "UNKNOWN_NUMBER"}).encode())
            else:
                self.file(found)

        def file(self, content):
            etag = f'"{sha256(content).hexdigest()}"'
            headers = {"ETag": etag, "Cache-Control": f"public, max-age={served.max_age}"}
            same = self.headers.get("If-None-Match") == etag
            self.answer(304 if same else 200, b"" if same else content, headers)

        def answer(self, status, content=b"", headers=()):
            served.asked.append((self.path, status))
            self.send_response(status)
            for name, value in dict(headers).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    return Handler


@contextmanager
def serving():
    """A register of its own at a free port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        served = Served(Register(home=f"http://127.0.0.1:{server.server_port}"))
        server.RequestHandlerClass = _handler(served)
        server.daemon_threads = True
        server.handle_error = lambda *_: None  # a client that hangs up is part of the play
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield served
        finally:
            server.shutdown()
            thread.join()
