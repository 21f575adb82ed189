"""What an accreditation is shown as now, kept with it (null: its decisions are folded), and mandates that have changed.

Mandates that were there before count as changed: whether they ever were is not known. What is shown of accreditations
that were there before is left to the workers, as a due time that has passed.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006_from_0005"
down_revision = "0005_from_0004"


def upgrade() -> None:
    op.add_column("accreditations", sa.Column("current", sa.JSON))
    op.add_column("mandates", sa.Column("changed", sa.Boolean, nullable=False, server_default=sa.true()))
    op.create_index(
        "events_logged_at", "events", ["logged_at", "log_index"],
        sqlite_where=sa.text("logged_at IS NOT NULL"), postgresql_where=sa.text("logged_at IS NOT NULL"),
    )  # fmt: skip
    op.execute(
        "INSERT INTO due_times (number, kind, at) SELECT number, 'BOUNDARY', '2000-01-01T00:00:00.000Z' "
        "FROM accreditations WHERE public_standing IS NOT NULL"
    )
