"""Who acts, and in what role. A person and a client (an API key) are both members; only persons approve."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final

from registry.errors import Forbidden


class Role(StrEnum):
    """What a member may do at one authority; `DOES` says it in words."""

    REGISTRAR = "registrar"
    PROPOSER = "proposer"
    APPROVER = "approver"
    ADJUDICATION_REGISTRAR = "adjudication-registrar"
    ASSESSOR = "assessor"
    AUTHORITY_ADMIN = "authority-admin"
    SCHEME_OWNER = "scheme-owner"
    REGULATOR = "regulator"
    SUBSCRIBER = "subscriber"


DOES: Final[Mapping[Role, str]] = {
    Role.REGISTRAR: "registers and relates organisations, keeps people's files, files applications, uploads lists, records acts of one person",
    Role.PROPOSER: "the first pair of eyes: proposes decisions, registers and relates organisations, uploads lists",
    Role.APPROVER: "the second pair of eyes: approves and rejects decisions, releases lists; a person",
    Role.ADJUDICATION_REGISTRAR: "proposes what a tribunal has ruled",
    Role.ASSESSOR: "looks into applications; decides nothing",
    Role.AUTHORITY_ADMIN: "gives and takes roles at the authority, has events erased; one of two persons",
    Role.SCHEME_OWNER: "gives and ends mandates, sets mappings and criteria of the authority's schemes; one of two persons",
    Role.REGULATOR: "oversees: states suspected successors, reads and erases people, decides nothing",
    Role.SUBSCRIBER: "is told of changes to what is public; reads what everybody reads, and does nothing",
}
"""What each role is for."""


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
