"""What one reader may see of an accreditation at one moment. Pure.

Rules
1. Everyone sees logged decisions, and pending ones that lower trust, marked PENDING_LOG.
2. Staff of the authority see pending decisions as well.
3. Known at an earlier time: logged decisions below the size the log then had, and no others.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from goodstanding.standing import Decision, State, fold, public_history, shown, shown_since
from goodstanding.transitions import Standing
from registry.accreditations.events import LogPosition
from registry.accreditations.model import Accreditation

PENDING_LOG = "PENDING_LOG"
ISSUER_SUSPECT = "ISSUER_SUSPECT"
SOURCE_STALE = "SOURCE_STALE"


@dataclass(frozen=True, slots=True)
class View:
    """An accreditation with the decisions its reader may see, and the state they fold to now."""

    accreditation: Accreditation
    complete: Sequence[Decision]  # for questions about an earlier knowledge only
    seen: Sequence[Decision]
    state: State | None

    def sees(self, event_id: str) -> bool:
        """True when the decision is visible to this reader."""
        return any(decision.event_id == event_id for decision in self.seen)

    def pending(self, at: datetime) -> list[Decision]:
        """Visible decisions in effect at this instant that no published checkpoint covers yet."""
        return [d for d in self.seen if d.index is None and d.effective_from <= at]

    def state_at(self, at: datetime, known: LogPosition | None) -> State | None:
        """The state at an instant; `known` limits it to what was logged then (rule 3)."""
        return fold(self.seen, at) if known is None else fold(self.complete, at, known.size)

    def since(self, at: datetime, known: LogPosition | None) -> datetime | None:
        """Since when the standing shown at an instant has been shown."""
        return shown_since(self.seen, at) if known is None else shown_since(self.complete, at, known.size)

    def standing_at(self, at: datetime, known: LogPosition | None) -> Standing | None:
        """The standing shown at an instant."""
        return shown(self.state_at(at, known), at)


def view(accreditation: Accreditation, history: Sequence[Decision], *, staff: bool, now: datetime) -> View:
    """The view of staff or of anyone else (rules 1 and 2)."""
    seen = list(history) if staff else public_history(history, now)
    return View(accreditation, history, seen, fold(seen, now))
