"""Accreditations and proposals as they are kept, and what a proposal consists of.

Rules
1. A proposal's content is everything proposed, in one canonical form; its digest (base64url SHA-256) binds approval.
2. Which members an act takes follows from its row in the transition table; others are refused, not ignored.
3. Local days become instants in the authority's time zone when the decision is made, not before.
4. A proposal waits until it expires; expiry is computed, never stored.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from goodstanding.bodies import as_set
from goodstanding.canonical import b64u, canonical_bytes
from goodstanding.standing import Scope
from goodstanding.transitions import TRANSITIONS, Standing, Transition

ENDED_FOR_GOOD = frozenset(
    {
        Standing.WITHDRAWN_APPLICATION,
        Standing.REFUSED,
        Standing.REVOKED,
        Standing.BARRED,
        Standing.SURRENDERED,
        Standing.TERMINATED,
    }
)
"""Once here, the organisation may apply anew under the same scheme."""

_LETTERS = re.compile(r"[\s_-]+")


class ProposalState(StrEnum):
    """Where a proposal stands."""

    OPEN = "OPEN"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"  # computed, never stored


@dataclass(frozen=True, slots=True)
class Accreditation:
    """One organisation under one scheme at one authority: what does not follow from its decisions, and projections."""

    number: str
    authority_id: str
    organisation_id: str
    scheme_id: str
    subject: bytes = field(repr=False)
    head: bytes | None = field(repr=False)
    scope: Mapping[str, Any]  # of the newest generation, or as applied for
    public: bool  # something of it is visible to everyone
    opened_by: str  # the authority that opened it; another one may have taken over since
    current: Mapping[str, Any] | None = None  # projection, as it is stored
    doubtful: bool = True  # something has happened to a mandate it may rest on


@dataclass(frozen=True, slots=True)
class Proposal:
    """A decision, or an act of administration, one person proposed and another one approves or rejects."""

    id: str
    authority_id: str
    number: str | None  # None: it is about the register itself
    act: str
    reason: str
    content: Mapping[str, Any]
    digest: str
    proposer: str
    state: str
    effective_from: datetime | None
    expires_at: datetime
    event_id: str | None = None

    def state_at(self, now: datetime) -> ProposalState:
        """The state, with expiry computed (rule 4)."""
        expired = self.state == ProposalState.OPEN and now >= self.expires_at
        return ProposalState.EXPIRED if expired else ProposalState(self.state)


def digest_of(content: Mapping[str, Any]) -> str:
    """What an approver names to say that this, and nothing else, is approved (rule 1)."""
    return b64u(hashlib.sha256(canonical_bytes(content)).digest())


def act_named(text: str) -> Transition | None:
    """The row of an act, named without regard to case, hyphens, underscores and blanks; None when there is none."""
    name = _spelling(text)
    return next((row for row in TRANSITIONS if _spelling(row.act) == name), None)


def scope_object(scope: Scope) -> dict[str, Any]:
    """The `scope` member of a body: sorted sets, empty ones absent."""
    corridors = [{"origin": origin, "destination": destination} for origin, destination in scope.corridors]
    sets = {
        "activities": as_set(scope.activities),
        "sectors": as_set(scope.sectors),
        "corridors": as_set(corridors),
        "branches": as_set(scope.branches),
    }
    return {name: items for name, items in sets.items() if items}


def _spelling(text: str) -> str:
    return _LETTERS.sub("", text[:60]).lower()
