"""The public object of a record generation: what an act that opens one states, and what it takes over.

Rules
1. What is stated counts. What is not stated is taken over from the generation before, where there is one: scope,
   validity, conditions. The organisation is always as it is now.
2. An act that gives validity anew takes none over; a renewal must say until when.
3. Local days become instants in the authority's time zone: from the first instant of the first day, to the first one
   after the last.
4. A generation never begins after it has ended.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from goodstanding.bodies import as_set
from goodstanding.canonical import format_time, parse_time
from goodstanding.verdict import day_end, day_start
from registry.errors import Invalid

GIVES_VALIDITY = frozenset({"grant_provisionally", "grant", "renew", "renew_late"})
RENEWS = frozenset({"renew", "renew_late", "continue_renewal"})
DROPS_CONDITIONS = GIVES_VALIDITY - {"renew"} | {"lift_conditions"}


@dataclass(frozen=True, slots=True)
class Opening:
    """Whether a decision opens a generation, which one it follows, and the place in a status list it was given."""

    opens: bool
    event_id: str | None = None  # of the act that opened the generation in force
    claims: Mapping[str, Any] | None = None  # that generation's public object
    status: tuple[str, int] = ("urn:goodstanding:not-allotted", 0)  # list URI, index


def claims_of(
    organisation: Mapping[str, Any], content: Mapping[str, Any], opening: Opening, *, zone: str, begins: datetime
) -> dict[str, Any]:
    """The `accreditation` member of a body that takes effect at `begins`. Invalid by rules 2 and 4."""
    act, earlier = content["act"], opening.claims or {}
    made: dict[str, Any] = {"organisation": dict(organisation), "scope": dict(content["scope"])}
    made |= _validity(content, {} if act in GIVES_VALIDITY else earlier, zone, begins)
    if "conditions" in content:
        made["conditions"] = as_set(_condition(condition, zone) for condition in content["conditions"])
    elif act not in DROPS_CONDITIONS and "conditions" in earlier:
        made["conditions"] = earlier["conditions"]
    if act in RENEWS and "valid_until" not in content:
        raise Invalid(f"{act} must say until when: give the last valid day.", field="validUntil")
    return made


def _validity(content: Mapping[str, Any], earlier: Mapping[str, Any], zone: str, begins: datetime) -> dict[str, str]:
    made = {"valid_from": earlier.get("valid_from", format_time(begins))}
    if "valid_from" in content:
        made["valid_from"] = format_time(day_start(date.fromisoformat(content["valid_from"]), zone))
    end = earlier.get("valid_until")
    if "valid_until" in content:
        end = format_time(day_end(date.fromisoformat(content["valid_until"]), zone))
    if end is not None:
        if parse_time(end) <= begins:
            raise Invalid("validUntil lies before the decision takes effect.", field="validUntil")
        made["valid_until"] = end
    return made


def _condition(condition: Mapping[str, Any], zone: str) -> dict[str, Any]:
    made = {"code": condition["code"], "text": condition["text"], "met": condition.get("met", False)}
    if "deadline" in condition:
        made["deadline"] = format_time(day_end(date.fromisoformat(condition["deadline"]), zone))
    return made
