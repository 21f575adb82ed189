"""Self-assessments, assessments with their findings, and surveillance; whether criteria require an assessment."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007_from_0006"
down_revision = "0006_from_0005"

_TIME = sa.DateTime(timezone=True).with_variant(sa.String(24), "sqlite")
_UNDER_WAY = sa.text("concluded_at IS NULL AND superseded_by IS NULL")


def upgrade() -> None:
    op.add_column("schemes", sa.Column("assessment_required", sa.Boolean))
    _self_assessments()
    _assessments()
    _surveillance()


def _about() -> list[sa.Column[Any]]:
    return [
        sa.Column("number", sa.String(20), sa.ForeignKey("accreditations.number"), nullable=False),
        sa.Column("authority_id", sa.String(200), sa.ForeignKey("authorities.id"), nullable=False),
    ]


def _self_assessments() -> None:
    op.create_table(
        "self_assessments",
        sa.Column("id", sa.String(40), primary_key=True),
        *_about(),
        sa.Column("version", sa.String(40), nullable=False),
        sa.Column("answers", sa.JSON, nullable=False),
        sa.Column("filed_by", sa.String(200), nullable=False),
        sa.Column("filed_at", _TIME, nullable=False),
    )
    op.create_index("ix_self_assessments_number", "self_assessments", ["number"])


def _assessments() -> None:
    op.create_table(
        "assessments",
        sa.Column("id", sa.String(40), primary_key=True),
        *_about(),
        sa.Column("version", sa.String(40), nullable=False),
        sa.Column("criteria", sa.JSON, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("assessor", sa.String(200), sa.ForeignKey("members.id"), nullable=False),
        sa.Column("opened_by", sa.String(200), nullable=False),
        sa.Column("opened_at", _TIME, nullable=False),
        sa.Column("due_at", _TIME, nullable=False),
        sa.Column("recommendation", sa.String(30)),
        sa.Column("summary", sa.String(8000)),
        sa.Column("concluded_at", _TIME),
        sa.Column("digest", sa.String(43)),
        sa.Column("superseded_by", sa.String(40)),
        sa.CheckConstraint(
            "(concluded_at IS NULL) = (recommendation IS NULL) AND (concluded_at IS NULL) = (digest IS NULL)",
            name="assessment_concluded_whole",
        ),
    )
    op.create_index("ix_assessments_number", "assessments", ["number"])
    op.create_index("ix_assessments_authority_id", "assessments", ["authority_id"])
    op.create_index(
        "one_assessment_under_way", "assessments", ["number", "kind"],
        unique=True, sqlite_where=_UNDER_WAY, postgresql_where=_UNDER_WAY,
    )  # fmt: skip
    op.create_table(
        "assessment_findings",
        sa.Column("assessment_id", sa.String(40), sa.ForeignKey("assessments.id"), primary_key=True),
        sa.Column("criterion", sa.String(100), primary_key=True),
        sa.Column("grade", sa.String(30), nullable=False),
        sa.Column("text", sa.String(8000), nullable=False),
        sa.Column("evidence", sa.JSON, nullable=False),
        sa.Column("closed", sa.Boolean, nullable=False),
        sa.Column("recorded_at", _TIME, nullable=False),
    )


def _surveillance() -> None:
    op.create_table(
        "surveillance",
        sa.Column("id", sa.String(40), primary_key=True),
        *_about(),
        sa.Column("due_at", _TIME, nullable=False),
        sa.Column("every_days", sa.Integer),
        sa.Column("planned_by", sa.String(200), nullable=False),
        sa.Column("closed_by", sa.String(40)),
    )
    op.create_index("ix_surveillance_number", "surveillance", ["number"])
    op.create_index("surveillance_due", "surveillance", ["authority_id", "due_at", "id"])
