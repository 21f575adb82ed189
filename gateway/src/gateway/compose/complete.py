"""Completing (GraphQL section 6.4.3): the client's operation walked over what was fetched for it.

This module alone decides the names, nulls, errors and order of what a client reads.

Rules
1. Each object has the fields its type's selection includes, in that order, under the client's names.
2. Data of another shape than the schema's is null, and an error at that place.
3. A null where the schema has none nulls what is around it, up to the next place that may be null, or all the data;
   it is reported once, at the place where it stood.
4. At most MAX_ERRORS errors are listed.
"""

from collections.abc import Mapping
from typing import Any, Final

from graphql import (
    GraphQLError,
    GraphQLLeafType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    is_abstract_type,
    is_leaf_type,
)

from gateway.compose.faults import INVALID, WHOLE, Fault, Faults
from gateway.compose.plan import Plan
from gateway.compose.schema import Composition
from gateway.compose.selection import Field, Selection

MAX_ERRORS: Final = 1_000

Path = tuple["Path", str | int] | None  # (around, key), innermost first


class _Nulled(Exception):
    """A place is null because of an error that has been reported."""


class Completion:
    """Completes one execution of a plan."""

    def __init__(self, composition: Composition, plan: Plan, faults: Faults, variables: Mapping[str, Any]) -> None:
        self._schema = composition.schema
        self._plan = plan
        self._faults = faults
        self._variables = variables
        self._errors: list[dict[str, Any]] = []

    def payload(self, data: dict[str, Any]) -> dict[str, Any]:
        """The GraphQL response."""
        try:
            completed: dict[str, Any] | None = self._object(self._plan.root, data, self._plan.selection, None)
        except _Nulled:
            completed = None
        for fault in self._faults.unplaced:
            self._report(fault, None)
        return {"data": completed, "errors": self._errors} if self._errors else {"data": completed}

    def _object(self, type_name: str, source: dict[str, Any], selection: Selection, path: Path) -> dict[str, Any]:
        self._check(source, WHOLE, path)
        return {
            field.key: type_name
            if field.name == "__typename"
            else self._place(field.type, source.get(field.key), (source, field.key), field, (path, field.key))
            for field in selection.included(type_name, self._variables)
        }

    def _place(
        self, type_: GraphQLOutputType, value: Any, place: tuple[Any, str | int], field: Field, path: Path
    ) -> Any:
        """What stands at a place: rules 2 and 3."""
        if not isinstance(type_, GraphQLNonNull):
            try:
                return self._nullable(type_, value, place, field, path)
            except _Nulled:
                return None
        completed = self._nullable(type_.of_type, value, place, field, path)
        if completed is None:
            raise self._fault(f"The field {field.name} has no value here, and must have one.", path)
        return completed

    def _nullable(
        self, type_: GraphQLOutputType, value: Any, place: tuple[Any, str | int], field: Field, path: Path
    ) -> Any:
        self._check(*place, path)
        if value is None:
            return None
        if isinstance(type_, GraphQLList):
            if not isinstance(value, list):
                raise self._fault(f"The field {field.name} was answered with something other than a list.", path)
            inner = type_.of_type
            return [self._place(inner, item, (value, i), field, (path, i)) for i, item in enumerate(value)]
        if is_leaf_type(type_):
            return self._leaf(type_, value, field, path)
        assert field.below is not None
        return self._object(self._concrete(type_, value, field, path), value, field.below, path)

    def _leaf(self, type_: GraphQLLeafType, value: Any, field: Field, path: Path) -> Any:
        """A value as it came, if it is one of the type; those of scalars unknown to GraphQL itself are not looked into."""
        try:
            read = type_.parse_value(value)
        except GraphQLError:
            raise self._fault(f"The field {field.name} was answered with something other than {type_}.", path) from None
        return read if type_.name == "ID" else value

    def _concrete(self, type_: Any, value: Any, field: Field, path: Path) -> str:
        """The type of an object, as far as it is one of those announced."""
        if isinstance(value, dict):
            if not is_abstract_type(type_):
                return str(type_.name)
            named = self._schema.type_map.get(str(value.get(self._plan.names.typename)))
            if isinstance(named, GraphQLObjectType) and self._schema.is_sub_type(type_, named):
                return named.name
        raise self._fault(f"The field {field.name} was answered with something other than {type_}.", path)

    def _check(self, container: Any, key: str | int, path: Path) -> None:
        """What has a fault is null."""
        if faults := self._faults.at(container, key):
            for fault in faults:
                self._report(fault, path)
            raise _Nulled

    def _fault(self, message: str, path: Path) -> _Nulled:
        self._report(Fault(message, INVALID), path)
        return _Nulled()

    def _report(self, fault: Fault, path: Path) -> None:
        if len(self._errors) == MAX_ERRORS:
            return
        error: dict[str, Any] = {"message": fault.message}
        if path is not None or fault.rest:
            error["path"] = [*_steps(path), *fault.rest]
        if fault.code is not None:
            error["extensions"] = {"code": fault.code}
        self._errors.append(error)


def _steps(path: Path) -> list[str | int]:
    steps: list[str | int] = []
    while path is not None:
        path, key = path
        steps.append(key)
    return steps[::-1]
