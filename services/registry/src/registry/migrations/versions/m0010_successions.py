"""Whom a mandate's authority succeeds, and who opened an accreditation that another authority has taken over."""

import sqlalchemy as sa
from alembic import op

revision = "0010_from_0009"
down_revision = "0009_from_0008"


def upgrade() -> None:
    op.add_column("mandates", sa.Column("succeeds", sa.JSON))
    op.add_column("accreditations", sa.Column("opened_by", sa.String(200)))
