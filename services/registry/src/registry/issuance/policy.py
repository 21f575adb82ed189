"""What issuance takes from the settings: its origin, the keys of the log it believes, and how long artefacts live."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from goodstanding import policy as quorums
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
    quorum: quorums.Policy | None  # of the log's witnesses; None where nobody waits for them
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
        """Read the settings; Invalid for a lifetime out of bounds, LogError for a malformed key or policy of the log."""
        log, time = VerifierKey.parse(settings.log_vkey), VerifierKey.parse(settings.log_time_vkey)
        return cls(
            origin=settings.origin,
            log=log,
            time=time,
            quorum=quorum_of(settings, log, time),
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


def quorum_of(settings: Settings, log: VerifierKey, time: VerifierKey) -> quorums.Policy | None:
    """The witnesses' policy from its file; LogError for one that is malformed or not about this log."""
    file = settings.log_policy_file
    return None if file is None else quorums.fitting(quorums.load_policy(file), log, time)
