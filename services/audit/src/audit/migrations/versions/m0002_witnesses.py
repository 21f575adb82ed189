"""What each witness has cosigned last. Programs of the version before do not ask witnesses and need not know."""

import sqlalchemy as sa
from alembic import op

revision = "0002_from_0001"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "witnesses",
        sa.Column("public_key", sa.LargeBinary, primary_key=True),
        sa.Column("size", sa.BigInteger, nullable=False),
    )
