"""Who rejected an uploaded list, and why."""

import sqlalchemy as sa
from alembic import op

revision = "0012_from_0011"
down_revision = "0011_from_0010"


def upgrade() -> None:
    op.add_column("snapshots", sa.Column("rejected_by", sa.String(200)))
    op.add_column("snapshots", sa.Column("rejection", sa.String(1000)))
