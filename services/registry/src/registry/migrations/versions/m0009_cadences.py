"""Within how many days the lists of a scheme come out again; null where nobody said."""

import sqlalchemy as sa
from alembic import op

revision = "0009_from_0008"
down_revision = "0008_from_0007"


def upgrade() -> None:
    op.add_column("schemes", sa.Column("cadence_days", sa.Integer))
