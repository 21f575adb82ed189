"""The projection of decisions into the accreditation's own row: what lists filter by.

Called by `issuance.publication.project` whenever a decision commits, is logged, or something changes by itself. It
can be repeated at any time; a row that already says what its events say is left alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update
from sqlmodel import SQLModel, col

from goodstanding.standing import Decision, fold, in_force, public_history, shown
from goodstanding.transitions import Effect, Standing, transition
from registry.accreditations import current
from registry.accreditations.model import ENDED_FOR_GOOD, scope_object
from registry.accreditations.tables import AccreditationCorridorRow, AccreditationRow
from registry.clock import not_before
from registry.database import WriteTx
from registry.issuance.ledger import batches

_TABLE = SQLModel.metadata.tables[str(AccreditationRow.__tablename__)]
_PROJECTED = ("standing", "public_standing", "open", "scope", "valid_until", "current")


@dataclass(frozen=True, slots=True)
class Projected:
    """The projected columns of one accreditation."""

    standing: Standing | None  # None: every decision was voided; what was shown last stays, for staff
    public_standing: Standing | None
    open: bool
    scope: Mapping[str, Any] | None  # None: nothing opened a generation yet; what was applied for stays
    valid_until: datetime | None

    def row(self, kept: Any) -> dict[str, Any]:
        """The columns as they are to be stored; `kept` is the row so far."""
        return {
            "standing": kept.standing if self.standing is None else str(self.standing),
            "public_standing": None if self.public_standing is None else str(self.public_standing),
            "open": self.open,
            "scope": kept.scope if self.scope is None else dict(self.scope),
            "valid_until": self.valid_until,
        }


def projected(history: Sequence[Decision], now: datetime) -> Projected | None:
    """What the decisions say at `now`; None while none has taken effect."""
    counting = in_force(history)
    standing = shown(fold(history, now), now)
    voided = bool(history) and all(transition(d.act).effect is Effect.VOIDS for d in counting)
    if standing is None and not voided:
        return None
    public = public_history(history, now)
    newest = next((d.generation for d in reversed(counting) if d.generation is not None), None)
    return Projected(
        standing=standing,
        public_standing=shown(fold(public, now), now),
        open=standing is not None and standing not in ENDED_FOR_GOOD,
        scope=None if newest is None else scope_object(newest.scope),
        valid_until=None if newest is None else newest.valid_until,
    )


async def project(tx: WriteTx, histories: Mapping[str, Sequence[Decision]], *, now: datetime) -> None:
    """Bring the rows of these numbers to what their decisions say; `changed_at` moves with every change."""
    wanted = {
        number: made
        for number, history in histories.items()
        if (made := projected(history, not_before(history, now))) is not None
    }
    changed = []
    for some in batches(list(wanted)):
        columns = (_TABLE.c.number, _TABLE.c.head, *(_TABLE.c[name] for name in _PROJECTED))
        for kept in await tx.execute(select(*columns).where(_TABLE.c.number.in_(some))):
            history = histories[kept.number]
            shown_now = current.kept(history, kept.head, not_before(history, now))
            row = wanted[kept.number].row(kept) | {"current": shown_now}
            if row != {name: getattr(kept, name) for name in _PROJECTED}:
                changed.append(row | {"of_number": kept.number, "changed_at": now})
    if changed:
        values: dict[str, Any] = {name: bindparam(name) for name in (*_PROJECTED, "changed_at")}
        await tx.execute(update(_TABLE).where(_TABLE.c.number == bindparam("of_number")).values(values), changed)
        await set_corridors(tx, {row["of_number"]: row["scope"] for row in changed})


async def set_corridors(tx: WriteTx, scopes: Mapping[str, Mapping[str, Any]]) -> None:
    """Replace the look-up rows of the corridors of these numbers."""
    for some in batches(list(scopes)):
        of_these = col(AccreditationCorridorRow.number).in_(some)
        await tx.execute(delete(AccreditationCorridorRow).where(of_these))
    rows = [dict(pair) | {"number": number} for number, scope in scopes.items() for pair in scope.get("corridors", ())]
    if rows:
        await tx.execute(insert(AccreditationCorridorRow), rows)
