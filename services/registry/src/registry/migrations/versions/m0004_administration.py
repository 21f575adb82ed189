"""Proposals about the register itself have no number; mandates end; earlier mappings stay; events without a number.

The index on events is partial and small. On a large PostgreSQL it is made beforehand, by hand:
CREATE INDEX CONCURRENTLY events_without_number ON events (kind, seq) WHERE number IS NULL
"""

import sqlalchemy as sa
from alembic import op

revision = "0004_from_0003"
down_revision = "0003_from_0002"

_TIME = sa.DateTime(timezone=True).with_variant(sa.String(24), "sqlite")
_NO_NUMBER = sa.text("number IS NULL")
_CHECKS = (  # SQLite copies the table, and finds no checks by itself
    sa.CheckConstraint("state = 'OPEN' OR decided_by IS NOT NULL", name="proposal_decided_by"),
    sa.CheckConstraint("decided_by IS NULL OR decided_by <> proposer", name="proposal_two_persons"),
)


def upgrade() -> None:
    with op.batch_alter_table("proposals", table_args=_CHECKS) as proposals:
        proposals.alter_column("number", existing_type=sa.String(20), nullable=True)
    op.add_column("mandates", sa.Column("suspect_from", _TIME))
    op.create_table(
        "scheme_mappings",
        sa.Column("scheme_id", sa.String(200), sa.ForeignKey("schemes.id"), primary_key=True),
        sa.Column("version", sa.String(40), primary_key=True),
        sa.Column("mappings", sa.JSON, nullable=False),
    )
    op.create_index(
        "events_without_number", "events", ["kind", "seq"],
        sqlite_where=_NO_NUMBER, postgresql_where=_NO_NUMBER, if_not_exists=True,
    )  # fmt: skip
