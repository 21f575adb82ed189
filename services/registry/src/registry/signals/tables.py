"""Tables of signals, of who reported them, and of what became of them. No event holds anything of them."""

from datetime import date, datetime

from sqlalchemy import Column, Index
from sqlmodel import Field, SQLModel

from registry.columns import BigKey, json, utc


class SignalRow(SQLModel, table=True):
    """What somebody reported about an organisation."""

    __tablename__ = "signals"
    __table_args__ = (
        Index("signals_of_organisation", "organisation_id", "received_at"),
        Index("signals_waiting", "state", "anonymous"),
    )

    id: str = Field(primary_key=True, max_length=40)  # sig_<UUIDv7 hex>
    organisation_id: str = Field(foreign_key="organisations.id", max_length=40)
    number: str | None = Field(default=None, foreign_key="accreditations.number", max_length=20)
    kind: str = Field(max_length=40)
    text: str = Field(max_length=4_000)  # restricted
    evidence: list[str] = Field(sa_column=json())  # SHA-256 hashes, base64url
    occurred_on: date | None = None
    country: str | None = Field(default=None, max_length=6)
    anonymous: bool  # sent without an account; the others are not named here either
    received_at: datetime = Field(sa_column=utc())
    state: str = Field(max_length=20)
    authority_id: str | None = Field(default=None, foreign_key="authorities.id", max_length=200)  # that has taken it up
    assigned_to: str | None = Field(default=None, max_length=200)  # restricted


class ReporterRow(SQLModel, table=True):
    """Who reported; deleted when erased."""

    __tablename__ = "signal_reporters"

    id: str = Field(primary_key=True, max_length=40)  # rep_<UUIDv7 hex>
    signal_id: str = Field(foreign_key="signals.id", max_length=40, unique=True)
    name: str | None = Field(default=None, max_length=200)  # restricted
    contact: str | None = Field(default=None, max_length=300)  # restricted


class ErasedReporterRow(SQLModel, table=True):
    """That somebody had given a name, and when it was erased."""

    __tablename__ = "erased_reporters"

    id: str = Field(primary_key=True, max_length=40)
    signal_id: str = Field(foreign_key="signals.id", max_length=40)
    erased_at: datetime = Field(sa_column=utc())


class SignalChangeRow(SQLModel, table=True):
    """One move of a signal, or one handing over; append-only."""

    __tablename__ = "signal_changes"

    seq: int | None = Field(default=None, sa_column=Column(BigKey, primary_key=True, autoincrement=True))
    signal_id: str = Field(foreign_key="signals.id", max_length=40, index=True)
    source: str = Field(max_length=20)
    target: str = Field(max_length=20)
    authority_id: str = Field(max_length=200)
    actor: str = Field(max_length=200)  # restricted
    assigned_to: str | None = Field(default=None, max_length=200)  # restricted
    note: str | None = Field(default=None, max_length=2_000)  # restricted
    at: datetime = Field(sa_column=utc())
