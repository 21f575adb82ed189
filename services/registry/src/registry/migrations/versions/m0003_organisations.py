"""Which authority registered an organisation; relations between organisations."""

import sqlalchemy as sa
from alembic import op

revision = "0003_from_0002"
down_revision = "0002_from_0001"

_TIME = sa.DateTime(timezone=True).with_variant(sa.String(24), "sqlite")


def upgrade() -> None:
    op.add_column("organisations", sa.Column("registered_by", sa.String(200)))
    _relations()


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
