"""Entities of the register: their names, how long what they sign lives, and which accreditations are federated. Pure.

Rules
1. An entity is an authority, `{origin}/authorities/{id}`, or an organisation hosted here, `{origin}/organisations/{id}`.
2. A trust mark's type is the scheme: `{origin}/schemes/{id}`.
3. Samples are federated only where nobody could take them for real: on this machine, or under a name that is reserved
   for tests and examples (RFC 2606, RFC 6761).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Self
from urllib.parse import urlsplit

from goodstanding.addresses import HERE
from goodstanding.number import SAMPLE_PREFIX

AUTHORITIES, ORGANISATIONS = "authorities", "organisations"
CONFIGURATION, SUBORDINATE, DELEGATION, MARK = "configuration", "subordinate", "delegation", "mark"
RESOLVED, HISTORY, STATUS = "resolved", "history", "status"

_RESERVED = (".example", ".test", ".localhost", ".invalid", ".example.com", ".example.org", ".example.net")


@dataclass(frozen=True, slots=True)
class Life:
    """How long a token lives, and how long before its end the next one is made where only age ends it."""

    lifetime: timedelta
    renew_before: timedelta

    def serves(self, iat: datetime, exp: datetime, now: datetime) -> bool:
        """Whether a token of these times is still to be shown."""
        aged = exp - iat == self.lifetime
        return now < (exp - self.renew_before if aged else exp)


DAY: Final = timedelta(days=1)
LIVES: Final = {
    CONFIGURATION: Life(DAY, DAY / 2),
    SUBORDINATE: Life(DAY, DAY / 2),
    HISTORY: Life(DAY, DAY / 2),
    RESOLVED: Life(DAY, DAY / 4),
    DELEGATION: Life(14 * DAY, 7 * DAY),  # so that it outlives every mark it is put into
    MARK: Life(7 * DAY, DAY),
    STATUS: Life(timedelta(minutes=1), timedelta(0)),
}
"""By kind of token. None lives longer than `key_rows.LONGEST` says of federation keys."""


@dataclass(frozen=True, slots=True)
class Entity:
    """An entity of this register: `kind` is AUTHORITIES or ORGANISATIONS."""

    kind: str
    id: str


@dataclass(frozen=True, slots=True)
class Names:
    """Addresses under the register's origin, which has no slash at its end."""

    origin: str

    def entity(self, entity: Entity) -> str:
        """The entity identifier."""
        return f"{self.origin}/{entity.kind}/{entity.id}"

    def authority(self, authority_id: str) -> str:
        """The entity identifier of an authority."""
        return self.entity(Entity(AUTHORITIES, authority_id))

    def organisation(self, organisation_id: str) -> str:
        """The entity identifier of an organisation."""
        return self.entity(Entity(ORGANISATIONS, organisation_id))

    def read(self, address: str) -> Entity | None:
        """The entity of this identifier, if it can be one of this register."""
        kind, _, found = address.removeprefix(f"{self.origin}/").partition("/")
        known = address.startswith(f"{self.origin}/") and kind in (AUTHORITIES, ORGANISATIONS)
        return Entity(kind, found) if known and found and "/" not in found else None

    def mark_type(self, scheme_id: str) -> str:
        """The trust mark type of a scheme."""
        return f"{self.origin}/schemes/{scheme_id}"

    def scheme(self, mark_type: str) -> str | None:
        """The scheme of a trust mark type of this register."""
        start = f"{self.origin}/schemes/"
        return mark_type.removeprefix(start) or None if mark_type.startswith(start) else None

    def endpoint(self, entity: Entity, name: str) -> str:
        """The address of a federation endpoint."""
        return f"{self.origin}/federation/{entity.kind}/{entity.id}/{name}"

    @property
    def host(self) -> str:
        """The host all entities share."""
        return urlsplit(self.origin).hostname or ""

    @property
    def path(self) -> str:
        """The path all entities' paths begin with."""
        return urlsplit(self.origin).path

    def federates(self, number: str) -> bool:
        """Rule 3."""
        harmless = self.host in HERE or f".{self.host}".endswith(_RESERVED)
        return harmless or not number.startswith(f"{SAMPLE_PREFIX}-")


@dataclass(frozen=True, slots=True)
class Accredited:
    """An accreditation with a released record of the generation in force, and its place in a status list."""

    number: str
    authority_id: str
    organisation_id: str
    scheme_id: str
    event_id: str  # opened the generation
    exp: datetime  # of its newest record
    list_id: str
    idx: int


@dataclass(frozen=True, slots=True)
class Signed:
    """A token as it is served, and until when."""

    token: str
    iat: datetime
    exp: datetime

    @classmethod
    def of(cls, row: "Stored") -> Self:
        """Of a row that has its token."""
        return cls(row.token or "", row.iat, row.exp)


@dataclass(frozen=True, slots=True)
class Stored:
    """What is stored of a token: signed where `token` is there."""

    issue: int
    digest: bytes
    iat: datetime
    exp: datetime
    payload: bytes
    token: str | None
    kid: str | None
