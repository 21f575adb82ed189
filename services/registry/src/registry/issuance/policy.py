"""What issuance takes from the settings: its origin, the keys of the log it believes, and how long artefacts live."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from goodstanding import record, status_list
from goodstanding.note import VerifierKey
from registry.errors import Invalid
from registry.settings import Settings


@dataclass(frozen=True, slots=True)
class Policy:
    """Settings of issuance, read once."""

    origin: str  # of the registry, without a slash at its end
    log: VerifierKey
    time: VerifierKey
    record_lifetime: timedelta
    list_lifetime: timedelta
    list_ttl: timedelta

    def __post_init__(self) -> None:
        for name, value, most in (
            ("record_lifetime", self.record_lifetime, timedelta(seconds=record.MAX_LIFETIME)),
            ("status_list_lifetime", self.list_lifetime, timedelta(seconds=status_list.MAX_LIFETIME)),
            ("status_list_ttl", self.list_ttl, timedelta(seconds=status_list.MAX_TTL)),
        ):
            if not timedelta(seconds=1) <= value <= most or value.microseconds:
                raise Invalid(f"{name} is {value}; it must be whole seconds, from one to {most}", field=name)

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Read the settings; Invalid for a lifetime out of bounds, LogError for a malformed verifier key of the log."""
        return cls(
            origin=settings.origin,
            log=VerifierKey.parse(settings.log_vkey),
            time=VerifierKey.parse(settings.log_time_vkey),
            record_lifetime=settings.record_lifetime,
            list_lifetime=settings.status_list_lifetime,
            list_ttl=settings.status_list_ttl,
        )

    def issuer(self, authority_id: str) -> str:
        """The `iss` of an authority's records."""
        return f"{self.origin}/authorities/{authority_id}"

    def organisation(self, organisation_id: str) -> str:
        """The `sub` of a record about an organisation."""
        return f"{self.origin}/organisations/{organisation_id}"
