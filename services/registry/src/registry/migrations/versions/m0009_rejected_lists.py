"""Who rejected an uploaded list, and why."""

import sqlalchemy as sa
from alembic import op

revision = "0009_from_0008"
down_revision = "0008_from_0007"


def upgrade() -> None:
    op.add_column("snapshots", sa.Column("rejected_by", sa.String(200)))
    op.add_column("snapshots", sa.Column("rejection", sa.String(1000)))
