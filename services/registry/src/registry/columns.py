"""Column kinds that behave the same on SQLite and PostgreSQL."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, DateTime, Dialect, Integer, String
from sqlalchemy.types import TypeDecorator

from goodstanding.canonical import format_time, parse_time


class UtcInstant(TypeDecorator[datetime]):
    """An aware UTC instant, to the millisecond; SQLite keeps the protocol's text form, which sorts as time does."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        """Text on SQLite, ``timestamptz`` elsewhere."""
        from_text = dialect.name == "sqlite"
        return dialect.type_descriptor(_TEXT if from_text else DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Refuse naive times on the way in."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive time reached the database; pass an aware one")
        return format_time(value) if dialect.name == "sqlite" else value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Give aware UTC times on the way out."""
        if value is None:
            return None
        return parse_time(value) if dialect.name == "sqlite" else value.astimezone(UTC)


_TEXT = String(24)

# A 64-bit key that SQLite still treats as its rowid.
BigKey = BigInteger().with_variant(Integer, "sqlite")


def utc(*, nullable: bool = False, index: bool = False) -> Column[datetime]:
    """A column of UTC instants."""
    return Column(UtcInstant, nullable=nullable, index=index)


def json(*, nullable: bool = False) -> Column[Any]:
    """A column of plain JSON."""
    return Column(JSON(none_as_null=True), nullable=nullable)
