"""Signals, who reported them, and what became of them."""

import sqlalchemy as sa
from alembic import op

revision = "0008_from_0007"
down_revision = "0007_from_0006"

_KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_TIME = sa.DateTime(timezone=True).with_variant(sa.String(24), "sqlite")


def upgrade() -> None:
    _signals()
    _reporters()
    op.create_table(
        "signal_changes",
        sa.Column("seq", _KEY, primary_key=True),
        sa.Column("signal_id", sa.String(40), sa.ForeignKey("signals.id"), nullable=False),
        sa.Column("source", sa.String(20), nullable=False),
        sa.Column("target", sa.String(20), nullable=False),
        sa.Column("authority_id", sa.String(200), nullable=False),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("assigned_to", sa.String(200)),
        sa.Column("note", sa.String(2000)),
        sa.Column("at", _TIME, nullable=False),
    )
    op.create_index("ix_signal_changes_signal_id", "signal_changes", ["signal_id"])


def _signals() -> None:
    op.create_table(
        "signals",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("organisation_id", sa.String(40), sa.ForeignKey("organisations.id"), nullable=False),
        sa.Column("number", sa.String(20), sa.ForeignKey("accreditations.number")),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("text", sa.String(4000), nullable=False),
        sa.Column("evidence", sa.JSON, nullable=False),
        sa.Column("occurred_on", sa.Date),
        sa.Column("country", sa.String(6)),
        sa.Column("anonymous", sa.Boolean, nullable=False),
        sa.Column("received_at", _TIME, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("authority_id", sa.String(200), sa.ForeignKey("authorities.id")),
        sa.Column("assigned_to", sa.String(200)),
    )
    op.create_index("signals_of_organisation", "signals", ["organisation_id", "received_at"])
    op.create_index("signals_waiting", "signals", ["state", "anonymous"])


def _reporters() -> None:
    op.create_table(
        "signal_reporters",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("signal_id", sa.String(40), sa.ForeignKey("signals.id"), nullable=False, unique=True),
        sa.Column("name", sa.String(200)),
        sa.Column("contact", sa.String(300)),
    )
    op.create_table(
        "erased_reporters",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("signal_id", sa.String(40), sa.ForeignKey("signals.id"), nullable=False),
        sa.Column("erased_at", _TIME, nullable=False),
    )
