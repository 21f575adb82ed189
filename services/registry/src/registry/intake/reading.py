"""Read an uploaded list once, strictly and in bounded memory.

Rules: each broken one refuses the whole file, names the place, and says what to do
1. UTF-8 throughout, with or without a byte order mark; no NUL byte.
2. A line, and a record that runs over several lines, is at most 64 KB; a file at most 64 MB, 256 MB unpacked.
3. The header holds exactly the layout's columns in their order; every row has as many fields.
4. Quotes close; the file ends with a line end or a closing quote, or else it was cut off.
5. gzip is known by its first bytes, not by its name; a cut or damaged one is refused.
6. At least one row, at most 250,000.

The file's hash covers the bytes as uploaded, packed or not.
"""

import csv
import gzip
import hashlib
import io
import zlib
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

from registry.intake.errors import FileRefused

MAX_LINE = 64 * 1024
MAX_UPLOAD = 64 * 1024 * 1024
MAX_UNPACKED = 256 * 1024 * 1024
MAX_ROWS = 250_000

_GZIP = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_LINE_ENDS = (b"\n", b"\r")

Row = tuple[int, list[str]]


class ListReader:
    """Iterate over (row number, fields); row 1 is the first under the header. FileRefused ends the reading."""

    def __init__(self, stream: BinaryIO, columns: Sequence[str]) -> None:
        self._upload = _Upload(stream)
        self._columns = list(columns)
        self._row = 0  # the row being read; 0 is the header
        self._record = 0  # bytes of it so far
        self._offset = 0  # bytes of the unpacked file before the line being read
        self._last = b""  # newest line

    @property
    def uploaded(self) -> int:
        """Bytes of the upload read so far."""
        return self._upload.count

    @property
    def digest(self) -> bytes:
        """SHA-256 of the upload; complete once every row was read."""
        return self._upload.hash.digest()

    def __iter__(self) -> Iterator[Row]:
        """Read all rows; FileRefused at the first fault."""
        records = csv.reader(self._text(), strict=True)
        try:
            self._check_header(next(records, None))
            self._next()
            for fields in records:
                self._check_fields(fields)
                yield self._row, fields
                self._next()
        except csv.Error as error:
            raise self._bad_csv(error) from error
        self._check_end()

    def _next(self) -> None:
        self._row += 1
        self._record = 0

    def _text(self) -> Iterator[str]:
        for line in self._lines():
            self._offset += len(self._last)
            self._last = line
            self._record += len(line)
            if self._record > MAX_LINE:
                raise self._refuse("LINE_TOO_LONG", f"is longer than {MAX_LINE} bytes; shorten it or close its quote")
            if b"\0" in line:
                raise self._refuse("NUL_BYTE", "holds a NUL byte; export the list as plain text", line.index(b"\0"))
            yield self._decode(line)

    def _decode(self, line: bytes) -> str:
        try:
            return line.removeprefix(_BOM).decode("utf-8") if self._offset == 0 else line.decode("utf-8")
        except UnicodeDecodeError as error:
            what = "holds a byte that is not UTF-8; save the list as UTF-8"
            raise self._refuse("NOT_UTF8", what, error.start) from error

    def _lines(self) -> Iterator[bytes]:
        """Lines with their ends, cut at one byte more than is allowed, so that no long one is ever held whole."""
        buffered = io.BufferedReader(self._upload, MAX_LINE)
        start = buffered.peek(2)[:2]
        if start in _UTF16:
            raise self._refuse("NOT_UTF8", "is UTF-16; save the list as UTF-8")
        packed = start == _GZIP
        source = gzip.GzipFile(fileobj=buffered, mode="rb") if packed else buffered
        while line := self._line(source):
            yield line

    def _line(self, source: BinaryIO | gzip.GzipFile) -> bytes:
        try:
            line = source.readline(MAX_LINE + 1)
        except EOFError as error:
            raise self._refuse("TRUNCATED", "is where the packed file was cut off; fetch it again") from error
        except (gzip.BadGzipFile, zlib.error) as error:
            raise self._refuse("GZIP_DAMAGED", "is where the packed file is damaged; fetch it again") from error
        if self._offset + len(self._last) + len(line) > MAX_UNPACKED:
            raise self._refuse("TOO_LARGE", f"is beyond {MAX_UNPACKED} unpacked bytes; split the list")
        return line

    def _check_header(self, fields: list[str] | None) -> None:
        if fields is None:
            raise self._refuse("EMPTY", "is missing: the file is empty; fetch it again")
        found = [" ".join(name.split()) for name in fields]
        if found != self._columns:
            raise self._refuse(
                "WRONG_COLUMNS",
                f"reads {_quoted(found)}; this layout needs {_quoted(self._columns)}, in this order. "
                "Choose the layout the file has, or export it again",
            )

    def _check_fields(self, fields: list[str]) -> None:
        if self._row > MAX_ROWS:
            raise self._refuse("TOO_MANY_ROWS", f"is one more than the {MAX_ROWS} rows of one list; split it")
        if len(fields) == len(self._columns):
            return
        counted = f"has {len(fields)} fields where {len(self._columns)} belong"
        if not self._last.endswith(_LINE_ENDS):
            raise self._refuse("TRUNCATED", f"{counted}: the file was cut off; fetch it again")
        raise self._refuse("WRONG_COLUMNS", f"{counted}; repair the row, or export the list again")

    def _check_end(self) -> None:
        if self._row == 1:
            raise self._refuse("EMPTY", "is missing: the file holds only a header; fetch it again")
        if not self._last.endswith((*_LINE_ENDS, b'"')):
            self._row -= 1
            raise self._refuse("TRUNCATED", "does not end its line: the file was cut off; fetch it again")

    def _bad_csv(self, error: csv.Error) -> FileRefused:
        if "end of data" in str(error):
            return self._refuse("TRUNCATED", "opens a quote that never closes: the file was cut off; fetch it again")
        return self._refuse("BAD_QUOTES", f"is not proper CSV ({error}); repair its quotes")

    def _refuse(self, code: str, what: str, within_line: int = 0) -> FileRefused:
        return FileRefused(code, what, row=self._row, byte=self._offset + within_line)


class _Upload(io.RawIOBase):
    """The upload as bytes arrive: counted, hashed, bounded."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__()
        self._stream = stream
        self.count = 0
        self.hash = hashlib.sha256()

    def readable(self) -> bool:
        """It can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer; FileRefused once the upload is too large."""
        data = self._stream.read(len(buffer))
        self.count += len(data)
        if self.count > MAX_UPLOAD:
            raise FileRefused("TOO_LARGE", f"is beyond {MAX_UPLOAD} bytes; split the list", row=0, byte=MAX_UPLOAD)
        self.hash.update(data)
        buffer[: len(data)] = data
        return len(data)


def _quoted(names: Sequence[str]) -> str:
    """Column names for a message, which a wrong file must not blow up."""
    shown = ", ".join(f'"{name[:40]}"' for name in names[:8])
    return f"{shown}, … ({len(names)} columns)" if len(names) > 8 else shown
