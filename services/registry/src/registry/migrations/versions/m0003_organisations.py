"""Which authority registered an organisation."""

import sqlalchemy as sa
from alembic import op

revision = "0003_from_0002"
down_revision = "0002_from_0001"


def upgrade() -> None:
    op.add_column("organisations", sa.Column("registered_by", sa.String(200)))
