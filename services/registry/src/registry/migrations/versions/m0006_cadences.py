"""Within how many days the lists of a scheme come out again; null where nobody said."""

import sqlalchemy as sa
from alembic import op

revision = "0006_from_0005"
down_revision = "0005_from_0004"


def upgrade() -> None:
    op.add_column("schemes", sa.Column("cadence_days", sa.Integer))
