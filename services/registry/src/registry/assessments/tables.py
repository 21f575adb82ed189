"""Tables of assessments. Texts and evidence are restricted; no event holds anything of them."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from registry.columns import json, utc

_UNDER_WAY = text("concluded_at IS NULL AND superseded_by IS NULL")


class SelfAssessmentRow(SQLModel, table=True):
    """What an applicant says of itself; append-only."""

    __tablename__ = "self_assessments"

    id: str = Field(primary_key=True, max_length=40)  # sas_<UUIDv7 hex>
    number: str = Field(foreign_key="accreditations.number", max_length=20, index=True)
    authority_id: str = Field(foreign_key="authorities.id", max_length=200)
    version: str = Field(max_length=40)  # of the scheme's criteria
    answers: list[dict[str, Any]] = Field(sa_column=json())  # {criterion, answer, statement, evidence}; restricted
    filed_by: str = Field(max_length=200)  # restricted
    filed_at: datetime = Field(sa_column=utc())


class AssessmentRow(SQLModel, table=True):
    """An assessment; once concluded, nothing of it changes but what superseded it."""

    __tablename__ = "assessments"
    __table_args__ = (
        CheckConstraint(
            "(concluded_at IS NULL) = (recommendation IS NULL) AND (concluded_at IS NULL) = (digest IS NULL)",
            name="assessment_concluded_whole",
        ),
        Index(
            "one_assessment_under_way",
            "number", "kind",
            unique=True, sqlite_where=_UNDER_WAY, postgresql_where=_UNDER_WAY,
        ),
    )  # fmt: skip

    id: str = Field(primary_key=True, max_length=40)  # asm_<UUIDv7 hex>
    number: str = Field(foreign_key="accreditations.number", max_length=20, index=True)
    authority_id: str = Field(foreign_key="authorities.id", max_length=200, index=True)
    version: str = Field(max_length=40)  # of the scheme's criteria
    criteria: list[str] = Field(sa_column=json())  # the codes of that version
    kind: str = Field(max_length=20)
    assessor: str = Field(foreign_key="members.id", max_length=200)  # restricted
    opened_by: str = Field(max_length=200)  # restricted
    opened_at: datetime = Field(sa_column=utc())
    due_at: datetime = Field(sa_column=utc())
    recommendation: str | None = Field(default=None, max_length=30)
    summary: str | None = Field(default=None, max_length=8_000)  # restricted
    concluded_at: datetime | None = Field(default=None, sa_column=utc(nullable=True))
    digest: str | None = Field(default=None, max_length=43)  # base64url SHA-256 of everything concluded
    superseded_by: str | None = Field(default=None, max_length=40)


class FindingRow(SQLModel, table=True):
    """What was found about one criterion."""

    __tablename__ = "assessment_findings"

    assessment_id: str = Field(primary_key=True, foreign_key="assessments.id", max_length=40)
    criterion: str = Field(primary_key=True, max_length=100)
    grade: str = Field(max_length=30)
    text: str = Field(max_length=8_000)  # restricted
    evidence: list[str] = Field(sa_column=json())  # SHA-256 hashes, base64url
    closed: bool
    recorded_at: datetime = Field(sa_column=utc())


class SurveillanceRow(SQLModel, table=True):
    """By when an accreditation is to be looked at again; open until an assessment closes it."""

    __tablename__ = "surveillance"
    __table_args__ = (Index("surveillance_due", "authority_id", "due_at", "id"),)

    id: str = Field(primary_key=True, max_length=40)  # svl_<UUIDv7 hex>
    number: str = Field(foreign_key="accreditations.number", max_length=20, index=True)
    authority_id: str = Field(foreign_key="authorities.id", max_length=200)
    due_at: datetime = Field(sa_column=utc())
    every_days: int | None = None  # with it, closing this one plans the next
    planned_by: str = Field(max_length=200)  # restricted
    closed_by: str | None = Field(default=None, max_length=40)  # the assessment
