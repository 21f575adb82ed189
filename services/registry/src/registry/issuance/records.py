"""Which records are to be signed, and exactly what: stored before anything is signed (step 6b of the issuance cycle).

Rules
1. No proof, no record: only a generation whose opening act is logged gets one.
2. Only the generation in force gets one, and the next issue of it only while it can still be good again.
3. A record lives at most until the end of validity, the next instant at which something changes by itself as known
   when it is signed, and `record_lifetime`. It is issued again in the last ninth of that life, if that prolongs it.
4. A record whose key was revoked is issued again at once: nobody can verify it any more.
5. ``jti`` follows from event, envelope and issue number and is unique: nothing is issued twice.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case, delete, exists, func, insert, literal, select
from sqlmodel import col

from goodstanding.canonical import canonical_bytes
from goodstanding.events import Leaf
from goodstanding.record import VCT, VCT_TRANSCRIBED, record_payload
from goodstanding.standing import Decision, Generation, boundaries, fold, shown, status_code
from registry.clock import not_before
from registry.database import WriteTx
from registry.issuance.key_rows import REVOKED
from registry.issuance.ledger import RELEASE, batches
from registry.issuance.policy import Policy
from registry.issuance.status import ENDED
from registry.issuance.tables import DueRow, EventRow, KeyRow, OutboxRow, RecordRow

RECORD = "record"  # the envelope
REISSUE = "REISSUE"  # kind of due time
LAST_PART = 9  # a record is renewed in the last ninth of its life


@dataclass(frozen=True, slots=True)
class Issue:
    """One record to be signed."""

    number: str
    event_id: str  # opened the generation
    issue: int
    iat: datetime
    exp: datetime

    @property
    def jti(self) -> str:
        """The record's own id (rule 5)."""
        return f"{self.event_id}/{RECORD}/{self.issue}"


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest issue of a generation, signed or about to be."""

    issue: int
    exp: datetime
    void: bool = False  # its key was revoked


async def prepare(tx: WriteTx, histories: Mapping[str, Sequence[Decision]], policy: Policy, *, now: datetime) -> int:
    """Store what is to be signed for these accreditations now, and queue it for release; return how many records."""
    at = {number: not_before(history, now) for number, history in histories.items()}
    in_force = {
        number: found for number, history in histories.items() if (found := logged_generation(history, at[number]))
    }
    newest = await _newest(tx, [opened.event_id for opened, _ in in_force.values()])
    issues = []
    for number, (opened, code) in in_force.items():
        exp = expiry(histories[number], at[number], policy.record_lifetime)
        issue = next_issue(
            number, opened, code, newest.get(opened.event_id), policy.record_lifetime, now=at[number], exp=exp
        )
        issues += [issue] if issue else []
    for some in batches(issues):
        await _store(tx, some, policy)
    return len(issues)


def logged_generation(history: Sequence[Decision], now: datetime) -> tuple[Generation, int] | None:
    """The generation in force by what is logged, and its status code; None while there is none (rules 1 and 2)."""
    logged = [decision for decision in history if decision.index is not None]
    state = fold(logged, now)
    code = status_code(shown(state, now))
    return None if state is None or state.generation is None or code is None else (state.generation, code)


def expiry(history: Sequence[Decision], now: datetime, lifetime: timedelta) -> datetime:
    """When a record signed now must end, in whole seconds (rule 3); pending decisions count as known."""
    ends = (at for at in boundaries(history) if at > now)
    return min([now.replace(microsecond=0) + lifetime, *ends]).replace(microsecond=0)


def next_issue(
    number: str,
    opened: Generation,
    code: int,
    newest: Newest | None,
    lifetime: timedelta,
    *,
    now: datetime,
    exp: datetime,
) -> Issue | None:
    """The issue that is due, or None: nothing to sign, or nothing to gain."""
    issue = Issue(number, opened.event_id, newest.issue + 1 if newest else 1, now.replace(microsecond=0), exp)
    ended = opened.valid_until is not None and opened.valid_until <= now
    if ended or exp <= now:
        return None
    if newest is None:
        return issue
    aged = newest.exp - now <= lifetime / LAST_PART and exp > newest.exp
    return issue if code != ENDED and (aged or newest.void) else None


async def _newest(tx: WriteTx, event_ids: Sequence[str]) -> dict[str, Newest]:
    newest: dict[str, Newest] = {}
    for some in batches(event_ids):
        statement = (
            select(
                col(RecordRow.event_id), func.max(col(RecordRow.issue)), func.max(col(RecordRow.exp)),
                func.max(case((col(KeyRow.state) == REVOKED, col(RecordRow.issue)))),
            )
            .outerjoin(KeyRow, col(KeyRow.kid) == col(RecordRow.kid))
            .where(col(RecordRow.event_id).in_(some), col(RecordRow.envelope) == RECORD)
            .group_by(col(RecordRow.event_id))
        )  # fmt: skip
        newest |= {
            event_id: Newest(issue, exp, issue == void) for event_id, issue, exp, void in await tx.execute(statement)
        }
    return newest


async def _store(tx: WriteTx, issues: Sequence[Issue], policy: Policy) -> None:
    """Records to sign, their place in the outbox, and when each is to be issued again."""
    opening = [issue.event_id for issue in issues]
    statement = select(
        col(EventRow.event_id), col(EventRow.body), col(EventRow.leaf), col(EventRow.salt), col(EventRow.log_index)
    ).where(col(EventRow.event_id).in_(opening))
    events = {row.event_id: row for row in await tx.execute(statement)}
    rows = [
        {
            "jti": issue.jti, "event_id": issue.event_id, "number": issue.number, "envelope": RECORD,
            "issue": issue.issue, "iat": issue.iat, "exp": issue.exp,
            "payload": _payload(issue, events[issue.event_id], policy),
        }
        for issue in issues
    ]  # fmt: skip
    await tx.execute(insert(RecordRow), rows)
    await _queue(tx, opening)
    await _renewals(tx, issues, policy)


def _payload(issue: Issue, event: Any, policy: Policy) -> bytes:
    """The exact bytes to sign."""
    body = json.loads(event.body)
    vct = VCT_TRANSCRIBED if body["basis"] == "transcribed" else VCT
    claims = record_payload(
        body=body,
        leaf=Leaf.decode(event.leaf),
        salt=event.salt,
        origin=policy.log.name,
        index=event.log_index,
        iss=policy.issuer(body["authority"]),
        sub=policy.organisation(body["organisation"]),
        vct=f"{policy.origin}/vct/{vct}",
        iat=issue.iat,
        exp=issue.exp,
        jti=issue.jti,
    )
    return canonical_bytes(claims)


async def _queue(tx: WriteTx, event_ids: Iterable[str]) -> None:
    """An outbox row at RELEASE for each opening event that is not on its way already."""
    on_its_way = exists().where(col(OutboxRow.seq) == col(EventRow.seq))
    waiting = (
        select(col(EventRow.seq), col(EventRow.event_id), literal(RELEASE))
        .where(col(EventRow.event_id).in_(list(event_ids)))
        .where(~on_its_way)
    )
    await tx.execute(insert(OutboxRow).from_select(["seq", "event_id", "stage"], waiting))


async def _renewals(tx: WriteTx, issues: Sequence[Issue], policy: Policy) -> None:
    """One REISSUE time a number: early where only age ends the record, at its end where something else does."""
    numbers = [issue.number for issue in issues]
    await tx.execute(delete(DueRow).where(col(DueRow.number).in_(numbers), col(DueRow.kind) == REISSUE))
    aged = policy.record_lifetime
    due = [
        {
            "number": issue.number,
            "kind": REISSUE,
            "at": issue.exp - aged / LAST_PART if issue.exp - issue.iat == aged else issue.exp,
        }
        for issue in issues
    ]
    await tx.execute(insert(DueRow), due)
