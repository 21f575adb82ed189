"""Keys are announced, follow one another, retire and are revoked; of every record it is kept which key signed it."""

import base64
import json

import sqlalchemy as sa
from alembic import op

revision = "0017_from_0016"
down_revision = "0016_from_0015"

_TIME = sa.DateTime(timezone=True).with_variant(sa.String(24), "sqlite")
_NEXT = sa.text("state = 'next'")
_PAGE = 1_000
_SIGNED = sa.text("SELECT seq, token FROM records WHERE seq > :after AND token IS NOT NULL ORDER BY seq LIMIT :page")
_KEEP = sa.text("UPDATE records SET kid = :kid WHERE seq = :seq")


def upgrade() -> None:
    op.add_column("keys", sa.Column("ordinal", sa.Integer, nullable=False, server_default="1"))
    for name in ("current_from", "ended_at"):
        op.add_column("keys", sa.Column(name, _TIME))
    op.add_column("keys", sa.Column("reason", sa.String(20)))
    op.execute("UPDATE keys SET current_from = created_at")
    op.create_index("one_next_key", "keys", ["owner", "role"], unique=True, sqlite_where=_NEXT, postgresql_where=_NEXT)
    op.create_index("key_ordinals", "keys", ["owner", "role", "ordinal"], unique=True)
    op.add_column("records", sa.Column("kid", sa.String(300)))
    _keep_kids(op.get_bind())


def _keep_kids(connection: sa.Connection) -> None:
    """Every token names its key in its header."""
    after = 0
    while rows := connection.execute(_SIGNED, {"after": after, "page": _PAGE}).all():
        connection.execute(_KEEP, [{"seq": row.seq, "kid": _kid(row.token)} for row in rows])
        after = rows[-1].seq


def _kid(token: str) -> str:
    header = token.partition(".")[0]
    return str(json.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))["kid"])
