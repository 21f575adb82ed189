"""Logs: one JSON object a line on standard error. Never a token, never a name, never whom somebody asked about.

What a library logs keeps its template and loses its arguments; an exception keeps its kind and its place and loses its
words: either may quote somebody's data. Lines written within a request or a batch carry its trace id.
"""

import logging
import sys
import traceback
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import structlog
from opentelemetry import trace

from goodstanding.lossy_lines import lossy_lines


def log_as_json(level: str) -> None:
    """Set the process up: our own lines from `level` on, warnings and errors of libraries in the same form."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(level),
        processors=[
            _traced,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=structlog.PrintLoggerFactory(lossy_lines(sys.stderr)),
    )
    logging.basicConfig(level=logging.WARNING, handlers=[_Libraries()], force=True)


def _traced(_: Any, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    line["service"] = "gateway"
    if (context := trace.get_current_span().get_span_context()).is_valid:
        line["trace_id"] = f"{context.trace_id:032x}"
    return line


class _Libraries(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        """Pass a library's line on, without what could be somebody's data."""
        more: dict[str, Any] = {"logger": record.name}
        if record.exc_info and record.exc_info[0]:
            frames = traceback.extract_tb(record.exc_info[2])[-5:]
            more["error"] = record.exc_info[0].__name__
            more["where"] = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
        said = str(record.msg).partition("\n")[0][:300]
        structlog.get_logger().log(record.levelno, said, **more)
