"""Until when an erasure waits for a second person, and who rejected it; null in those asked for before: for ever."""

import sqlalchemy as sa
from alembic import op

revision = "0011_from_0010"
down_revision = "0010_from_0009"

_TIME = sa.DateTime(timezone=True).with_variant(sa.String(24), "sqlite")
_CHECKS = (  # SQLite copies the table, and finds no checks by itself
    sa.CheckConstraint("approved_by IS NULL OR approved_by <> requested_by", name="erasure_two_persons"),
    sa.CheckConstraint("state = 'REQUESTED' OR approved_by IS NOT NULL", name="erasure_approved"),
)


def upgrade() -> None:
    op.add_column("erasures", sa.Column("expires_at", _TIME))
    op.add_column("erasures", sa.Column("rejected_by", sa.String(200)))
    op.add_column("erasures", sa.Column("rejected_at", _TIME))
    op.add_column("erasures", sa.Column("rejection", sa.String(1000)))
    with op.batch_alter_table("erasures", table_args=_CHECKS) as erasures:
        erasures.create_check_constraint(
            "erasure_rejected_by_another", "rejected_by IS NULL OR rejected_by <> requested_by"
        )
