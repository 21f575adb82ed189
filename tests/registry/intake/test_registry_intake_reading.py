"""The strict reader: what it accepts, and every way in which it refuses a whole file."""

import csv
import gzip
import hashlib
import io
from typing import BinaryIO, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.intake import reading
from registry.intake.errors import FileRefused
from registry.intake.reading import ListReader

COLUMNS = ("name", "town")
GOOD = b'name,town\r\n"Acme, Ltd",Leeds\r\nBolt,"York"\r\n'
ROWS = [(1, ["Acme, Ltd", "Leeds"]), (2, ["Bolt", "York"])]


def read(data: bytes) -> list[tuple[int, list[str]]]:
    return list(ListReader(io.BytesIO(data), COLUMNS))


def refusal(data: bytes) -> FileRefused:
    with pytest.raises(FileRefused) as caught:
        read(data)
    return caught.value


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(GOOD, id="CRLF"),
        pytest.param(GOOD.replace(b"\r\n", b"\n"), id="LF"),
        pytest.param(b"\xef\xbb\xbf" + GOOD, id="byte order mark"),
        pytest.param(GOOD.removesuffix(b"\r\n"), id="closing quote at the end"),
        pytest.param(gzip.compress(GOOD), id="gzip"),
        pytest.param(gzip.compress(b"\xef\xbb\xbf" + GOOD), id="byte order mark inside gzip"),
        pytest.param(gzip.compress(GOOD[:20]) + gzip.compress(GOOD[20:]), id="gzip of two members"),
        pytest.param(GOOD.replace(b"name,town", b" name ,town"), id="blanks around a column's name"),
    ],
)
def test_a_whole_file_is_read(data: bytes) -> None:
    assert read(data) == ROWS


def test_a_quoted_field_may_run_over_lines_and_double_its_quotes() -> None:
    assert read(b'name,town\n"Acme\nLtd","say ""Leeds"""\n') == [(1, ["Acme\nLtd", 'say "Leeds"'])]


def test_the_hash_covers_the_upload_as_it_came() -> None:
    packed = gzip.compress(GOOD)
    reader = ListReader(io.BytesIO(packed), COLUMNS)
    assert len(list(reader)) == 2
    assert reader.digest == hashlib.sha256(packed).digest()
    assert reader.uploaded == len(packed)


PACKED = gzip.compress(GOOD)


@pytest.mark.parametrize(
    ("data", "code", "row", "says"),
    [
        pytest.param(b"", "EMPTY", 0, "the file is empty", id="empty"),
        pytest.param(gzip.compress(b""), "EMPTY", 0, "the file is empty", id="empty gzip"),
        pytest.param(b"\xef\xbb\xbf", "WRONG_COLUMNS", 0, "needs", id="only a byte order mark"),
        pytest.param(b"name,town\n", "EMPTY", 1, "only a header", id="only a header"),
        pytest.param(b"name;town\nA;B\n", "WRONG_COLUMNS", 0, 'reads "name;town"', id="other separator"),
        pytest.param(b"town,name\nB,A\n", "WRONG_COLUMNS", 0, "in this order", id="columns in another order"),
        pytest.param(b"name,town,county\nA,B,C\n", "WRONG_COLUMNS", 0, "county", id="a column too many"),
        pytest.param(b"name,town\nA,B\nC\nD,E\n", "WRONG_COLUMNS", 2, "1 fields where 2", id="a field missing"),
        pytest.param(b"name,town\nA,B,C\n", "WRONG_COLUMNS", 1, "3 fields where 2", id="a field too many"),
        pytest.param(b"name,town\nA,B\n\nC,D\n", "WRONG_COLUMNS", 2, "0 fields where 2", id="an empty line"),
        pytest.param(b"name,town\nA,B\nC", "TRUNCATED", 2, "cut off", id="cut inside a row"),
        pytest.param(b"name,town\nA,B\nC,Yor", "TRUNCATED", 2, "does not end its line", id="cut inside the last field"),
        pytest.param(b'name,town\nA,B\nC,"Yor', "TRUNCATED", 2, "never closes", id="cut inside a quote"),
        pytest.param(b'name,town\nA,"B\nC,D\nE,F\n', "TRUNCATED", 1, "never closes", id="a quote never closed"),
        pytest.param(b'name,town\nA,B\n"C"x,D\n', "BAD_QUOTES", 2, "repair its quotes", id="text after a quote"),
        pytest.param(b"name,town\nA,B\rC,D\n", "BAD_QUOTES", 1, "repair its quotes", id="bare carriage return"),
        pytest.param(b"name,town\nA,B\nC\0,D\n", "NUL_BYTE", 2, "byte 15", id="NUL byte"),
        pytest.param(b"name,town\nA,B\nCaf\xe9,D\n", "NOT_UTF8", 2, "byte 17", id="Latin-1"),
        pytest.param(b"name,town\nA,\xc3\n", "NOT_UTF8", 1, "save the list as UTF-8", id="half a character"),
        pytest.param(b"name,town\nA,\xed\xa0\x80\n", "NOT_UTF8", 1, "not UTF-8", id="a surrogate"),
        pytest.param("name,town\nA,B\n".encode("utf-16"), "NOT_UTF8", 0, "UTF-16", id="UTF-16"),
        pytest.param(b"name,town\n" + b"x" * 70_000 + b",B\n", "LINE_TOO_LONG", 1, "65536 bytes", id="long line"),
        pytest.param(b'name,town\n"' + b"x\n" * 40_000, "LINE_TOO_LONG", 1, "close its quote", id="long record"),
        pytest.param(PACKED[:-12], "TRUNCATED", 2, "packed file was cut off", id="gzip cut"),
        pytest.param(PACKED[:-4] + b"\0\0\0\0", "GZIP_DAMAGED", 3, "damaged", id="gzip with a wrong length"),
        pytest.param(PACKED + b"more", "GZIP_DAMAGED", 3, "damaged", id="gzip with something after it"),
        pytest.param(b"\x1f\x8b\x07garbage of some length", "GZIP_DAMAGED", 0, "damaged", id="no gzip after all"),
        pytest.param(b"PK\x03\x04\x14\x00\x00\x00", "NUL_BYTE", 0, "plain text", id="a spreadsheet"),
    ],
)
def test_a_faulty_file_is_refused_with_place_and_advice(data: bytes, code: str, row: int, says: str) -> None:
    error = refusal(data)
    assert (error.code, error.row) == (code, row)
    assert says in error.message
    assert error.message.startswith("The file was not staged: " + (f"Row {row}" if row else "The header"))


class Counting(io.RawIOBase):
    """Endless bytes, counted."""

    def __init__(self, start: bytes, forever: bytes) -> None:
        self._start, self._forever, self.count = start, forever, 0

    def read(self, size: int = -1) -> bytes:
        data, self._start = self._start[:size], self._start[size:]
        data = data or (self._forever * (size // len(self._forever) + 1))[:size]
        self.count += len(data)
        return data


def test_a_line_of_ten_megabytes_is_refused_after_a_fraction_of_it() -> None:
    stream = Counting(b"name,town\n", b"x")
    with pytest.raises(FileRefused) as caught:
        list(ListReader(cast("BinaryIO", stream), COLUMNS))
    assert caught.value.code == "LINE_TOO_LONG"
    assert stream.count < 300_000


def test_an_endless_upload_ends_at_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_UPLOAD", 200_000)
    with pytest.raises(FileRefused) as caught:
        list(ListReader(cast("BinaryIO", Counting(b"name,town\n", b"A,B\n")), COLUMNS))
    assert caught.value.code == "TOO_LARGE"


def test_a_gzip_bomb_ends_at_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_UNPACKED", 300_000)
    bomb = gzip.compress(b"name,town\n" + b"A,B\n" * 1_000_000)
    assert len(bomb) < 10_000
    error = refusal(bomb)
    assert error.code == "TOO_LARGE"
    assert "split the list" in error.message


def test_a_list_has_a_bound_of_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_ROWS", 3)
    assert len(read(b"name,town\n" + b"A,B\n" * 3)) == 3
    assert refusal(b"name,town\n" + b"A,B\n" * 4).code == "TOO_MANY_ROWS"


def test_a_message_does_not_repeat_a_strangers_whole_header() -> None:
    error = refusal(b",".join(b"column" * 20 for _ in range(400)) + b"\n")
    assert len(error.message) < 700


FIELD = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0\r"), max_size=20)


@given(st.lists(st.tuples(FIELD, FIELD), min_size=1, max_size=20), st.booleans())
def test_whatever_a_csv_writer_writes_is_read_back(rows: list[tuple[str, str]], packed: bool) -> None:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([COLUMNS, *rows])
    data = text.getvalue().encode()
    assert read(gzip.compress(data) if packed else data) == [(n, list(row)) for n, row in enumerate(rows, 1)]


@given(st.integers(min_value=0, max_value=len(GOOD) - 1))
def test_a_file_cut_anywhere_but_after_a_whole_row_is_refused(size: int) -> None:
    cut = GOOD[:size]
    if cut.endswith((b"Leeds\r", b"Leeds\r\n", b'"York"', b'"York"\r')):
        assert read(cut) == ROWS[: cut.count(b"Leeds") + cut.count(b"York")]
    else:
        refusal(cut)
