"""Canonical JSON (RFC 8785), strict reading of it, and the two text forms used inside it.

Rules
1. Only objects, arrays, strings, integers, booleans and null: a float is refused, so that there is one
   way to write every value.
2. Reading refuses what writing would not produce twice: duplicate names, NaN, lone surrogates, bad UTF-8.
3. A time is ``YYYY-MM-DDTHH:MM:SS.mmmZ`` and nothing else.
4. Binary is base64url without padding, and only its canonical spelling.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NoReturn

from goodstanding.errors import DuplicateName, EventError

MAX_DEPTH = 32
MAX_INTEGER = 2**53 - 1  # RFC 8785 section 3.2.2.3: beyond this, other readers would round

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)
# Possessive, and content with a text that never ends: one pass, whatever a stranger sends.
_TEXT_IN_JSON = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
_BRACKETS = re.compile(rb"[\[\]{}]")
_TO_BASE64 = bytes.maketrans(b"-_", b"+/")
_TO_BASE64URL = bytes.maketrans(b"+/", b"-_")
# Built once, like the decoders below: json's functions make a new one per call, a third of the cost of a small body.
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)
# What was read from JSON holds nothing that holds itself; not looking for it saves a tenth.
_SORTING_ENCODER = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), allow_nan=False, sort_keys=True, check_circular=False
)


def canonical_bytes(value: Any) -> bytes:
    """Return the RFC 8785 bytes of a JSON value; EventError when it holds anything rule 1 does not name."""
    try:
        return _ENCODER.encode(_ordered(value, 0)).encode("utf-8")
    except UnicodeEncodeError as error:
        raise EventError("text holds a lone surrogate, which UTF-8 cannot carry; remove it") from error


def written_plainly(value: Any) -> bytes:
    """The same bytes as `canonical_bytes` several times faster, for a value whose shape was checked before.

    Only for dicts with ASCII names, lists, texts, booleans and integers within 2^53-1. EventError for a lone surrogate.
    """
    try:
        return _SORTING_ENCODER.encode(value).encode("utf-8")
    except UnicodeEncodeError as error:
        raise EventError("text holds a lone surrogate, which UTF-8 cannot carry; remove it") from error


def _ordered(value: Any, depth: int) -> Any:
    if isinstance(value, str) or value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        if abs(value) > MAX_INTEGER:
            raise EventError(f"integer {value} is beyond 2^53-1, which JSON readers would round")
        return value
    if depth >= MAX_DEPTH:
        raise EventError(f"nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, Mapping):
        return {name: _ordered(value[name], depth + 1) for name in _names(value)}
    if isinstance(value, (list, tuple)):
        return [_ordered(item, depth + 1) for item in value]
    raise EventError(f"{type(value).__name__} has no canonical JSON form")


def _names(value: Mapping[Any, Any]) -> list[str]:
    """RFC 8785 section 3.2.3: names sort by UTF-16 code units; for ASCII that is the plain order."""
    plain = all(isinstance(name, str) and name.isascii() for name in value)
    return sorted(value, key=None if plain else _utf16)


def _utf16(name: Any) -> Any:
    if not isinstance(name, str):
        raise EventError(f"object name {name!r} is not text")
    return name.encode("utf-16-be", "surrogatepass")


def parse_json(data: bytes, *, max_bytes: int, unique: bool = True) -> Any:
    """Read JSON strictly (rules 1 and 2); at most ``max_bytes`` bytes. EventError says what is wrong.

    ``unique=False`` is for a caller who compares ``data`` with the canonical bytes of what was read: it lets a name
    that is given twice pass, which is missing there, and no white space around the value.
    """
    if len(data) > max_bytes:
        raise EventError(f"{len(data)} bytes of JSON where at most {max_bytes} are accepted")
    if data.count(b"[") + data.count(b"{") > MAX_DEPTH:
        _refuse_depth(data)
    try:
        return _DECODER.decode(data.decode("utf-8")) if unique else _whole(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise EventError(f"not UTF-8 at byte {error.start}") from error
    except (json.JSONDecodeError, RecursionError) as error:
        raise EventError(f"not JSON: {error}") from error
    except ValueError as error:  # CPython refuses integers of thousands of digits
        raise EventError(f"a number too long to read: {error}") from error


def _whole(text: str) -> Any:
    """Read JSON that nothing stands around, not even white space."""
    value, end = _LAX_DECODER.raw_decode(text)
    if end != len(text):
        raise EventError(f"not JSON: something stands behind it, at character {end}")
    return value


def _refuse_depth(data: bytes) -> None:
    """Bound nesting before the recursive parser sees it; brackets inside strings do not nest."""
    depth = 0
    for bracket in _BRACKETS.findall(_TEXT_IN_JSON.sub(b"", data)):
        depth += 1 if bracket in b"[{" else -1
        if depth > MAX_DEPTH:
            raise EventError(f"nested deeper than {MAX_DEPTH} levels")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise DuplicateName(f"the name {twice!r} stands twice in one object")
    return value


def _refuse_float(text: str) -> NoReturn:
    raise EventError(f"{text} is not an integer; canonical JSON here has no other numbers")


_LAX_DECODER = json.JSONDecoder(parse_float=_refuse_float, parse_constant=_refuse_float)
_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_float=_refuse_float, parse_constant=_refuse_float)


def format_time(moment: datetime) -> str:
    """Write an aware time as ``YYYY-MM-DDTHH:MM:SS.mmmZ`` (rule 3), truncated to milliseconds."""
    if moment.tzinfo is None:
        raise EventError("a time without a zone cannot be written; pass an aware datetime")
    utc = moment.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z".rjust(24, "0")


def parse_time(text: str) -> datetime:
    """Read the one time form (rule 3) into an aware UTC datetime."""
    if not isinstance(text, str):
        raise EventError(f"{text!r} is not a time of the form YYYY-MM-DDTHH:MM:SS.mmmZ")
    return _parse_time(text)


@lru_cache(maxsize=4096)
def _parse_time(text: str) -> datetime:
    """Cached: the times of one decision, and of decisions taken together, are mostly the same."""
    if not _TIME.fullmatch(text):
        raise EventError(f"{text!r} is not a time of the form YYYY-MM-DDTHH:MM:SS.mmmZ")
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise EventError(f"{text!r} is not a time: {error}") from error


def b64u(data: bytes) -> str:
    """base64url without padding (RFC 7515 section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def unb64u(text: str) -> bytes:
    """Read base64url without padding; padding, other alphabets and loose trailing bits are refused."""
    if not isinstance(text, str) or not text.isascii():
        raise EventError("not base64url without padding")
    return unb64u_ascii(text.encode("ascii"))


def unb64u_ascii(text: bytes) -> bytes:
    """`unb64u` for text that is still bytes: one spelling is right, the one that is written again."""
    try:
        data = unb64u_checked(text)
    except binascii.Error as error:
        raise EventError(f"not base64url without padding: {error}") from error
    if binascii.b2a_base64(data, newline=False).translate(_TO_BASE64URL).rstrip(b"=") != text:
        raise EventError("not base64url without padding, or with bits set beyond the last byte")
    return data


def unb64u_checked(text: bytes) -> bytes:
    """Decode base64url whose spelling was checked before; `binascii.Error` where even its length is wrong."""
    return binascii.a2b_base64(text.translate(_TO_BASE64) + b"==="[: -len(text) % 4])
