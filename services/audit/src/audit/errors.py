"""Every error of the log in one tree. None of them knows about HTTP or GraphQL; `problems.py` translates.

    AuditError
    ├── EntryRefused         an entry that must not be logged                        .event_id  .code
    │   ├── EntryConflict    its id is known with other bytes
    │   ├── PrevMismatch     it does not continue its subject's chain
    │   └── ErasureRefused   it cannot be erased, or nothing can be by it
    ├── QuestionRefused      a question that has no answer: sizes, indices, `after`
    ├── NotLogged            no published checkpoint covers the entry asked for
    ├── Unavailable          the database does not answer now
    │   └── StoreUnavailable     the store of published files does not; also an OSError, as a disk's failure is
    ├── Busy                 as many follow the log's tail as may at once
    ├── StoreDamaged         a published file is missing or altered
    ├── DatabaseRefused      the database is newer than this program can work on
    ├── ClockWentBackwards   nothing is signed until the clock has passed what was already signed
    └── LogStopped           the sequencer must not go on before a person has looked
        ├── Superseded       another sequencer has moved the tree
        └── StoreConflict    a published file has other bytes than the log would write

A message tells a person what happened, to what, and what to do.
"""

from goodstanding.errors import GoodstandingError


class AuditError(GoodstandingError):
    """Base of all errors of this package."""


class EntryRefused(AuditError):
    """An entry is malformed, or its commitment does not hold; `event_id` says which of the batch."""

    code = "ENTRY_REFUSED"

    def __init__(self, event_id: str, message: str) -> None:
        super().__init__(message)
        self.event_id = event_id


class EntryConflict(EntryRefused):
    """The event id is already in the log with other bytes."""

    code = "ENTRY_CONFLICT"


class PrevMismatch(EntryRefused):
    """The leaf's `prev` is not the hash of its subject's newest leaf."""

    code = "PREV_MISMATCH"


class ErasureRefused(EntryRefused):
    """An event that cannot be erased, or by which nothing can be erased."""

    code = "ERASURE_REFUSED"


class QuestionRefused(AuditError):
    """The question itself is wrong: a size, an index or a position that cannot be."""


class NotLogged(AuditError):
    """No published checkpoint covers the entry (yet)."""


class Unavailable(AuditError):
    """The database does not answer now; whatever was asked of it can be asked again."""

    what = "database"


class StoreUnavailable(Unavailable, OSError):
    """The store of published files does not answer now; whatever was asked of it can be asked again."""

    what = "store"


class Busy(AuditError):
    """Too many ask for the same at once; it can be asked again in a moment."""


class StoreDamaged(AuditError):
    """A file the published checkpoint vouches for is missing or altered."""


class DatabaseRefused(AuditError):
    """A newer program has changed the database beyond what this one knows."""


class ClockWentBackwards(AuditError):
    """The clock shows an earlier time than the newest signature carries."""


class LogStopped(AuditError):
    """The sequencer stops: going on could fork the log or publish what does not match its root."""


class Superseded(LogStopped):
    """Another sequencer writes to the same log."""


class StoreConflict(LogStopped):
    """A file exists with other bytes than those about to be published."""
