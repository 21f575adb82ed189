"""Values as clients send them, checked before anything is made of them. Each failure names the client's own field."""

from collections.abc import Callable
from typing import Any

from goodstanding import bodies
from goodstanding.errors import EventError, NumberError
from goodstanding.number import check_number
from registry.errors import Invalid

Check = Callable[[str, Any], None]


def member(field: str, check: Check, value: Any) -> None:
    """Apply the check an event body will make of this value; Invalid in the words of that check."""
    try:
        check(field, value)
    except EventError as error:
        raise Invalid(f"{error}.", field=field) from error


def number(text: str, field: str = "number") -> str:
    """An accreditation number as it is officially written; Invalid with code BAD_NUMBER."""
    try:
        return check_number(text)
    except NumberError as error:
        raise Invalid(f"{error}.", field=field, code=error.reason) from error


def country(text: str, field: str) -> str:
    """A country code such as NP or GB-SCT, in capitals."""
    code = text.strip().upper()
    member(field, bodies.country, code)
    return code


def at_most(field: str, items: object, most: int) -> None:
    """Bound a list the client sent."""
    if isinstance(items, list | tuple) and len(items) > most:
        raise Invalid(f"{field} has {len(items)} items; at most {most} are accepted.", field=field)
