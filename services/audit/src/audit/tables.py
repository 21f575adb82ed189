"""Tables of the log. They only declare; queries are Core statements, rows never leave this package as objects.

Who writes what: `entries` and `subjects` in the transaction of an append; `entries.log_index`, `tree` and
`checkpoints` in the transaction of the sequencer (step 5); `witnesses`, and cosignatures in `checkpoints`, by
`cosigning.py`. The tables stand in a metadata of their own, because
standalone loads another service's tables into the same process.
"""

from typing import ClassVar

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, text
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

# A 64-bit key that SQLite still treats as its rowid.
_Key = BigInteger().with_variant(Integer, "sqlite")


def _key(name: str, kind: Integer) -> Column[int]:
    """Make a key column whose values we choose."""
    return Column(name, kind, primary_key=True, autoincrement=False)


class _Base(SQLModel, registry=registry()):
    """Carries the audit service's own metadata."""


class EntryRow(_Base, table=True):
    """One submitted event. Body and salt can be erased, in which case `erased_by` names the erasure event."""

    __tablename__ = "entries"
    __table_args__: ClassVar = (
        Index(
            "entries_pending", "seq",
            sqlite_where=text("log_index IS NULL"), postgresql_where=text("log_index IS NULL"),
        ),
        Index(
            "entries_erased", "log_index",
            sqlite_where=text("erased_by IS NOT NULL"), postgresql_where=text("erased_by IS NOT NULL"),
        ),
    )  # fmt: skip

    seq: int | None = Field(default=None, primary_key=True, sa_type=_Key)  # order of submission
    event_id: str = Field(max_length=36, unique=True)
    leaf: bytes = Field(sa_type=LargeBinary)  # at most 512 bytes
    leaf_hash: bytes = Field(sa_type=LargeBinary)  # RFC 6962
    body: bytes | None = Field(default=None, sa_type=LargeBinary)
    salt: bytes | None = Field(default=None, sa_type=LargeBinary)
    erased_by: str | None = Field(default=None, max_length=36)
    log_index: int | None = Field(default=None, unique=True, sa_type=BigInteger)  # null until sequenced
    submitted_at: str = Field(max_length=24)  # protocol time form, sorts as time does


class SubjectRow(_Base, table=True):
    """Newest stored leaf of each subject: what the next leaf must name as `prev`."""

    __tablename__ = "subjects"

    subject: bytes = Field(primary_key=True, sa_type=LargeBinary)  # 16 bytes
    head: bytes = Field(sa_type=LargeBinary)  # 32 bytes


class TreeRow(_Base, table=True):
    """The one row that says how far the log has come. Whoever moves it holds its lock and compares the size."""

    __tablename__ = "tree"

    id: int = Field(sa_column=_key("id", Integer()))  # always 1
    origin: str = Field(max_length=300)
    size: int = Field(sa_type=BigInteger)
    root: bytes = Field(sa_type=LargeBinary)


class CheckpointRow(_Base, table=True):
    """For every published size its first time-cosigned note: it defines since when the size was known."""

    __tablename__ = "checkpoints"

    size: int = Field(sa_column=_key("size", BigInteger()))
    note: str
    cosigned_at: int = Field(sa_type=BigInteger)  # seconds since 1970


class WitnessRow(_Base, table=True):
    """The size a witness has cosigned last, as far as it told us."""

    __tablename__ = "witnesses"

    public_key: bytes = Field(primary_key=True, sa_type=LargeBinary)  # 32 bytes
    size: int = Field(sa_type=BigInteger)


METADATA = _Base.metadata
ENTRIES: Table = METADATA.tables["entries"]
SUBJECTS: Table = METADATA.tables["subjects"]
TREE: Table = METADATA.tables["tree"]
CHECKPOINTS: Table = METADATA.tables["checkpoints"]
WITNESSES: Table = METADATA.tables["witnesses"]
