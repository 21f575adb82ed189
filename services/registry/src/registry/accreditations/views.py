"""What one reader may see of an accreditation at one moment. Pure.

Rules
1. Everyone sees logged decisions, and pending ones that lower trust, marked PENDING_LOG.
2. Staff of the authority see pending decisions as well.
3. Known at an earlier time: logged decisions below the size the log then had, and no others.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from goodstanding.standing import Decision, State, fold, public_history
from registry.accreditations.current import Beside, Shown, shown_at
from registry.accreditations.events import LogPosition

PENDING_LOG = "PENDING_LOG"
ISSUER_SUSPECT = "ISSUER_SUSPECT"
SOURCE_STALE = "SOURCE_STALE"


@dataclass(frozen=True, slots=True)
class View:
    """The decisions of an accreditation that its reader may see."""

    complete: Sequence[Decision]  # for questions about an earlier knowledge only
    seen: Sequence[Decision]

    def sees(self, event_id: str) -> bool:
        """True when the decision is visible to this reader."""
        return any(decision.event_id == event_id for decision in self.seen)

    def pending(self, at: datetime) -> list[Decision]:
        """Visible decisions in effect at this instant that no published checkpoint covers yet."""
        return [d for d in self.seen if d.index is None and d.effective_from <= at]

    def state_at(self, at: datetime) -> State | None:
        """The state at an instant."""
        return fold(self.seen, at)

    def shown_at(self, at: datetime, known: LogPosition | None) -> Shown | None:
        """What is shown at an instant; `known` limits it to what was logged then (rule 3)."""
        if known is not None:
            return shown_at(self.complete, at, known.size)
        found = shown_at(self.seen, at)
        pending = [Beside(PENDING_LOG, one.decided_at, one.act) for one in self.pending(at)]
        return found if found is None or not pending else replace(found, beside=(*found.beside, *pending))


def view(history: Sequence[Decision], *, staff: bool, now: datetime) -> View:
    """The view of staff or of anyone else (rules 1 and 2)."""
    return View(history, list(history) if staff else public_history(history, now))
