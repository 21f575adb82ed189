"""Which authority registered an organisation; relations between organisations; erasures; people apart."""

import sqlalchemy as sa
from alembic import op

revision = "0003_from_0002"
down_revision = "0002_from_0001"

_KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_TIME = sa.DateTime(timezone=True).with_variant(sa.String(24), "sqlite")


def upgrade() -> None:
    op.add_column("organisations", sa.Column("registered_by", sa.String(200)))
    _relations()
    _erasures()
    _people()


def _relations() -> None:
    op.create_table(
        "relations",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("from_id", sa.String(40), sa.ForeignKey("organisations.id"), nullable=False),
        sa.Column("to_id", sa.String(40), sa.ForeignKey("organisations.id"), nullable=False),
        sa.Column("authority_id", sa.String(200), sa.ForeignKey("authorities.id"), nullable=False),
        sa.Column("valid_from", _TIME),
        sa.Column("valid_until", _TIME),
        sa.Column("subject", sa.LargeBinary),
        sa.Column("head", sa.LargeBinary),
        sa.Column("created_at", _TIME, nullable=False),
    )
    op.create_index("ix_relations_from_id", "relations", ["from_id"])
    op.create_index("ix_relations_to_id", "relations", ["to_id"])


def _erasures() -> None:
    op.add_column("events", sa.Column("erased_by", sa.String(36)))
    op.add_column("events", sa.Column("about", sa.String(40)))
    # Empty at first, whatever the size of the table.
    known = sa.text("about IS NOT NULL")
    op.create_index("events_about", "events", ["about", "seq"], sqlite_where=known, postgresql_where=known)
    op.create_table(
        "erasures",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("authority_id", sa.String(200), sa.ForeignKey("authorities.id"), nullable=False),
        sa.Column("event_ids", sa.JSON, nullable=False),
        sa.Column("reason", sa.String(1000), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("requested_by", sa.String(200), nullable=False),
        sa.Column("requested_at", _TIME, nullable=False),
        sa.Column("approved_by", sa.String(200)),
        sa.Column("approved_at", _TIME),
        sa.Column("done_at", _TIME),
        sa.Column("event_id", sa.String(36)),
        sa.Column("subject", sa.LargeBinary, nullable=False),
        sa.Column("head", sa.LargeBinary),
        sa.CheckConstraint("approved_by IS NULL OR approved_by <> requested_by", name="erasure_two_persons"),
        sa.CheckConstraint("state = 'REQUESTED' OR approved_by IS NOT NULL", name="erasure_approved"),
    )
    op.create_index("ix_erasures_state", "erasures", ["state"])


def _people() -> None:
    op.create_table(
        "persons",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("organisation_id", sa.String(40), sa.ForeignKey("organisations.id"), nullable=False),
        sa.Column("authority_id", sa.String(200), sa.ForeignKey("authorities.id"), nullable=False),
        sa.Column("name", sa.String(600), nullable=False),
        sa.Column("role", sa.String(40), nullable=False),
        sa.Column("valid_from", sa.Date),
        sa.Column("valid_until", sa.Date),
        sa.Column("created_at", _TIME, nullable=False),
    )
    op.create_index("ix_persons_organisation_id", "persons", ["organisation_id"])
    op.create_table(
        "erased_persons",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("erased_at", _TIME, nullable=False),
    )
    op.create_table(
        "access_log",
        sa.Column("seq", _KEY, primary_key=True),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("organisation_id", sa.String(40), nullable=False),
        sa.Column("persons", sa.JSON, nullable=False),
        sa.Column("at", _TIME, nullable=False),
    )
    op.create_index("ix_access_log_organisation_id", "access_log", ["organisation_id"])
