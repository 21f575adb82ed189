"""From what was proposed to a decision that may stand: pure rules, no I/O.

Rules
1. `decided_at` is the approval. Without a stated effect the decision takes effect then; a future effect is allowed.
2. An effect in the past needs a legal basis. A few minutes between two people are not the past.
3. The act is legal by the transition table from its effect onward, at the proposal and again at the approval.
4. An act that opens a generation carries the full public object and its status index; any other names the
   generation it belongs to, where there is one.
5. An end lies after the beginning: of a measure, and of validity. A generation never begins after it has ended.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from goodstanding.bodies import as_set
from goodstanding.canonical import format_time, parse_time
from goodstanding.errors import ActNotAllowed, EventError
from goodstanding.events import encode_body
from goodstanding.standing import Decision, allowed_acts, check_act, fold
from goodstanding.transitions import Actor, Effect, Transition, transition
from goodstanding.verdict import day_end, day_start
from registry.accreditations.model import Accreditation, act_named
from registry.errors import Conflict, Invalid, NotAllowed
from registry.organisations.model import Organisation
from registry.schemes.model import Authority, Mandate, Scheme

GRACE = timedelta(minutes=5)  # rule 2: from one person's screen to the next one's
APPLICATION = "APPLICATION"  # reason code of an application

_AS_PROPOSED = ("reason", "legal_basis", "measure", "public_text", "effective_until", "closes")
NO_INDEX = ("urn:goodstanding:not-allotted", 0)


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
    """The row of an act that an authority brings under four eyes; NotAllowed lists what is allowed instead."""
    row = act_named(act)
    if row is None or Actor.AUTHORITY not in row.actors or not row.four_eyes:
        allowed = allowed_acts(case.history, now)
        raise NotAllowed(
            f"{act[:40]!r} is not an act that can be proposed; "
            f"allowed now for {case.accreditation.number}: {', '.join(allowed) or 'nothing'}.",
            allowed_acts=allowed,
        )
    return row


def application_body(case: Case, content: Mapping[str, Any], *, event_id: str, now: datetime) -> dict[str, Any]:
    """The body of the decision by which an application is on file; Invalid by rule 2."""
    on_file = {"reason": APPLICATION, "effective_from": format_time(_effect(content, now))}
    basis = {"legal_basis": content["legal_basis"]} if "legal_basis" in content else {}
    return _head(case, "apply", event_id, now) | on_file | basis


def decision_body(
    case: Case, content: Mapping[str, Any], *, event_id: str, decided_at: datetime, status: tuple[str, int] = NO_INDEX
) -> dict[str, Any]:
    """The body of the decision a proposal's content makes when it is approved at `decided_at`.

    `status` is (list URI, index) of the new generation. Raises Invalid by rules 2 and 5, and for a body too large.
    """
    row = transition(content["act"])
    effective_from = _effect(content, decided_at)
    body = _head(case, row.act, event_id, decided_at) | {"effective_from": format_time(effective_from)}
    body |= {name: content[name] for name in _AS_PROPOSED if name in content}
    if row.opens_generation:
        body["accreditation"] = _claims(case, content, effective_from)
        body["status"] = {"uri": status[0], "idx": status[1]}
    elif (state := fold(case.history, effective_from)) is not None and state.generation is not None:
        body["generation"] = state.generation.event_id
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


def _refusal(error: ActNotAllowed, decision: Decision) -> NotAllowed | Conflict | Invalid:
    message = f"{error}."
    if decision.act in error.allowed:
        if error.blocked_by is not None:
            return Conflict(message, blocked_by=error.blocked_by)
        if decision.closes is None and transition(decision.act).effect is Effect.CLOSES_MEASURE:
            return Invalid(message, field="closes")
    return NotAllowed(message, allowed_acts=error.allowed)


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


def _effect(content: Mapping[str, Any], decided_at: datetime) -> datetime:
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


def _claims(case: Case, content: Mapping[str, Any], effective_from: datetime) -> dict[str, Any]:
    """The public object of a new generation; local days become instants of the authority's time zone."""
    zone = case.authority.time_zone
    claims: dict[str, Any] = {
        "organisation": case.organisation.public_object(),
        "scope": dict(content["scope"]),
        "valid_from": format_time(effective_from),
    }
    if "valid_from" in content:
        claims["valid_from"] = format_time(day_start(date.fromisoformat(content["valid_from"]), zone))
    if "valid_until" in content:
        end = day_end(date.fromisoformat(content["valid_until"]), zone)
        if end <= effective_from:
            raise Invalid("validUntil lies before the decision takes effect.", field="validUntil")
        claims["valid_until"] = format_time(end)
    if content.get("conditions"):
        claims["conditions"] = as_set(_condition(condition, zone) for condition in content["conditions"])
    return claims


def _condition(condition: Mapping[str, Any], zone: str) -> dict[str, Any]:
    made = {"code": condition["code"], "text": condition["text"], "met": False}
    if "deadline" in condition:
        made["deadline"] = format_time(day_end(date.fromisoformat(condition["deadline"]), zone))
    return made
