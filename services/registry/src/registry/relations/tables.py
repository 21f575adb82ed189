"""The table of relations."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from registry.columns import utc


class RelationRow(SQLModel, table=True):
    """One relation. Ending it sets `valid_until`; it is never deleted."""

    __tablename__ = "relations"

    id: str = Field(primary_key=True, max_length=40)  # rel_<UUIDv7 hex>
    kind: str = Field(max_length=40)
    from_id: str = Field(foreign_key="organisations.id", max_length=40, index=True)
    to_id: str = Field(foreign_key="organisations.id", max_length=40, index=True)
    authority_id: str = Field(foreign_key="authorities.id", max_length=200)
    valid_from: datetime | None = Field(default=None, sa_column=utc(nullable=True))
    valid_until: datetime | None = Field(default=None, sa_column=utc(nullable=True))  # exclusive
    subject: bytes | None = Field(default=None, max_length=16)  # its stream in the log; null: restricted, never logged
    head: bytes | None = Field(default=None, max_length=32)
    created_at: datetime = Field(sa_column=utc())
