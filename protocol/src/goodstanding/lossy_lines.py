"""Lines for whoever reads along, on a stream that may fail: its disk may be full.

A line that cannot be written is lost. Whatever was being told of goes on: no request fails, and no task ends, because
nobody can read about it.
"""

from contextlib import suppress
from typing import TextIO, cast


def lossy_lines(stream: TextIO) -> TextIO:
    """The stream to print to instead of this one: it raises no OSError. Printing is all it can do."""
    return cast("TextIO", _LossyLines(stream))


class _LossyLines:
    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()
