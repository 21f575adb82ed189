"""The log: entries, subjects, tree, checkpoints."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "entries",
        sa.Column("seq", _KEY, primary_key=True),
        sa.Column("event_id", sa.String(36), nullable=False, unique=True),
        sa.Column("leaf", sa.LargeBinary, nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary, nullable=False),
        sa.Column("body", sa.LargeBinary),
        sa.Column("salt", sa.LargeBinary),
        sa.Column("erased_by", sa.String(36)),
        sa.Column("log_index", sa.BigInteger, unique=True),
        sa.Column("submitted_at", sa.String(24), nullable=False),
    )
    _partial_index("entries_pending", "seq", "log_index IS NULL")
    _partial_index("entries_erased", "log_index", "erased_by IS NOT NULL")
    op.create_table(
        "subjects",
        sa.Column("subject", sa.LargeBinary, primary_key=True),
        sa.Column("head", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "tree",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("origin", sa.String(300), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("root", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "checkpoints",
        sa.Column("size", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("note", sa.String, nullable=False),
        sa.Column("cosigned_at", sa.BigInteger, nullable=False),
    )


def _partial_index(name: str, column: str, condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, "entries", [column], sqlite_where=where, postgresql_where=where)
