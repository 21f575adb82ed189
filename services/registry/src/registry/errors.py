"""Every error of the registry's domain in one tree. None of them knows about HTTP or GraphQL; the edge translates.

    RegistryError
    ├── DomainError            a request cannot be done as asked              .code
    │   ├── NotAllowed         the transition table refuses the act           .allowed_acts
    │   ├── Invalid            a value is malformed or does not fit           .field
    │   ├── NotFound           what the request names does not exist
    │   ├── Forbidden          the caller, or the authority, may not do this
    │   └── Conflict           something that happened before is in the way   .blocked_by
    ├── Unavailable            the database does not answer now               .code  .why
    └── DatabaseRefused        this database is not the one these settings belong to

A message tells a person what happened, to what, and what to do. `code` is for programs and only ever gains values.
"""

from collections.abc import Iterable


class RegistryError(Exception):
    """Base of all errors of this package's domain."""


class DomainError(RegistryError):
    """A request that cannot be done as asked; nothing was changed."""

    code = "DOMAIN_ERROR"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code


class NotAllowed(DomainError):
    """The transition table refuses an act; `allowed_acts` are the acts possible at that instant."""

    code = "NOT_ALLOWED"

    def __init__(self, message: str, *, allowed_acts: Iterable[str] = (), code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.allowed_acts = tuple(allowed_acts)


class Invalid(DomainError):
    """A value is malformed, too long or does not fit the others; `field` is its name as clients write it."""

    code = "INVALID"

    def __init__(self, message: str, *, field: str | None = None, code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.field = field


class NotFound(DomainError):
    """What the request names does not exist, or is not for the caller to see."""

    code = "NOT_FOUND"


class Forbidden(DomainError):
    """The caller lacks a role, is not a second person, or the authority lacks a mandate."""

    code = "FORBIDDEN"


class Conflict(DomainError):
    """Something that happened before is in the way; `blocked_by` is its id where there is one."""

    code = "CONFLICT"

    def __init__(self, message: str, *, blocked_by: str | None = None, code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.blocked_by = blocked_by


class Unavailable(RegistryError):
    """The database does not answer now. A write that ends so was done or not; asked for again, it is done once.

    `why` is for operators, and holds nothing of what was asked.
    """

    code = "DATABASE_UNAVAILABLE"
    message = "The register cannot answer now. Try again in a moment: under its idempotency key an act is done once."

    def __init__(self, *, why: str) -> None:
        super().__init__(self.message)
        self.why = why


class DatabaseRefused(RegistryError):
    """The database was made for other settings, or is not at the version this program needs."""
