"""A batch of a release, sorted by what becomes of each listing now that it is to be done. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from goodstanding.decisions import Decision
from registry.clock import not_before
from registry.intake.acts import Release
from registry.intake.changing import ToChange
from registry.intake.difference import UNLIST, Known, against_history, overtaken, plan, plan_absent
from registry.intake.model import Change, Plan, StagedListing
from registry.intake.snapshots import Tally


@dataclass(slots=True)
class Sorted:
    """A batch by what becomes of it."""

    fresh: list[StagedListing] = field(default_factory=list)
    wanted: list[tuple[StagedListing, str, str]] = field(default_factory=list)  # with act and number
    changes: list[ToChange] = field(default_factory=list)
    unchanged: list[StagedListing] = field(default_factory=list)
    held: list[tuple[StagedListing, str]] = field(default_factory=list)
    acted: dict[tuple[str, str], str] = field(default_factory=dict)  # (organisation, scheme) -> number

    def take(self, release: Release, staged: StagedListing, known: Known) -> None:
        """Put one where it belongs by what it comes to now."""
        now = _plan(release, staged, known)
        fault = now.fault or (self._in_the_way(staged, now, known) if now.act else None)
        if fault is not None:
            self.held.append((staged, fault))
        elif now.act is None:
            self.unchanged.append(staged)
        elif known.number is None:
            self.fresh.append(staged)
        else:
            self.wanted.append((staged, now.act, known.number))
            self.acted[known.organisation_ids[0], staged.claim.scheme_id] = known.number

    def _in_the_way(self, staged: StagedListing, now: Plan, known: Known) -> str | None:
        """What has happened since it was staged, or happens just before it in this batch."""
        numbers = (self.acted.get((one, staged.claim.scheme_id)) for one in known.organisation_ids)
        if (other := next((number for number in numbers if number is not None), None)) is not None:
            return f"the list changes {other} of the same organisation too, and only one of them can be open"
        return overtaken(staged.plan, staged.was, now, known)

    def try_on(self, release: Release, histories: Mapping[str, Sequence[Decision]]) -> None:
        """Choose the changes that their histories allow, and hold the others."""
        for staged, act, number in self.wanted:
            at = not_before(histories[number], release.decided_at)
            tried = release.act(act, staged, at).on(number)
            if (fault := against_history(histories[number], tried)) is not None:
                self.held.append((staged, fault))
            else:
                self.changes.append(ToChange(staged, act, number, at))

    def tally(self) -> Tally:
        """What it came to."""
        held = [staged for staged, _ in self.held]
        return Tally(
            released=len(self.fresh),
            changes=len(self.changes),
            settled=Counter(staged.plan.change for staged in (*self.unchanged, *held)),
            unchanged=sum(staged.plan.change is not Change.GONE for staged in self.unchanged),
            held_rows=sum(len(staged.rows) for staged in held),
            held_gone=sum(staged.plan.change is Change.GONE for staged in held),
        )


def _plan(release: Release, staged: StagedListing, known: Known) -> Plan:
    if staged.plan.act == UNLIST.act:
        return plan_absent(known)
    return plan(staged.claim, known, mapped=release.means(staged) is not None)
