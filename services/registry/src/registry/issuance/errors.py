"""What can go wrong between a decision and its signed record, in one tree. None of it knows about HTTP.

IssuanceError
├── StaleStream     a stream moved on between reading its head and writing to it
├── LogUnavailable  the log did not answer usefully; try again later
├── LogConflict     the log holds an event under this id with other bytes     .event_id
├── LogLied         what the log answered does not verify; nothing is released until a person looked
└── LostLease       another worker took over; this one writes nothing more
"""


class IssuanceError(Exception):
    """Base of all errors of issuance."""


class StaleStream(IssuanceError):
    """Another event was written to the stream since the caller read its head; read again and decide again."""


class LogUnavailable(IssuanceError):
    """The log did not answer, or answered that it cannot now."""


class LogConflict(IssuanceError):
    """The log refuses an event for good: other bytes under a known id, or not the next of its subject."""

    def __init__(self, message: str, event_id: str | None = None) -> None:
        super().__init__(message)
        self.event_id = event_id


class LogLied(IssuanceError):
    """A checkpoint or proof does not verify against the keys this registry trusts."""


class LostLease(IssuanceError):
    """The worker's fence is no longer the lease's."""


class ListBetweenTimes(IssuanceError):
    """A status list cannot be signed for even one second, because an entry changes within it; ask again."""
