"""The first version of every table."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_TIME = sa.DateTime(timezone=True).with_variant(sa.String(24), "sqlite")


def upgrade() -> None:
    _access()
    _schemes()
    _organisations()
    _accreditations()
    _issuance()
    _intake()


def _access() -> None:
    op.create_table(
        "members",
        sa.Column("id", sa.String(200), primary_key=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("client", sa.Boolean, nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
    )
    op.create_table(
        "member_roles",
        sa.Column("authority_id", sa.String(200), primary_key=True),
        sa.Column("member_id", sa.String(200), sa.ForeignKey("members.id"), primary_key=True),
        sa.Column("role", sa.String(40), primary_key=True),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("actor", sa.String(200), primary_key=True),
        sa.Column("key", sa.String(200), primary_key=True),
        sa.Column("operation", sa.String(60), nullable=False),
        sa.Column("input_digest", sa.LargeBinary, nullable=False),
        sa.Column("result_id", sa.String(200), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
    )


def _schemes() -> None:
    op.create_table(
        "authorities",
        sa.Column("id", sa.String(200), primary_key=True),
        sa.Column("kind", sa.String(30), nullable=False),
        sa.Column("name", sa.String(600), nullable=False),
        sa.Column("jurisdiction", sa.String(6), nullable=False),
        sa.Column("time_zone", sa.String(60), nullable=False),
        sa.Column("entity_id", sa.String(400), nullable=False),
        sa.Column("subject", sa.LargeBinary, nullable=False),
        sa.Column("head", sa.LargeBinary),
    )
    op.create_table(
        "schemes",
        sa.Column("id", sa.String(200), primary_key=True),
        sa.Column("name", sa.String(600), nullable=False),
        sa.Column("version", sa.String(40), nullable=False),
        sa.Column("owner_id", sa.String(200), sa.ForeignKey("authorities.id"), nullable=False),
        sa.Column("criteria", sa.JSON, nullable=False),
        sa.Column("mappings", sa.JSON, nullable=False),
        sa.Column("mapping_version", sa.String(40)),
        sa.Column("subject", sa.LargeBinary, nullable=False),
        sa.Column("head", sa.LargeBinary),
    )
    op.create_table(
        "mandates",
        sa.Column("id", sa.String(200), primary_key=True),
        sa.Column("authority_id", sa.String(200), sa.ForeignKey("authorities.id"), nullable=False),
        sa.Column("scheme_id", sa.String(200), sa.ForeignKey("schemes.id"), nullable=False),
        sa.Column("acts", sa.JSON, nullable=False),
        sa.Column("valid_from", _TIME, nullable=False),
        sa.Column("valid_until", _TIME),
        sa.Column("ended_as", sa.String(20)),
        sa.Column("subject", sa.LargeBinary, nullable=False),
        sa.Column("head", sa.LargeBinary),
    )
    op.create_index("ix_mandates_authority_id", "mandates", ["authority_id"])


def _organisations() -> None:
    op.create_table(
        "organisations",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("name", sa.String(600), nullable=False),
        sa.Column("names", sa.JSON, nullable=False),
        sa.Column("identifiers", sa.JSON, nullable=False),
        sa.Column("domains", sa.JSON, nullable=False),
        sa.Column("jurisdiction", sa.String(6), nullable=False),
        sa.Column("subject", sa.LargeBinary),
        sa.Column("head", sa.LargeBinary),
        sa.Column("created_at", _TIME, nullable=False),
    )
    op.create_index("ix_organisations_jurisdiction", "organisations", ["jurisdiction"])
    op.create_table(
        "organisation_identifiers",
        sa.Column("scheme", sa.String(100), primary_key=True),
        sa.Column("value", sa.String(120), primary_key=True),
        sa.Column("organisation_id", sa.String(40), sa.ForeignKey("organisations.id"), primary_key=True),
    )


def _accreditations() -> None:
    op.create_table(
        "accreditations",
        sa.Column("number", sa.String(20), primary_key=True),
        sa.Column("authority_id", sa.String(200), sa.ForeignKey("authorities.id"), nullable=False),
        sa.Column("organisation_id", sa.String(40), sa.ForeignKey("organisations.id"), nullable=False),
        sa.Column("scheme_id", sa.String(200), sa.ForeignKey("schemes.id"), nullable=False),
        sa.Column("subject", sa.LargeBinary, nullable=False),
        sa.Column("head", sa.LargeBinary),
        sa.Column("open", sa.Boolean, nullable=False),
        sa.Column("standing", sa.String(30), nullable=False),
        sa.Column("public_standing", sa.String(30)),
        sa.Column("scope", sa.JSON, nullable=False),
        sa.Column("valid_until", _TIME),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("changed_at", _TIME, nullable=False),
    )
    op.create_index("accreditations_changed", "accreditations", ["changed_at"])
    op.create_index("accreditations_standing", "accreditations", ["authority_id", "standing"])
    op.create_index("ix_accreditations_organisation_id", "accreditations", ["organisation_id"])
    op.create_index(
        "one_open_accreditation", "accreditations", ["authority_id", "organisation_id", "scheme_id"], unique=True,
        sqlite_where=sa.text("open"), postgresql_where=sa.text("open"),
    )  # fmt: skip
    op.create_table(
        "accreditation_corridors",
        sa.Column("origin", sa.String(6), primary_key=True),
        sa.Column("destination", sa.String(6), primary_key=True),
        sa.Column("number", sa.String(20), sa.ForeignKey("accreditations.number"), primary_key=True),
    )
    op.create_index("ix_accreditation_corridors_number", "accreditation_corridors", ["number"])
    op.create_table(
        "decisions",
        sa.Column("event_id", sa.String(36), primary_key=True),
        sa.Column("number", sa.String(20), sa.ForeignKey("accreditations.number"), nullable=False),
        sa.Column("act", sa.String(40), nullable=False),
        sa.Column("four_eyes", sa.Boolean, nullable=False),
        sa.Column("proposer", sa.String(200)),
        sa.Column("approver", sa.String(200)),
        sa.Column("restricted_text", sa.String(20000)),
        sa.Column("evidence", sa.JSON, nullable=False),
        sa.Column("decided_at", _TIME, nullable=False),
        sa.CheckConstraint(
            "NOT four_eyes OR (proposer IS NOT NULL AND approver IS NOT NULL)", name="four_eyes_has_approver"
        ),
        sa.CheckConstraint("approver IS NULL OR proposer <> approver", name="two_persons"),
    )
    op.create_index("ix_decisions_number", "decisions", ["number"])
    op.create_table(
        "proposals",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("authority_id", sa.String(200), sa.ForeignKey("authorities.id"), nullable=False),
        sa.Column("number", sa.String(20), sa.ForeignKey("accreditations.number"), nullable=False),
        sa.Column("act", sa.String(40), nullable=False),
        sa.Column("reason", sa.String(100), nullable=False),
        sa.Column("content", sa.JSON, nullable=False),
        sa.Column("digest", sa.String(43), nullable=False),
        sa.Column("proposer", sa.String(200), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("effective_from", _TIME),
        sa.Column("expires_at", _TIME, nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("decided_by", sa.String(200)),
        sa.Column("decided_at", _TIME),
        sa.Column("event_id", sa.String(36)),
        sa.Column("rejection", sa.String(1000)),
        sa.CheckConstraint("state = 'OPEN' OR decided_by IS NOT NULL", name="proposal_decided_by"),
        sa.CheckConstraint("decided_by IS NULL OR decided_by <> proposer", name="proposal_two_persons"),
    )
    op.create_index("ix_proposals_authority_id", "proposals", ["authority_id"])


def _issuance() -> None:
    op.create_table(
        "events",
        sa.Column("seq", _KEY, primary_key=True),
        sa.Column("event_id", sa.String(36), nullable=False, unique=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("number", sa.String(20)),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("leaf", sa.LargeBinary, nullable=False),
        sa.Column("salt", sa.LargeBinary, nullable=False),
        sa.Column("recorded_at", _TIME, nullable=False),
        sa.Column("log_index", sa.Integer, unique=True),
        sa.Column("tree_size", sa.Integer),
        sa.Column("logged_at", _TIME),
    )
    op.create_index("events_number", "events", ["number", "seq"])
    op.create_table(
        "outbox",
        sa.Column("seq", _KEY, primary_key=True, autoincrement=False),
        sa.Column("event_id", sa.String(36), nullable=False),
        sa.Column("stage", sa.String(10), nullable=False),
    )
    op.create_index("outbox_stage", "outbox", ["stage", "seq"])
    op.create_table(
        "leases",
        sa.Column("name", sa.String(40), primary_key=True),
        sa.Column("holder", sa.String(60), nullable=False),
        sa.Column("fence", sa.Integer, nullable=False),
        sa.Column("until", _TIME, nullable=False),
    )
    op.create_table(
        "status_lists",
        sa.Column("id", sa.String(60), primary_key=True),
        sa.Column("authority_id", sa.String(200), sa.ForeignKey("authorities.id"), nullable=False),
        sa.Column("uri", sa.String(400), nullable=False),
        sa.Column("capacity", sa.Integer, nullable=False),
        sa.Column("allotted", sa.Integer, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("signed_version", sa.Integer, nullable=False),
        sa.Column("token", sa.String),
        sa.Column("iat", _TIME),
        sa.Column("exp", _TIME),
    )
    op.create_index("ix_status_lists_authority_id", "status_lists", ["authority_id"])
    op.create_table(
        "status_entries",
        sa.Column("list_id", sa.String(60), sa.ForeignKey("status_lists.id"), primary_key=True),
        sa.Column("idx", _KEY, primary_key=True, autoincrement=False),
        sa.Column("number", sa.String(20), nullable=False),
        sa.Column("event_id", sa.String(36), nullable=False),
        sa.Column("code", sa.Integer, nullable=False),
    )
    op.create_index("ix_status_entries_number", "status_entries", ["number"])
    op.create_table(
        "records",
        sa.Column("seq", _KEY, primary_key=True),
        sa.Column("jti", sa.String(80), nullable=False, unique=True),
        sa.Column("event_id", sa.String(36), nullable=False),
        sa.Column("number", sa.String(20), nullable=False),
        sa.Column("envelope", sa.String(20), nullable=False),
        sa.Column("issue", sa.Integer, nullable=False),
        sa.Column("iat", _TIME, nullable=False),
        sa.Column("exp", _TIME, nullable=False),
        sa.Column("payload", sa.LargeBinary, nullable=False),
        sa.Column("token", sa.String),
        sa.UniqueConstraint("event_id", "envelope", "issue"),
    )
    op.create_index("ix_records_number", "records", ["number"])
    op.create_table(
        "due_times",
        sa.Column("number", sa.String(20), primary_key=True),
        sa.Column("kind", sa.String(20), primary_key=True),
        sa.Column("at", _TIME, primary_key=True),
    )
    op.create_index("due_at", "due_times", ["at"])
    op.create_table(
        "keys",
        sa.Column("kid", sa.String(300), primary_key=True),
        sa.Column("owner", sa.String(200), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("jwk", sa.JSON, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("subject", sa.LargeBinary, nullable=False),
        sa.Column("head", sa.LargeBinary),
    )
    op.create_index("ix_keys_owner", "keys", ["owner"])
    op.create_table(
        "fixed_settings",
        sa.Column("name", sa.String(40), primary_key=True),
        sa.Column("value", sa.String(400), nullable=False),
    )


def _intake() -> None:
    op.create_table(
        "snapshots",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("authority_id", sa.String(200), sa.ForeignKey("authorities.id"), nullable=False),
        sa.Column("layout", sa.String(40), nullable=False),
        sa.Column("basis", sa.String(12), nullable=False),
        sa.Column("source", sa.String(400)),
        sa.Column("file_name", sa.String(200), nullable=False),
        sa.Column("file_hash", sa.String(43), nullable=False),
        sa.Column("rows", sa.Integer, nullable=False),
        sa.Column("accepted", sa.Integer, nullable=False),
        sa.Column("held", sa.Integer, nullable=False),
        sa.Column("rejected", sa.Integer, nullable=False),
        sa.Column("listings", sa.Integer, nullable=False),
        sa.Column("unchanged", sa.Integer, nullable=False),
        sa.Column("absent", sa.Integer, nullable=False),
        sa.Column("listed_before", sa.Integer, nullable=False),
        sa.Column("released_listings", sa.Integer, nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("uploaded_by", sa.String(200), nullable=False),
        sa.Column("uploaded_at", _TIME, nullable=False),
        sa.Column("released_by", sa.String(200)),
        sa.Column("released_at", _TIME),
        sa.CheckConstraint("released_by IS NULL OR released_by <> uploaded_by", name="release_two_persons"),
        sa.CheckConstraint("accepted + held + rejected = rows", name="rows_add_up"),
    )
    op.create_table(
        "staged_rows",
        sa.Column("snapshot_id", sa.String(40), sa.ForeignKey("snapshots.id"), primary_key=True),
        sa.Column("row", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("outcome", sa.String(10), nullable=False),
        sa.Column("reason", sa.String(300), nullable=False),
    )
    op.create_table(
        "staged_listings",
        sa.Column("snapshot_id", sa.String(40), sa.ForeignKey("snapshots.id"), primary_key=True),
        sa.Column("n", _KEY, primary_key=True, autoincrement=False),
        sa.Column("scheme_id", sa.String(200), nullable=False),
        sa.Column("source_key", sa.String(400), nullable=False),
        sa.Column("data", sa.JSON, nullable=False),
        sa.Column("released", sa.Boolean, nullable=False),
    )
    op.create_index("staged_pending", "staged_listings", ["snapshot_id", "released", "n"])
    op.create_table(
        "listed",
        sa.Column("authority_id", sa.String(200), primary_key=True),
        sa.Column("scheme_id", sa.String(200), primary_key=True),
        sa.Column("source_key", sa.String(400), primary_key=True),
        sa.Column("number", sa.String(20), sa.ForeignKey("accreditations.number"), nullable=False),
        sa.Column("local_word", sa.String(200), nullable=False),
        sa.Column("snapshot_id", sa.String(40), nullable=False),
    )
