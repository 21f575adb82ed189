"""Tables of people, and of those who were erased."""

from datetime import date, datetime

from sqlmodel import Field, SQLModel

from registry.columns import utc


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
