"""What may be erased, and how an erasure goes.

Rules
1. One person at an authority asks for it and another one approves it; both are its authority-admins.
2. Erased are logged decisions, organisations and relations of that authority; decisions of accreditations that it has
   taken over are its own. What vouches for others (keys, mandates,
   schemes, authorities) stays, and so does every erasure.
3. First the erasure event is logged, then the log deletes bodies and salts, then the register does. Whatever stops in
   between goes on from there: each step can be done again.
4. An accreditation of which a decision is erased shows nothing any more: what is left could be taken for the whole.
   Its status indices say 3, nothing asserted; one that said 1 keeps it.
5. A request waits until it expires, or until a second person rejects it; both are computed, never stored as its state.
6. Leaves, indices and proofs stay. Whoever kept a record or a copy of the feed can still open its leaf.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from registry.errors import Conflict, Invalid, NotFound
from registry.ids import Node

KINDS: Final = ("decision", "organisation", "relation")
MAX_EVENTS: Final = 100  # of one erasure event
MAX_REASON: Final = 1_000  # characters
ERASED_STANDING: Final = "ERASED"  # in place of a standing, so that no list holds it
ASSERTS_NOTHING: Final = 3  # status code


class State(StrEnum):
    """Where an erasure stands."""

    REQUESTED = "REQUESTED"
    REJECTED = "REJECTED"  # computed
    EXPIRED = "EXPIRED"  # computed
    APPROVED = "APPROVED"  # its event is on its way, or logged
    DONE = "DONE"
    ASIDE = "ASIDE"  # the log refuses it for good; it waits for a person


@dataclass(frozen=True, slots=True)
class Erasure:
    """An erasure as it is kept."""

    id: str
    authority_id: str
    event_ids: tuple[str, ...]
    reason: str
    state: State
    requested_by: str
    requested_at: datetime
    event_id: str | None = None  # of the erasure event
    subject: bytes = b""
    head: bytes | None = None
    expires_at: datetime | None = None
    rejected_at: datetime | None = None

    def state_at(self, now: datetime) -> State:
        """The state, with rejection and expiry computed (rule 5)."""
        if self.state is not State.REQUESTED:
            return self.state
        if self.rejected_at is not None:
            return State.REJECTED
        return State.EXPIRED if self.expires_at is not None and now >= self.expires_at else State.REQUESTED


@dataclass(frozen=True, slots=True)
class Logged:
    """An event as far as erasing it is concerned."""

    event_id: str
    kind: str
    authority_id: str
    index: int | None
    erased_by: str | None


def wanted(event_ids: Sequence[str]) -> tuple[str, ...]:
    """The events asked for, sorted, each once; Invalid."""
    ids = tuple(sorted(set(event_ids)))
    if not 0 < len(ids) <= MAX_EVENTS:
        raise Invalid(f"{len(ids)} events to erase; name 1 to {MAX_EVENTS}.", field="events")
    for event_id in ids:
        if not Node.DECISION.fits(event_id):
            raise Invalid(f"{event_id[:60]!r} is not the id of an event.", field="events")
    return ids


def erasable(event_ids: Collection[str], found: Mapping[str, Logged]) -> str:
    """The one authority all of them are of (rules 1 and 2); NotFound, Invalid, Conflict."""
    for event_id in event_ids:
        _check(event_id, found.get(event_id))
    authorities = sorted({found[event_id].authority_id for event_id in event_ids})
    if len(authorities) > 1:
        raise Invalid(f"The events are of {', '.join(authorities)}; name those of one authority.", field="events")
    return authorities[0]


def _check(event_id: str, event: Logged | None) -> None:
    if event is None:
        raise NotFound(f"There is no event {event_id}.")
    if event.kind not in KINDS:
        raise Invalid(
            f"{event_id} is of kind {event.kind}, which others rest on; only {', '.join(KINDS)} are erased.",
            field="events",
            code="NOT_ERASABLE",
        )
    if event.index is None:
        raise Conflict(f"{event_id} is not in the log yet; try again shortly.", blocked_by=event_id, code="NOT_LOGGED")
    if event.erased_by is not None:
        raise Conflict(f"{event_id} is erased already.", blocked_by=event.erased_by, code="ALREADY_ERASED")
