"""Who may release which snapshot, and what must be said. Pure; the rules are those of `snapshots.py`."""

from datetime import datetime, timedelta

from registry.access.model import Actor, Role
from registry.errors import Conflict, Forbidden
from registry.intake.snapshots import REJECTED, RELEASED, RELEASING, STAGED, Snapshot


def check_release(snapshot: Snapshot, actor: Actor, removes: int | None) -> None:
    """Refuse a release that rules 1, 2, 4 and 5 do not allow: Forbidden, Conflict; ``removes``: what the actor said."""
    _check_person(snapshot, actor, "release")
    if snapshot.state == RELEASED:
        raise Conflict(f"{snapshot.id} is already released; there is nothing left to do.")
    if snapshot.state == REJECTED:
        raise Conflict(f"{snapshot.id} was rejected; stage the list again.", code="ALREADY_DECIDED")
    if removes is not None and removes != snapshot.absent:
        raise Conflict(
            f"{snapshot.id} removes {snapshot.absent:,} accreditations, not {removes:,}; look at it again.",
            code="REMOVES_OTHERS",
        )
    if snapshot.misses_many and removes is None:
        raise Conflict(
            f"{snapshot.id} is held as a whole: {snapshot.many_removals}. If it is "
            f"whole and they are really gone, release it with --removes {snapshot.absent}.",
            code="REMOVES_MANY",
        )


def check_reject(snapshot: Snapshot, actor: Actor) -> None:
    """Refuse a rejection that rules 1, 2 and 4 do not allow: Forbidden, Conflict."""
    _check_person(snapshot, actor, "reject")
    if snapshot.state != STAGED:
        became = "is being released" if snapshot.state == RELEASING else f"is already {snapshot.state.lower()}"
        raise Conflict(f"{snapshot.id} {became}: it cannot be rejected.", code="ALREADY_DECIDED")


def _check_person(snapshot: Snapshot, actor: Actor, what: str) -> None:
    actor.need_person(f"{what} {snapshot.id}")
    if (snapshot.authority_id, str(Role.APPROVER)) not in actor.roles:
        raise Forbidden(f"To {what} {snapshot.id} you need the role {Role.APPROVER} at {snapshot.authority_id}.")
    if actor.sub == snapshot.uploaded_by:
        raise Forbidden(f"You uploaded {snapshot.id}; another person must {what} it.", code="SAME_PERSON")


def check_age(snapshot: Snapshot, lifetime: timedelta, now: datetime) -> None:
    """Conflict when a list that was not begun has waited longer than proposals do (rule 7): it is not that list any more."""
    if snapshot.state == STAGED and now >= snapshot.uploaded_at + lifetime:
        raise Conflict(
            f"{snapshot.id} was uploaded on {snapshot.uploaded_at:%Y-%m-%d} and has waited too long for its release; "
            "stage the list as it is published now.",
            code="SNAPSHOT_EXPIRED",
        )


def check_order(snapshot: Snapshot, newer: str | None) -> None:
    """Conflict when a newer list was released already and this one was not begun (rule 6)."""
    if newer is not None and snapshot.state == STAGED:
        raise Conflict(
            f"{newer}, which was staged after {snapshot.id}, is released already; stage this file again to go back to it.",
            code="NEWER_RELEASED",
        )
