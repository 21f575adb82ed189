"""A collector of spans (OTLP over HTTP), in a thread: what a process sends is what a test sees."""

import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True)
class Seen:
    """A span."""

    service: str
    name: str
    trace_id: str
    text: str  # all of it, for looking for what must not be there


class Collector:
    """Listens from `__init__` to `close`."""

    def __init__(self):
        self.spans = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.path == "/v1/traces":
                    collector.spans += _read(body)
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    @property
    def address(self):
        return f"http://127.0.0.1:{self._server.server_port}"

    def of(self, trace_id):
        """(service, name) of the spans of a trace."""
        return {(span.service, span.name) for span in self.spans if span.trace_id == trace_id}

    def close(self):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _read(body):
    for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
        names = {attribute.key: attribute.value.string_value for attribute in resource.resource.attributes}
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield Seen(names["service.name"], span.name, span.trace_id.hex(), str(span))
