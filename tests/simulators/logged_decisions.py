"""Bodies for a simulated log: decisions about accreditations that only the log knows, and erasures of them."""

from goodstanding.bodies import as_set
from goodstanding.canonical import format_time
from goodstanding.number import make_number

NUMBER = make_number("TEST", "7K3M9QXR")


def decision(log, act="apply", **changes):
    """A decision made now, with effect from now."""
    at = format_time(log.clock())
    return {
        "kind": "decision", "event_id": log.new_id(), "authority": "aut_labour", "scheme": "sch_fair",
        "scheme_version": "1", "number": NUMBER, "organisation": "org_1", "act": act, "reason": "checked",
        "basis": "decided", "decided_at": at, "effective_from": at,
    } | changes  # fmt: skip


def erasure(log, *event_ids):
    """The event that names what was erased."""
    return {
        "kind": "erasure", "event_id": log.new_id(), "authority": "registry", "data": {"event_ids": as_set(event_ids)}
    }  # fmt: skip


def grow(log, entries=1, **changes):
    """Publish decisions about new accreditations under one checkpoint; ten seconds pass."""
    sealed = [log.submit(decision(log, **changes)) for _ in range(entries)]
    log.publish()
    log.clock.pass_(seconds=10)
    return sealed
