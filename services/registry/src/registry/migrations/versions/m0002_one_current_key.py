"""One current key of each owner and role, also where two processes make it at once."""

import sqlalchemy as sa
from alembic import op

revision = "0002_from_0001"
down_revision = "0001"

_CURRENT = sa.text("state = 'current'")


def upgrade() -> None:
    op.create_index(
        "one_current_key", "keys", ["owner", "role"], unique=True, sqlite_where=_CURRENT, postgresql_where=_CURRENT
    )
