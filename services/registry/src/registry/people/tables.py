"""Tables of people, of those who were erased, and of who has read about whom."""

from datetime import date, datetime

from sqlalchemy import Column
from sqlmodel import Field, SQLModel

from registry.columns import BigKey, json, utc


class PersonRow(SQLModel, table=True):
    """A person; deleted when erased."""

    __tablename__ = "persons"

    id: str = Field(primary_key=True, max_length=40)  # per_<UUIDv7 hex>
    organisation_id: str = Field(foreign_key="organisations.id", max_length=40, index=True)
    authority_id: str = Field(foreign_key="authorities.id", max_length=200)
    name: str = Field(max_length=600)  # restricted
    role: str = Field(max_length=40)  # restricted
    valid_from: date | None = None
    valid_until: date | None = None  # last day
    created_at: datetime = Field(sa_column=utc())


class ErasedPersonRow(SQLModel, table=True):
    """That there was a person, and when it was erased."""

    __tablename__ = "erased_persons"

    id: str = Field(primary_key=True, max_length=40)
    erased_at: datetime = Field(sa_column=utc())


class AccessRow(SQLModel, table=True):
    """One read of restricted data about an organisation; append-only."""

    __tablename__ = "access_log"

    seq: int | None = Field(default=None, sa_column=Column(BigKey, primary_key=True, autoincrement=True))
    actor: str = Field(max_length=200)
    organisation_id: str = Field(max_length=40, index=True)
    persons: list[str] = Field(sa_column=json())  # ids of what was shown: persons, signals, reporters
    at: datetime = Field(sa_column=utc())
