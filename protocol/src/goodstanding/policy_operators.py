"""The seven operators of a metadata policy as tables: what each does, how two merge, which go together.

OpenID Federation 1.0, section 6.1.3.1. A function that cannot do its work raises ValueError with the reason in words.
A step takes the parameter's value, the operator's, and the mark of an absent parameter, which it may return.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

OPERATORS: Final = ("value", "add", "default", "one_of", "subset_of", "superset_of", "essential")
"""In the order of their application."""


def well_formed(operator: str, operand: Any) -> bool:
    """Whether an operator can have this value."""
    if operator == "essential":
        return isinstance(operand, bool)
    if operator in ("value", "default"):
        return operator == "value" or operand is not None
    return isinstance(operand, list) and (operator != "one_of" or bool(operand))


def _same(one: Any, other: Any) -> bool:
    """Equality of JSON values: true is not 1; the order in arrays of a policy says nothing."""
    if isinstance(one, list) and isinstance(other, list):
        return _within(one, other) and _within(other, one)
    return type(one) is type(other) and bool(one == other)


def _among(one: Any, many: list[Any]) -> bool:
    return any(_same(one, other) for other in many)


def _within(some: Any, many: Any) -> bool:
    """Whether each value of the first is one of the second."""
    return isinstance(some, list) and isinstance(many, list) and all(_among(one, many) for one in some)


def _union(one: list[Any], other: list[Any]) -> list[Any]:
    result: list[Any] = []
    for value in (*one, *other):
        if not _among(value, result):
            result.append(value)
    return result


def _intersection(one: list[Any], other: list[Any]) -> list[Any]:
    return [value for value in one if _among(value, other)]


def _equal(one: Any, other: Any) -> Any:
    if not _same(one, other):
        raise ValueError("one sets another value than the other")
    return one


def _some(one: list[Any], other: list[Any]) -> list[Any]:
    if not (left := _intersection(one, other)):
        raise ValueError("no value is allowed by both")
    return left


MERGES: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "value": _equal,
    "add": _union,
    "default": _equal,
    "one_of": _some,
    "subset_of": _intersection,
    "superset_of": _union,
    "essential": lambda one, other: one or other,
}
"""What the superior's and the subordinate's value make together."""

_Fits = Callable[[Any, Any], bool]
COMBINATIONS: Final[Mapping[tuple[str, str], _Fits]] = {
    ("value", "add"): lambda value, add: _within(add, value),
    ("value", "default"): lambda value, _: value is not None,
    ("value", "one_of"): _among,
    ("value", "subset_of"): _within,
    ("value", "superset_of"): lambda value, superset: _within(superset, value),
    ("value", "essential"): lambda value, essential: not (value is None and essential),
    ("add", "one_of"): lambda *_: False,
    ("add", "subset_of"): _within,
    ("one_of", "subset_of"): lambda *_: False,
    ("one_of", "superset_of"): lambda *_: False,
    ("subset_of", "superset_of"): lambda subset, superset: _within(superset, subset),
}
"""Which values two operators may have together; pairs that are not here always may."""


def _value(_: Any, operand: Any, absent: Any) -> Any:
    return absent if operand is None else operand


def _add(value: Any, operand: list[Any], absent: Any) -> Any:
    return operand if value is absent else _union(_array(value), operand)


def _default(value: Any, operand: Any, absent: Any) -> Any:
    return operand if value is absent else value


def _one_of(value: Any, operand: list[Any], absent: Any) -> Any:
    if value is not absent and not _among(value, operand):
        raise ValueError("its value is none of those allowed")
    return value


def _subset_of(value: Any, operand: list[Any], absent: Any) -> Any:
    return value if value is absent else _intersection(_array(value), operand)


def _superset_of(value: Any, operand: list[Any], absent: Any) -> Any:
    if value is not absent and not _within(operand, _array(value)):
        raise ValueError("it lacks values that are demanded")
    return value


def _essential(value: Any, operand: bool, absent: Any) -> Any:
    if operand and value is absent:
        raise ValueError("it is demanded and absent")
    return value


def _array(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError("it is not an array")  # noqa: TRY004 - the metadata is at fault, not the program
    return value


STEPS: Final[Mapping[str, Callable[[Any, Any, Any], Any]]] = {
    "value": _value, "add": _add, "default": _default, "one_of": _one_of, "subset_of": _subset_of,
    "superset_of": _superset_of, "essential": _essential,
}  # fmt: skip
"""What each operator does to a parameter."""
