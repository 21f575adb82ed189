"""Tables of organisations."""

from datetime import datetime
from typing import Any

from sqlmodel import Field, SQLModel

from registry.columns import json, utc


class OrganisationRow(SQLModel, table=True):
    """A recruiter or employer, public facts only; people are never stored here."""

    __tablename__ = "organisations"

    id: str = Field(primary_key=True, max_length=40)  # org_<UUIDv7 hex>: ids sort by time
    kind: str = Field(max_length=20)  # recruiter | employer
    name: str = Field(max_length=600)  # the legal name, for lists
    names: list[dict[str, Any]] = Field(sa_column=json())  # as in the body: text, script, kind, valid_from/until
    identifiers: list[dict[str, Any]] = Field(sa_column=json())
    domains: list[str] = Field(sa_column=json())
    jurisdiction: str = Field(max_length=6, index=True)
    subject: bytes | None = Field(default=None, max_length=16)  # its stream in the log; null until it has an event
    head: bytes | None = Field(default=None, max_length=32)  # leaf hash of its newest event
    created_at: datetime = Field(sa_column=utc())
    registered_by: str | None = Field(default=None, max_length=200)  # authority; null: from a list, or not noted then


class OrganisationIdentifierRow(SQLModel, table=True):
    """Look-up of organisations by identifier."""

    __tablename__ = "organisation_identifiers"

    scheme: str = Field(primary_key=True, max_length=100)
    value: str = Field(primary_key=True, max_length=120)
    organisation_id: str = Field(primary_key=True, foreign_key="organisations.id", max_length=40)
