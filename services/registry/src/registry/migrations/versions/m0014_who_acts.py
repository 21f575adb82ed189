"""Who acts is said to PostgreSQL at the beginning of a transaction; what kind of read was noted, and at which authority.

The functions are there one revision before anything depends on them, so that programs of this revision go on.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014_from_0013"
down_revision = "0013_from_0012"

STAFF = "registrar, proposer, approver, adjudication-registrar, assessor, authority-admin, scheme-owner"
MAY = {  # what a role allows to see at its authority
    "staff": STAFF,
    "files": "registrar, regulator",
    "regulates": "regulator",
    "administers": "authority-admin",
    "reviews": "authority-admin, regulator",
}


def upgrade() -> None:
    op.add_column("access_log", sa.Column("kind", sa.String(40)))
    op.add_column("access_log", sa.Column("authority_id", sa.String(200)))
    with op.batch_alter_table("access_log") as log:
        log.alter_column("organisation_id", existing_type=sa.String(40), nullable=True)
    op.create_index("access_log_authority", "access_log", ["authority_id", "seq"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_act_for())


def _act_for() -> str:
    """A function that keeps, until the transaction ends, who acts and at which authorities they may see what.

    The member comes first: what the function then reads of roles is what that member may read.
    """
    may = "\n".join(map(_keep, MAY.items()))
    return f"""CREATE FUNCTION goodstanding_act_for(acting text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
  PERFORM set_config('goodstanding.member', acting, true);
{may}
END $$"""


def _keep(one: tuple[str, str]) -> str:
    name, roles = one
    held = f"member_id = acting AND role = ANY ('{{{roles}}}')"
    authorities = f"(SELECT array_agg(authority_id)::text FROM member_roles WHERE {held})"  # noqa: S608 - all is ours
    return f"  PERFORM set_config('goodstanding.{name}', coalesce({authorities}, '{{}}'), true);"
