"""Tables of accreditations, decisions and proposals. Standing columns are projections: the events decide."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from registry.columns import json, utc


class AccreditationRow(SQLModel, table=True):
    """One organisation under one scheme at one authority."""

    __tablename__ = "accreditations"
    __table_args__ = (
        Index(
            "one_open_accreditation",
            "authority_id", "organisation_id", "scheme_id",
            unique=True, sqlite_where=text("open"), postgresql_where=text("open"),
        ),
        Index("accreditations_changed", "changed_at"),
        Index("accreditations_standing", "authority_id", "standing"),
    )  # fmt: skip

    number: str = Field(primary_key=True, max_length=20)
    authority_id: str = Field(foreign_key="authorities.id", max_length=200)
    organisation_id: str = Field(foreign_key="organisations.id", max_length=40, index=True)
    scheme_id: str = Field(foreign_key="schemes.id", max_length=200)
    subject: bytes = Field(max_length=16)  # its stream in the log
    head: bytes | None = Field(default=None, max_length=32)  # leaf hash of its newest event
    open: bool = True  # false once ended for good, so that a new one may be applied for
    standing: str = Field(max_length=30)  # projection, staff's view (pending included)
    public_standing: str | None = Field(default=None, max_length=30)  # projection, the public's; null: nothing logged
    scope: dict[str, Any] = Field(sa_column=json())  # of the newest generation, or as applied for
    valid_until: datetime | None = Field(default=None, sa_column=utc(nullable=True))
    current: dict[str, Any] | None = Field(default=None, sa_column=json(nullable=True))  # projection: `current.py`
    created_at: datetime = Field(sa_column=utc())
    changed_at: datetime = Field(sa_column=utc())
    opened_by: str | None = Field(default=None, max_length=200)  # where another authority has taken it over since


class AccreditationCorridorRow(SQLModel, table=True):
    """Look-up of accreditations by the corridors of their scope; a projection."""

    __tablename__ = "accreditation_corridors"

    origin: str = Field(primary_key=True, max_length=6)
    destination: str = Field(primary_key=True, max_length=6)
    number: str = Field(primary_key=True, foreign_key="accreditations.number", max_length=20, index=True)


class DecisionRow(SQLModel, table=True):
    """The restricted half of a decision event; the public half is the event's body."""

    __tablename__ = "decisions"
    __table_args__ = (
        CheckConstraint("approver IS NULL OR proposer <> approver", name="two_persons"),
        CheckConstraint(
            "NOT four_eyes OR (proposer IS NOT NULL AND approver IS NOT NULL)", name="four_eyes_has_approver"
        ),
    )

    event_id: str = Field(primary_key=True, max_length=36)
    number: str = Field(foreign_key="accreditations.number", max_length=20, index=True)
    act: str = Field(max_length=40)
    four_eyes: bool
    proposer: str | None = Field(default=None, max_length=200)  # restricted
    approver: str | None = Field(default=None, max_length=200)  # restricted
    restricted_text: str | None = Field(default=None, max_length=20_000)
    evidence: list[str] = Field(sa_column=json())  # SHA-256 hashes, base64url
    decided_at: datetime = Field(sa_column=utc())


class ProposalRow(SQLModel, table=True):
    """A decision, or an act of administration, that one person proposed; the digest binds what another one approves."""

    __tablename__ = "proposals"
    __table_args__ = (
        CheckConstraint("decided_by IS NULL OR decided_by <> proposer", name="proposal_two_persons"),
        CheckConstraint("state = 'OPEN' OR decided_by IS NOT NULL", name="proposal_decided_by"),
    )

    id: str = Field(primary_key=True, max_length=40)
    authority_id: str = Field(foreign_key="authorities.id", max_length=200, index=True)
    number: str | None = Field(
        default=None, foreign_key="accreditations.number", max_length=20
    )  # null: it is about the register itself
    act: str = Field(max_length=40)
    reason: str = Field(max_length=100)
    content: dict[str, Any] = Field(sa_column=json())  # everything proposed, what the digest covers
    digest: str = Field(max_length=43)  # base64url SHA-256 of the canonical content
    proposer: str = Field(max_length=200)  # restricted
    state: str = Field(max_length=12)  # OPEN | APPROVED | REJECTED | EXPIRED
    effective_from: datetime | None = Field(default=None, sa_column=utc(nullable=True))
    expires_at: datetime = Field(sa_column=utc())
    created_at: datetime = Field(sa_column=utc())
    decided_by: str | None = Field(default=None, max_length=200)  # restricted
    decided_at: datetime | None = Field(default=None, sa_column=utc(nullable=True))
    event_id: str | None = Field(default=None, max_length=36)
    rejection: str | None = Field(default=None, max_length=1_000)  # why it was rejected; restricted
