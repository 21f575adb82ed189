"""Tracing: what belongs together in three services carries one id (W3C Trace Context), whether or not spans are kept.

Spans leave the process only when a collector is named (OTLP over HTTP). They carry routes and outcomes, and neither
numbers, names nor the words of errors.
"""

from collections.abc import Iterable
from contextlib import AbstractContextManager

import httpx
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON
from opentelemetry.trace import Span, SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_CONTEXT = TraceContextTextMapPropagator()


class Tracing:
    """The spans of one process; `collector` is an address such as http://collector:4318, or empty."""

    def __init__(self, service: str, collector: str = "") -> None:
        self._provider = TracerProvider(
            sampler=ALWAYS_ON if collector else ALWAYS_OFF,
            resource=Resource.create({"service.name": service}),
            shutdown_on_exit=False,
        )
        if collector:
            exporter = OTLPSpanExporter(endpoint=f"{collector.rstrip('/')}/v1/traces")
            self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer(service)

    def request(self, name: str, headers: Iterable[tuple[bytes, bytes]]) -> AbstractContextManager[Span]:
        """A request (ASGI headers) that may belong to a trace begun elsewhere."""
        carried = {key.decode("latin-1"): value.decode("latin-1") for key, value in headers if key == b"traceparent"}
        return self._tracer.start_as_current_span(
            name, _CONTEXT.extract(carried), SpanKind.SERVER, record_exception=False, set_status_on_exception=False
        )

    def close(self) -> None:
        """Send what is still held; may take seconds when the collector is away."""
        self._provider.shutdown()


async def carry(request: httpx.Request) -> None:
    """Event hook of an HTTP client: the next service learns which trace its work belongs to."""
    _CONTEXT.inject(request.headers)
