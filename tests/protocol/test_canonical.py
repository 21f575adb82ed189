"""Canonical JSON is RFC 8785 without floats, and reading it is as strict as writing it."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodstanding.canonical import b64u, canonical_bytes, format_time, parse_json, parse_time, unb64u
from goodstanding.errors import EventError

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


def test_members_sort_by_utf16_code_units() -> None:
    # U+1F600 is D83D DE00 in UTF-16 and sorts before U+FB33, though its code point is the greater.
    assert canonical_bytes({"\ufb33": 1, "\U0001f600": 2, "a": 3}) == '{"a":3,"\U0001f600":2,"\ufb33":1}'.encode()


def test_control_characters_are_escaped_as_rfc_8785_prints_them() -> None:
    assert canonical_bytes("\u20ac$\u000f\nA'B\"\\/") == '"\u20ac$\\u000f\\nA\'B\\"\\\\/"'.encode()


@given(values)
def test_what_is_written_reads_back_and_writes_the_same_bytes(value: object) -> None:
    try:
        data = canonical_bytes(value)
    except EventError:
        return
    assert canonical_bytes(parse_json(data, max_bytes=len(data))) == data


@pytest.mark.parametrize("value", [1.0, float("nan"), 2**53, {1: 2}, {"a": b"x"}, "\ud800", object()])
def test_what_has_no_single_spelling_is_refused_on_writing(value: object) -> None:
    with pytest.raises(EventError):
        canonical_bytes(value)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b'{"a":1,"a":2}', "twice"),
        (b'{"a":1.5}', "not an integer"),
        (b"[NaN]", "not an integer"),
        (b"[Infinity]", "not an integer"),
        (b'"\xff"', "not UTF-8 at byte 1"),
        (b"[1,]", "not JSON"),
        (b"[" * 40 + b"]" * 40, "nested deeper"),
        (b"[" * 100_000, "nested deeper"),
        (b"1" * 5000, "too long"),
        (b'{"long":"' + b"x" * 10_000 + b'"}', "at most"),
    ],
)
def test_reading_refuses(data: bytes, says: str) -> None:
    with pytest.raises(EventError, match=says):
        parse_json(data, max_bytes=9_000 if b"long" in data else 1_000_000)


def test_a_text_that_never_ends_costs_one_pass() -> None:
    """A pattern that starts over at every escaped quote would take minutes here; the suite's own limit is the bound."""
    with pytest.raises(EventError, match="not JSON"):
        parse_json(b"[]" * 40 + b'"' + b'\\"' * 250_000, max_bytes=1_000_000)


def test_brackets_inside_text_do_not_nest() -> None:
    assert parse_json(b'["' + b"[{" * 500 + b'"]', max_bytes=10_000) == ["[{" * 500]


@given(st.datetimes(min_value=datetime(1000, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001  (Hypothesis wants naive bounds)
def test_a_time_has_one_spelling(moment: datetime) -> None:
    text = format_time(moment)
    assert len(text) == 24
    assert format_time(parse_time(text)) == text
    assert timedelta(0) <= moment - parse_time(text) < timedelta(milliseconds=1)


def test_a_time_elsewhere_is_written_in_utc() -> None:
    assert format_time(datetime(2026, 1, 1, 5, 45, tzinfo=timezone(timedelta(hours=5, minutes=45)))) == (
        "2026-01-01T00:00:00.000Z"
    )


@pytest.mark.parametrize(
    "text",
    ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00.000+00:00", "2026-02-30T00:00:00.000Z", "2026-01-01 00:00:00.000Z",
     "2026-01-01T00:00:00.000z", "２026-01-01T00:00:00.000Z", "", 5, None],
)  # fmt: skip
def test_other_spellings_of_a_time_are_refused(text: object) -> None:
    with pytest.raises(EventError):
        parse_time(text)  # type: ignore[arg-type]  # that is the point


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(EventError):
        format_time(datetime(2026, 1, 1))  # noqa: DTZ001  (that is the point)


@given(st.binary(max_size=70))
def test_base64url_reads_back(data: bytes) -> None:
    assert unb64u(b64u(data)) == data


@pytest.mark.parametrize("text", ["QQ==", "QR", "Q", "+/", "Q Q", "Qé"])
def test_other_spellings_of_base64url_are_refused(text: str) -> None:
    with pytest.raises(EventError):
        unb64u(text)
