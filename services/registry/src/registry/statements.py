"""Statements of read paths: written in SQLAlchemy Core, compiled once for each kind of database, run on its driver.

SQLAlchemy's own way from a statement to rows costs five times what the driver's does, for every statement of every
request. On a connection for writing they go that way all the same: its transaction is SQLAlchemy's.

A parameter is a `bindparam` with a type; a list of keys is `among(column, name)`.
"""

import json
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ARRAY, BindParameter, Boolean, ColumnElement, Dialect, Select, String, bindparam
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.types import TypeDecorator

from registry.engines import READS, driver_of, on_driver

Process = Callable[[Any], Any]

MAX_KEYS = 5_000  # in one statement, also where it names them twice: well below any database's limit of parameters


class Keys(TypeDecorator[list[str]]):
    """A list of text as one parameter: an array on PostgreSQL, JSON on SQLite."""

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        """The type on either database."""
        return dialect.type_descriptor(ARRAY(String()) if dialect.name == "postgresql" else String())

    def process_bind_param(self, value: Sequence[str] | None, dialect: Dialect) -> Any:
        """The parameter."""
        return list(value or ()) if dialect.name == "postgresql" else json.dumps(list(value or ()))


class Among(ColumnElement[bool]):
    """True where a column is one of the keys in a parameter."""

    inherit_cache = False
    type = Boolean()
    _is_implicitly_boolean = True  # without it SQLite is asked whether the condition is 1, and does not use its index

    def __init__(self, column: ColumnElement[Any], keys: BindParameter[Any]) -> None:
        self.column = column
        self.keys = keys


def among(column: Any, name: str) -> Among:
    """The condition that a column is one of the keys in a parameter."""
    return Among(column, bindparam(name, type_=Keys()))


@compiles(Among)
def _among(element: Among, compiler: Any, **more: Any) -> str:
    column, keys = (compiler.process(part, **more) for part in (element.column, element.keys))
    if compiler.dialect.name == "postgresql":
        return f"{column} = ANY ({keys})"
    return f"{column} IN (SELECT value FROM json_each({keys}))"  # noqa: S608 - compiled parts, no values


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A statement for one kind of database."""

    sql: str
    binds: tuple[tuple[str, Any, Process | None], ...]  # name, value of a constant, how it is written
    row: Callable[[Sequence[Any]], Any]
    read: tuple[tuple[int, Process], ...]  # columns that are not taken as the driver gives them

    def given(self, values: Mapping[str, Any]) -> list[Any]:
        """The parameters in their order, as the driver takes them."""
        return [
            values.get(name, constant) if write is None else write(values.get(name, constant))
            for name, constant, write in self.binds
        ]


class Prepared:
    """A statement that is asked again and again, with other parameters."""

    def __init__(self, statement: Any) -> None:
        self.statement = statement
        self._compiled: dict[str, _Compiled] = {}

    async def rows(self, tx: AsyncConnection, **values: Any) -> list[Any]:
        """The rows, their columns as attributes. DBAPIError."""
        if not tx.info[READS]:
            return list((await tx.execute(self.statement, values)).all())
        this = self.compiled(tx.dialect)
        found = await fetched(tx, this.sql, this.given(values))
        if not this.read:
            return [this.row(row) for row in found]
        return [this.row(_read(row, this.read)) for row in found]

    def compiled(self, dialect: Dialect) -> _Compiled:
        """The statement as this kind of database takes it."""
        if dialect.name not in self._compiled:
            self._compiled[dialect.name] = _compile(self.statement, dialect)
        return self._compiled[dialect.name]


def _compile(statement: Select[Any], dialect: Dialect) -> _Compiled:
    compiled: Any = statement.compile(dialect=dialect)
    binds = tuple(
        (name, compiled.params[name], compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect))
        for name in compiled.positiontup or ()
    )
    columns = list(statement.selected_columns)
    reading = ((at, one.type.dialect_impl(dialect).result_processor(dialect, None)) for at, one in enumerate(columns))
    names = [str(one.key) for one in columns]
    row: Any = namedtuple("Row", names)  # type: ignore[misc]  # noqa: PYI024 - its fields are the statement's
    return _Compiled(str(compiled), binds, row._make, tuple((at, read) for at, read in reading if read is not None))


def _read(row: Sequence[Any], columns: Sequence[tuple[int, Process]]) -> list[Any]:
    values = list(row)
    for at, read in columns:
        values[at] = read(values[at])
    return values


async def fetched(tx: AsyncConnection, sql: str, given: list[Any]) -> list[Any]:
    """What the driver answers to a statement. DBAPIError."""
    driver = driver_of(tx)
    work = driver.fetch(sql, *given) if tx.dialect.name == "postgresql" else driver.execute_fetchall(sql, given)
    return list(await on_driver(driver, work))
