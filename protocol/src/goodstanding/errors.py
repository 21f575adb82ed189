"""Every error this package raises, in one tree. None of them knows about HTTP; services translate at their edge.

    GoodstandingError
    ├── EventError          a body, leaf or canonical JSON text is not what the wire format says
    │   └── DuplicateName   one JSON object holds a name twice
    ├── NumberError         an accreditation number that cannot be one               .reason
    ├── ActNotAllowed       the transition table refuses an act                      .allowed  .blocked_by
    ├── LogError            a tile, note, checkpoint or proof is malformed or does not verify
    │   ├── FeedGap         the feed leaves an entry out, or repeats one
    │   └── BodyMissing     the feed shows an entry without its body, and says no reason
    ├── TokenError          a signed token is refused: record, status list, access, federation   .reason
    ├── KeyRefused          a key that must not be used, or a key file nobody should trust
    ├── KeyAway             the device that holds a key does not answer now; try again later
    ├── TrustError          the trust file cannot be read, or contradicts itself
    └── EvidenceError       an evidence bundle cannot be read

A message tells a person what happened, to what, and what to do. `reason` is an upper-case code for programs; codes
are added, never renamed.
"""

from __future__ import annotations

from collections.abc import Iterable


class GoodstandingError(Exception):
    """Base of all errors of this package."""


class EventError(GoodstandingError):
    """A body, leaf or canonical JSON text is malformed."""


class DuplicateName(EventError):
    """One JSON object holds a name twice, so two readers could read two different things."""


class _Reasoned(GoodstandingError):
    """An error with a machine-readable `reason` beside its sentence."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class NumberError(_Reasoned):
    """An accreditation number is malformed or its check digits are wrong; reason `BAD_NUMBER`."""


class TokenError(_Reasoned):
    """A signed token is refused; the codes are listed at the top of `jws.py` and of the module that reads it."""


class ActNotAllowed(GoodstandingError):
    """An act is not allowed now: `allowed` lists those that are, `blocked_by` is the event id in the way, if any."""

    def __init__(self, message: str, *, allowed: Iterable[str] = (), blocked_by: str | None = None) -> None:
        super().__init__(message)
        self.allowed: tuple[str, ...] = tuple(allowed)
        self.blocked_by = blocked_by


class LogError(GoodstandingError):
    """A tile, note, checkpoint or proof is malformed or does not verify."""


class FeedGap(LogError):
    """The feed leaves an entry out, or repeats one."""


class BodyMissing(LogError):
    """The feed shows an entry without its body, and says no reason."""


class KeyRefused(GoodstandingError):
    """A key is malformed, weak or of the wrong kind, or its file is not safe to use."""


class KeyAway(GoodstandingError):
    """The device that holds a private key does not answer now. Nothing was signed; trying again later may help."""


class TrustError(GoodstandingError):
    """The trust configuration cannot be read, or contradicts itself."""


class EvidenceError(GoodstandingError):
    """An evidence bundle cannot be read."""
