"""What a later list changes: acts other than listing, why one is held, and what a list no longer names."""

import sqlalchemy as sa
from alembic import op

revision = "0005_from_0004"
down_revision = "0004_from_0003"


def upgrade() -> None:
    for name in ("gone", "back", "changed", "held_gone", "released_changes", "removals_confirmed"):
        op.add_column("snapshots", sa.Column(name, sa.Integer))
    op.add_column("staged_listings", sa.Column("act", sa.String(40)))
    op.add_column("staged_listings", sa.Column("reason", sa.String(300)))
    op.add_column("listed", sa.Column("unlisted_in", sa.String(40)))
