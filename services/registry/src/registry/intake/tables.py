"""Tables of intake: snapshots of uploaded lists, their staged rows, and what is currently listed."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Column, Index
from sqlmodel import Field, SQLModel

from registry.columns import BigKey, json, utc


class SnapshotRow(SQLModel, table=True):
    """One uploaded file. accepted + held + rejected = rows, always."""

    __tablename__ = "snapshots"
    __table_args__ = (
        CheckConstraint("released_by IS NULL OR released_by <> uploaded_by", name="release_two_persons"),
        CheckConstraint("accepted + held + rejected = rows", name="rows_add_up"),
    )

    id: str = Field(primary_key=True, max_length=40)
    authority_id: str = Field(foreign_key="authorities.id", max_length=200)
    layout: str = Field(max_length=40)
    basis: str = Field(max_length=12)  # feed | transcribed
    source: str | None = Field(default=None, max_length=400)  # URL a transcribed list was published at
    file_name: str = Field(max_length=200)
    file_hash: str = Field(max_length=43)  # base64url SHA-256
    rows: int = 0
    accepted: int = 0
    held: int = 0
    rejected: int = 0
    listings: int = 0  # accreditations the accepted rows amount to
    unchanged: int = 0  # accreditations that were already listed with the same word
    absent: int = 0  # accreditations listed before that this file does not name
    listed_before: int = 0  # accreditations listed when the file was staged
    released_listings: int = 0
    gone: int | None = Field(default=None)  # this and the next three: accreditations; null in rows from before: 0
    back: int | None = Field(default=None)
    changed: int | None = Field(default=None)
    held_gone: int | None = Field(default=None)  # not named by the file, and not to be unlisted without a person
    released_changes: int | None = Field(default=None)  # of gone, back and changed
    removals_confirmed: int | None = Field(default=None)  # how many the releaser said it removes, where that is many
    rejected_by: str | None = Field(default=None, max_length=200)  # restricted
    rejection: str | None = Field(default=None, max_length=1_000)  # restricted
    state: str = Field(max_length=12)  # STAGED | RELEASING | RELEASED | REJECTED
    uploaded_by: str = Field(max_length=200)  # restricted
    uploaded_at: datetime = Field(sa_column=utc())
    released_by: str | None = Field(default=None, max_length=200)  # restricted
    released_at: datetime | None = Field(default=None, sa_column=utc(nullable=True))


class StagedRow(SQLModel, table=True):
    """A row that was held or rejected, with the reason. Accepted rows live on in their listing."""

    __tablename__ = "staged_rows"

    snapshot_id: str = Field(primary_key=True, foreign_key="snapshots.id", max_length=40)
    row: int = Field(primary_key=True)  # 1 is the first row under the header
    outcome: str = Field(max_length=10)  # HELD | REJECTED
    reason: str = Field(max_length=300)


class StagedListingRow(SQLModel, table=True):
    """One accreditation to be listed or changed, from any number of rows; released in order of `n`, in batches."""

    __tablename__ = "staged_listings"
    __table_args__ = (Index("staged_pending", "snapshot_id", "released", "n"),)

    snapshot_id: str = Field(primary_key=True, foreign_key="snapshots.id", max_length=40)
    n: int = Field(sa_column=Column(BigKey, primary_key=True, autoincrement=False))
    scheme_id: str = Field(max_length=200)
    source_key: str = Field(max_length=400)
    data: dict[str, Any] = Field(sa_column=json())  # as StagedListing.data writes it
    released: bool = False
    act: str | None = Field(default=None, max_length=40)  # null: list
    reason: str | None = Field(default=None, max_length=300)  # why it was held instead of released


class ListedRow(SQLModel, table=True):
    """What a source's newest released snapshot lists, so that the next one can be compared with it."""

    __tablename__ = "listed"

    authority_id: str = Field(primary_key=True, max_length=200)
    scheme_id: str = Field(primary_key=True, max_length=200)
    source_key: str = Field(primary_key=True, max_length=400)
    number: str = Field(foreign_key="accreditations.number", max_length=20)
    local_word: str = Field(max_length=200)
    snapshot_id: str = Field(max_length=40)  # that listed or changed it last: it says of which list it is
    unlisted_in: str | None = Field(default=None, max_length=40)  # the snapshot that no longer names it
