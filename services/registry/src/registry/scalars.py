"""Scalars of the public schema, read strictly and written in one form each."""

import base64
import binascii
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, NewType

import strawberry
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

from goodstanding.canonical import format_time

JWT = NewType("JWT", str)
Base64 = NewType("Base64", bytes)

MAX_TEXT = 20_000  # characters of one Base64 value
_FIRST_YEAR, _LAST_YEAR = 1900, 2200
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def _read_time(value: Any) -> datetime:
    """RFC 3339 with an offset, cut to milliseconds."""
    text = value.upper() if isinstance(value, str) else ""
    if _DATE_TIME.fullmatch(text):
        whole, _, fraction = re.sub(r"(Z|[+-]\d\d:\d\d)$", "", text).partition(".")
        offset = text[len(whole) + (len(fraction) + 1 if fraction else 0) :]
        try:
            moment = datetime.fromisoformat(f"{whole}.{fraction[:3]:0<3}{offset}")
        except ValueError:
            moment = None
        if moment is not None and _FIRST_YEAR <= moment.year < _LAST_YEAR:
            return moment.astimezone(UTC)
    raise GraphQLError("DateTime is not a time with an offset such as 2026-05-04T09:00:00Z.")


def _read_date(value: Any) -> date:
    if isinstance(value, str) and _DATE.fullmatch(value):
        try:
            day = date.fromisoformat(value)
        except ValueError:
            day = None
        if day is not None and _FIRST_YEAR <= day.year < _LAST_YEAR:
            return day
    raise GraphQLError("Date is not a day such as 2026-05-04.")


def _read_base64(value: Any) -> bytes:
    """Standard base64 with padding (RFC 4648 section 4), in its one canonical spelling."""
    if isinstance(value, str) and len(value) <= MAX_TEXT:
        try:
            data = base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            data = None
        if data is not None and base64.b64encode(data).decode() == value:
            return data
    raise GraphQLError("Base64 is not standard base64 with padding.")


def _read_jwt(_: Any) -> str:
    raise GraphQLError("JWT is never an input.")


def _scalar(name: str, description: str, write: Callable[[Any], str], read: Callable[[Any], Any]) -> ScalarDefinition:
    return strawberry.scalar(name=name, description=description, serialize=write, parse_value=read)


SCALARS: dict[object, ScalarDefinition] = {
    datetime: _scalar(
        "DateTime", "An instant, RFC 3339 with an offset; written in UTC with milliseconds.", format_time, _read_time
    ),
    date: _scalar("Date", "A calendar day, YYYY-MM-DD.", date.isoformat, _read_date),
    JWT: _scalar("JWT", "A signed token in compact serialisation.", str, _read_jwt),
    Base64: _scalar(
        "Base64",
        "Bytes in standard base64 with padding (RFC 4648 section 4).",
        lambda value: base64.b64encode(value).decode(),
        _read_base64,
    ),
}
