"""Who acts, and in what role. A person and a client (an API key) are both members; only persons approve."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from registry.errors import Forbidden


class Role(StrEnum):
    """What a member may do at one authority."""

    REGISTRAR = "registrar"  # registers organisations, files applications, uploads lists
    PROPOSER = "proposer"  # the first pair of eyes
    APPROVER = "approver"  # the second pair of eyes; releases lists
    ADJUDICATION_REGISTRAR = "adjudication-registrar"  # records what a tribunal has ruled
    ASSESSOR = "assessor"  # looks into applications; decides nothing
    AUTHORITY_ADMIN = "authority-admin"  # gives and takes roles at the authority, as one of two
    SCHEME_OWNER = "scheme-owner"  # gives and ends mandates, sets mappings and criteria, as one of two
    REGULATOR = "regulator"  # sees what is restricted to regulators
    SUBSCRIBER = "subscriber"  # is told of changes


STAFF = frozenset(Role) - {Role.REGULATOR, Role.SUBSCRIBER}
"""Who works at an authority, and so sees what is not decided or not logged yet; the others look on."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Whoever makes a request. `roles` are (authority, role) pairs as the token states them."""

    anonymous: ClassVar["Actor"]

    sub: str
    client: bool = False
    roles: frozenset[tuple[str, str]] = frozenset()

    @property
    def authorities(self) -> frozenset[str]:
        """The authorities this actor works for, whose restricted data it may see."""
        return frozenset(authority for authority, role in self.roles if role in STAFF)

    def works_for(self, authority: str) -> bool:
        """True for a member of the authority's staff, in any role."""
        return any(own == authority and role in STAFF for own, role in self.roles)

    def need_identity(self) -> None:
        """Forbidden for a caller who did not say who they are."""
        if not self.sub:
            raise Forbidden("Nobody is signed in: send an access token as a bearer token.", code="NOT_SIGNED_IN")

    def need_person(self, what: str) -> None:
        """Forbidden for an API key: `what` takes a person."""
        self.need_identity()
        if self.client:
            raise Forbidden(
                f"An API key may not {what}: this takes a person. Sign in as a person.", code="PERSON_NEEDED"
            )


Actor.anonymous = Actor("")
