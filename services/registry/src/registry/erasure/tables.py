"""The table of erasures."""

from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from registry.columns import json, utc


class ErasureRow(SQLModel, table=True):
    """One erasure: who asked for it and who approved it, of which events, and how far it is."""

    __tablename__ = "erasures"
    __table_args__ = (
        CheckConstraint("approved_by IS NULL OR approved_by <> requested_by", name="erasure_two_persons"),
        CheckConstraint("state = 'REQUESTED' OR approved_by IS NOT NULL", name="erasure_approved"),
        CheckConstraint("rejected_by IS NULL OR rejected_by <> requested_by", name="erasure_rejected_by_another"),
    )

    id: str = Field(primary_key=True, max_length=40)  # era_<UUIDv7 hex>
    authority_id: str = Field(foreign_key="authorities.id", max_length=200)
    event_ids: list[str] = Field(sa_column=json())
    reason: str = Field(max_length=1_000)  # restricted
    state: str = Field(max_length=10, index=True)  # REQUESTED | APPROVED | DONE | ASIDE
    requested_by: str = Field(max_length=200)  # restricted
    requested_at: datetime = Field(sa_column=utc())
    approved_by: str | None = Field(default=None, max_length=200)  # restricted
    approved_at: datetime | None = Field(default=None, sa_column=utc(nullable=True))
    done_at: datetime | None = Field(default=None, sa_column=utc(nullable=True))
    event_id: str | None = Field(default=None, max_length=36)  # the erasure event
    subject: bytes = Field(max_length=16)  # its stream in the log
    expires_at: datetime | None = Field(default=None, sa_column=utc(nullable=True))  # null: it does not
    rejected_by: str | None = Field(default=None, max_length=200)  # restricted; it stays REQUESTED, and is no more
    rejected_at: datetime | None = Field(default=None, sa_column=utc(nullable=True))
    rejection: str | None = Field(default=None, max_length=1_000)  # restricted
    head: bytes | None = Field(default=None, max_length=32)
