"""Inserting unless a unique constraint says that somebody was first: how racing callers are told apart."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import SQLModel

from registry.database import WriteTx


async def insert_if_new(tx: WriteTx, row: type[SQLModel], values: Mapping[str, Any]) -> bool:
    """Insert a row; False, and nothing done, when a unique constraint already has one.

    A second transaction waits here for the first one to end, and sees what became of it.
    """
    dialect: Any = sqlite if tx.dialect.name == "sqlite" else postgresql
    statement = dialect.insert(row).values(**values).on_conflict_do_nothing()
    return bool((await tx.execute(statement)).rowcount)
