"""From what was proposed to a decision that may stand: pure rules, no I/O.

Rules
1. `decided_at` is the approval. Without a stated effect the decision takes effect then; a future effect is allowed.
2. An effect in the past needs a legal basis. A few minutes between two people are not the past.
3. The act is legal by the transition table from its effect onward, at the proposal and again at the approval.
4. An act that opens a generation carries the full public object (`claims.py`) and its status index; any other names
   the generation it belongs to, where there is one.
5. The end of a measure lies after its beginning.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from goodstanding.acting import allowed_acts, check_act
from goodstanding.canonical import format_time, parse_time
from goodstanding.errors import ActNotAllowed, EventError
from goodstanding.events import encode_body
from goodstanding.standing import Decision, State, fold, shown
from goodstanding.transitions import (
    LIVE,
    NOTHING_YET,
    Actor,
    Basis,
    Effect,
    MeasureKind,
    Opens,
    Standing,
    Transition,
    transition,
)
from registry.accreditations.claims import Opening, claims_of
from registry.accreditations.model import Accreditation, act_named
from registry.errors import Conflict, Invalid, NotAllowed
from registry.organisations.model import Organisation
from registry.schemes.model import Authority, Mandate, Scheme

GRACE = timedelta(minutes=5)  # rule 2: from one person's screen to the next one's
APPLICATION = "APPLICATION"  # reason code of an application

HELD = LIVE | {Standing.SUSPENDED}
BROUGHT_BY = frozenset({Actor.AUTHORITY, Actor.TRIBUNAL, Actor.APPLICANT})

_AS_PROPOSED = (
    "reason", "legal_basis", "measure", "public_text", "effective_until", "closes", "corrects", "suspensive",
    "redirect", "ruling_hash",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Case:
    """Everything a decision about one accreditation depends on, read in one transaction."""

    accreditation: Accreditation
    organisation: Organisation
    authority: Authority
    scheme: Scheme
    mandates: Sequence[Mandate]
    history: Sequence[Decision]


def proposable(case: Case, act: str, now: datetime) -> Transition:
    """The row of an act that somebody at the authority may bring; NotAllowed lists what is allowed instead."""
    row = act_named(act)
    if row is None or not row.actors & BROUGHT_BY or row.sources == NOTHING_YET:
        allowed = _brought(allowed_acts(case.history, now))
        raise NotAllowed(
            f"{act[:40]!r} is not an act that can be proposed; "
            f"allowed now for {case.accreditation.number}: {', '.join(allowed) or 'nothing'}.",
            allowed_acts=allowed,
        )
    return row


def opening_of(case: Case, row: Transition, corrects: Sequence[str], effect: datetime) -> Opening:
    """Whether the act would open a generation, and which it follows; its claims are still to be read."""
    state = _without(case, corrects, effect)
    earlier = state.generation.event_id if state and state.generation else None
    if row.opens is Opens.IF_LIVE:
        return Opening(earlier is not None and shown(state, effect) in HELD, earlier)
    return Opening(row.opens is Opens.ALWAYS, earlier)


def _without(case: Case, corrects: Sequence[str], at: datetime) -> State | None:
    """The state at an instant once these decisions are void."""
    if not corrects:
        return fold(case.history, at)
    probe = Decision("", case.accreditation.number, "correct", Basis.DECIDED, at, at, corrects=tuple(corrects))
    return fold([*case.history, probe], at)


def application_body(case: Case, content: Mapping[str, Any], *, event_id: str, now: datetime) -> dict[str, Any]:
    """The body of the decision by which an application is on file; Invalid by rule 2."""
    on_file = {"reason": APPLICATION, "effective_from": format_time(effect_of(content, now))}
    basis = {"legal_basis": content["legal_basis"]} if "legal_basis" in content else {}
    return _head(case, "apply", event_id, now) | on_file | basis


def decision_body(
    case: Case, content: Mapping[str, Any], opening: Opening, *, event_id: str, decided_at: datetime
) -> dict[str, Any]:
    """The body of the decision a proposal's content makes when it is approved at `decided_at`.

    Raises Invalid by rules 2 and 5, by those of `claims.py`, and for a body too large.
    """
    row = transition(content["act"])
    effect = effect_of(content, decided_at)
    body = _head(case, row.act, event_id, decided_at) | {"effective_from": format_time(effect)}
    body |= {name: content[name] for name in _AS_PROPOSED if name in content}
    if opening.opens:
        body["accreditation"] = claims_of(
            case.organisation.public_object(), content, opening, zone=case.authority.time_zone, begins=effect
        )
        body["status"] = {"uri": opening.status[0], "idx": opening.status[1]}
        if row.measure is MeasureKind.RENEWAL:  # it waits as long as the claims it prolongs are valid
            body["effective_until"] = body["accreditation"]["valid_until"]
    elif opening.event_id is not None:
        body["generation"] = opening.event_id
    try:
        encode_body(body)
    except EventError as error:
        raise Invalid(f"This cannot be recorded: {error}.") from error
    return body


def check(case: Case, body: Mapping[str, Any]) -> Decision:
    """The decision of a body, if the table allows it (rule 3).

    Raises NotAllowed with the acts that are, Conflict naming the decision in the way of an act that otherwise were,
    Invalid when a closing act does not say what it closes.
    """
    decision = Decision.from_body(body, None)
    try:
        check_act(case.history, decision)
    except ActNotAllowed as error:
        raise _refusal(error, decision) from error
    return decision


def _brought(acts: Iterable[str]) -> list[str]:
    """Those of the acts that somebody at an authority may bring; the others come from lists, or from the registry."""
    return [act for act in acts if transition(act).actors & BROUGHT_BY]


def _refusal(error: ActNotAllowed, decision: Decision) -> NotAllowed | Conflict | Invalid:
    message = f"{error}."
    if decision.act in error.allowed:
        if error.blocked_by is not None:
            return Conflict(message, blocked_by=error.blocked_by)
        if decision.closes is None and transition(decision.act).effect is Effect.CLOSES_MEASURE:
            return Invalid(message, field="closes")
    return NotAllowed(message, allowed_acts=_brought(error.allowed))


def _head(case: Case, act: str, event_id: str, decided_at: datetime) -> dict[str, Any]:
    return {
        "kind": "decision",
        "event_id": event_id,
        "authority": case.authority.id,
        "scheme": case.scheme.id,
        "scheme_version": case.scheme.version,
        "number": case.accreditation.number,
        "organisation": case.organisation.id,
        "act": act,
        "basis": "decided",
        "decided_at": format_time(decided_at),
    }


def effect_of(content: Mapping[str, Any], decided_at: datetime) -> datetime:
    """When the decision takes effect (rules 1 and 2)."""
    stated = content.get("effective_from")
    effective_from = decided_at if stated is None else parse_time(stated)
    if effective_from < decided_at - GRACE and "legal_basis" not in content:
        raise Invalid(
            f"The effect of {stated} lies in the past. That needs a legal basis; "
            "or leave effectiveFrom out and the decision takes effect when it is approved.",
            field="legalBasis",
            code="RETROACTIVE",
        )
    until = content.get("effective_until")
    if until is not None and parse_time(until) <= effective_from:
        raise Invalid("effectiveUntil must be later than the beginning of the effect.", field="effectiveUntil")
    return effective_from
