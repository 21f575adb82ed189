"""Tables of authorities, schemes and mandates."""

from datetime import datetime
from typing import Any

from sqlalchemy import true
from sqlmodel import Field, SQLModel

from registry.columns import json, utc


class AuthorityRow(SQLModel, table=True):
    """A ministry, accreditation body, scheme owner, or this registry as transcriber."""

    __tablename__ = "authorities"

    id: str = Field(primary_key=True, max_length=200)
    kind: str = Field(max_length=30)  # ministry | accreditation-body | scheme-owner | transcriber
    name: str = Field(max_length=600)
    jurisdiction: str = Field(max_length=6)
    time_zone: str = Field(max_length=60)
    entity_id: str = Field(max_length=400)
    subject: bytes = Field(max_length=16)
    head: bytes | None = Field(default=None, max_length=32)


class SchemeRow(SQLModel, table=True):
    """An integrity standard or a national licence, with its criteria and its vocabulary of local words."""

    __tablename__ = "schemes"

    id: str = Field(primary_key=True, max_length=200)
    name: str = Field(max_length=600)
    version: str = Field(max_length=40)
    owner_id: str = Field(foreign_key="authorities.id", max_length=200)
    criteria: list[dict[str, Any]] = Field(sa_column=json())
    mappings: list[dict[str, str]] = Field(sa_column=json())  # {word, standing}; by the version in force
    mapping_version: str | None = Field(default=None, max_length=40)
    assessment_required: bool | None = None  # null: as false, by a program that did not know of it
    cadence_days: int | None = Field(default=None)  # within how many days each of its lists comes out again
    subject: bytes = Field(max_length=16)
    head: bytes | None = Field(default=None, max_length=32)


class SchemeMappingRow(SQLModel, table=True):
    """What a scheme's local words mean by one version of its mapping; never changed: decisions cite the version."""

    __tablename__ = "scheme_mappings"

    scheme_id: str = Field(primary_key=True, foreign_key="schemes.id", max_length=200)
    version: str = Field(primary_key=True, max_length=40)  # empty where the scheme gave none
    mappings: list[dict[str, str]] = Field(sa_column=json())


class MandateRow(SQLModel, table=True):
    """What an authority may do under a scheme, from when to when."""

    __tablename__ = "mandates"

    id: str = Field(primary_key=True, max_length=200)
    authority_id: str = Field(foreign_key="authorities.id", max_length=200, index=True)
    scheme_id: str = Field(foreign_key="schemes.id", max_length=200)
    acts: list[str] = Field(sa_column=json())
    valid_from: datetime = Field(sa_column=utc())
    valid_until: datetime | None = Field(default=None, sa_column=utc(nullable=True))
    ended_as: str | None = Field(default=None, max_length=20)  # expired | withdrawn | key_compromised
    suspect_from: datetime | None = Field(default=None, sa_column=utc(nullable=True))
    changed: bool = Field(default=False, sa_column_kwargs={"server_default": true()})  # since it was first given
    succeeds: list[str] | None = Field(default=None, sa_column=json(nullable=True))  # authorities it took over from
    subject: bytes = Field(max_length=16)
    head: bytes | None = Field(default=None, max_length=32)
