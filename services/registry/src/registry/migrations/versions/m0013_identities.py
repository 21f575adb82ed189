"""By which names an OpenID Connect provider knows the members; roles are looked up by member with every request."""

import sqlalchemy as sa
from alembic import op

revision = "0013_from_0012"
down_revision = "0012_from_0011"

_TIME = sa.DateTime(timezone=True).with_variant(sa.String(24), "sqlite")


def upgrade() -> None:
    op.create_table(
        "member_identities",
        sa.Column("issuer", sa.String(400), primary_key=True),
        sa.Column("subject", sa.String(200), primary_key=True),
        sa.Column("member_id", sa.String(200), sa.ForeignKey("members.id"), nullable=False),
        sa.Column("linked_at", _TIME, nullable=False),
    )
    op.create_index("ix_member_identities_member_id", "member_identities", ["member_id"])
    op.create_index("ix_member_roles_member_id", "member_roles", ["member_id"])
