"""What a list comes to, compared with what is held here. Pure.

Rules
1. What is new is listed; what is gone is unlisted, never revoked; what is back is listed again. Unchanged: no act.
2. A word that changed is an act of its own: `relist` where the new word has a mapping, `unrecognise` where it has none,
   `recognise` where only the new one has. Between two words without a mapping, `relist` says the new one.
3. A word that was given a mapping, or lost it, since it was listed is a change too.
4. Only a list of the same authority, source and layout changes what it listed; another one meets it and is held.
5. A decision is never undone: what stands by decision, or was followed by another accreditation, is held.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from goodstanding.acting import check_act
from goodstanding.decisions import Decision, Generation, Scope
from goodstanding.errors import ActNotAllowed
from goodstanding.transitions import LIVE, Basis, Standing, transition
from registry.intake.model import NEW, UNCHANGED, Change, Claim, Plan, alike, shown

UNLIST = Plan(Change.GONE, "unlist")
BACK = Plan(Change.BACK, "relist")


@dataclass(frozen=True, slots=True)
class Known:
    """What the registry already holds about one key of a list."""

    organisation_ids: tuple[str, ...] = ()  # more than one: the identifier is ambiguous here
    names: tuple[str, ...] = ()  # of an organisation found by its identifier
    number: str | None = None  # as listed, else of its open accreditation under the scheme
    listed_word: str | None = None  # what that is listed as; None: it stands by decision
    gone: bool = False  # a later list no longer named it
    ours: bool = True  # it was listed by this list: same authority, source and layout
    standing: Standing | None = None  # as listed: what it is shown as here
    follower: str | None = None  # another open accreditation of the organisation under the scheme


NOTHING = Known()


def plan(claim: Claim, known: Known, *, mapped: bool) -> Plan:
    """What one accreditation that the list names comes to; ``mapped``: its word has a mapping."""
    if known.listed_word is None:
        fault = _unlistable(claim, known)
        return Plan(Change.NEW, fault=fault) if fault else NEW
    found = _of_listed(claim, known, mapped)
    return _held_back(found, claim, known) if found.act else found


def plan_absent(known: Known) -> Plan:
    """What one accreditation that the list does not name comes to."""
    if known.listed_word is None or known.gone or not known.ours:
        return UNCHANGED
    fault = _followed(known)
    return Plan(Change.GONE, fault=fault) if fault else UNLIST


def _of_listed(claim: Claim, known: Known, mapped: bool) -> Plan:
    unrecognised = known.standing is Standing.UNRECOGNISED
    if known.gone:
        return BACK
    if alike(known.listed_word or "") == alike(claim.word):
        if mapped and unrecognised:
            return Plan(Change.CHANGED, "recognise")
        return Plan(Change.CHANGED, "unrecognise") if not mapped and known.standing in LIVE else UNCHANGED
    if mapped:
        return Plan(Change.CHANGED, "recognise" if unrecognised else "relist")
    return Plan(Change.CHANGED, "relist" if unrecognised else "unrecognise")


def _held_back(found: Plan, claim: Claim, known: Known) -> Plan:
    """The plan, unless rules 4 and 5 hold it."""
    if not known.ours:
        was = "no longer listed" if known.gone else f"listed as {shown(known.listed_word or '')}"
        fault = f"{was} under {known.number} by the list of another source; now {shown(claim.word)}"
        return Plan(found.change, fault=fault)
    followed = _followed(known)
    return Plan(found.change, fault=followed) if followed else found


def _followed(known: Known) -> str | None:
    if known.follower is None:
        return None
    return f"listed under {known.number}, but since accredited as {known.follower}, which a list does not change"


def _unlistable(claim: Claim, known: Known) -> str | None:
    """Why something that is not listed must be held, or None."""
    if known.number is not None:
        return f"already accredited as {known.number} by decision, which a list does not change"
    if len(known.organisation_ids) > 1:
        return f"the identifier belongs to several organisations here: {', '.join(known.organisation_ids[:4])}"
    if known.names and alike(claim.name) not in map(alike, known.names):
        return f"the identifier belongs to {shown(known.names[0])} here; the list says {shown(claim.name)}"
    return None


@dataclass(frozen=True, slots=True)
class Act:
    """An act of lists that is to be tried."""

    act: str
    basis: str
    at: datetime
    word: str | None = None
    means: Standing | None = None

    def on(self, number: str) -> Decision:
        """The decision it would be, as far as its legality depends on it."""
        claims = Generation("", Scope(), None, None, "", 0) if transition(self.act).opens_generation else None
        return Decision(
            "", number, self.act, Basis(self.basis.upper()), self.at, self.at, local_word=self.word, listed=self.means,
            generation=claims,
        )  # fmt: skip


def against_history(history: Sequence[Decision], new: Decision) -> str | None:
    """Why an act may not be decided on this history, or None when it may."""
    try:
        check_act(history, new)
    except ActNotAllowed as error:
        return str(error)
    return None


def overtaken(staged: Plan, was: str | None, now: Plan, known: Known) -> str | None:
    """Why what was staged is held when it is to be released: somebody else was faster, with something else."""
    same_word = known.listed_word is None if was is None else alike(known.listed_word or "") == alike(was)
    if now.act == staged.act and same_word:
        return None
    listed = f"listed as {shown(known.listed_word or '')} under {known.number}"
    return f"{listed} since this list was staged; stage it again to {now.act or 'go on'}"
