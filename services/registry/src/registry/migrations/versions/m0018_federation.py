"""What the register's entities sign for federations is stored before it is signed, and kept until it is out of date."""

import sqlalchemy as sa
from alembic import op

revision = "0018_from_0017"
down_revision = "0017_from_0016"

_TIME = sa.DateTime(timezone=True).with_variant(sa.String(24), "sqlite")
_KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "federation_tokens",
        sa.Column("id", _KEY, primary_key=True, autoincrement=True),
        *(sa.Column(name, sa.String(length), nullable=False) for name, length in (
            ("kind", 20), ("issuer", 200), ("subject", 200), ("about", 200),
        )),
        sa.Column("issue", sa.Integer, nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("iat", _TIME, nullable=False),
        sa.Column("exp", _TIME, nullable=False),
        sa.Column("payload", sa.LargeBinary, nullable=False),
        sa.Column("token", sa.String),
        sa.Column("kid", sa.String(300)),
    )  # fmt: skip
    place = ["kind", "issuer", "subject", "about"]
    op.create_index("federation_tokens_place", "federation_tokens", place, unique=True)
    op.create_index("federation_tokens_valid", "federation_tokens", ["kind", "issuer", "about", "exp"])
