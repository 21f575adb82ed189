"""Planning when to look again, and what becomes of the plan when somebody has looked. It changes no standing."""

from dataclasses import replace
from datetime import datetime, timedelta

from goodstanding.clock import Clock
from goodstanding.transitions import LIVE, Standing
from registry.access.idempotency import Request, claim, plain
from registry.access.model import Actor, Role
from registry.access.service import need_role
from registry.assessments import due
from registry.assessments.drafts import PlanDraft
from registry.assessments.files import held_file
from registry.assessments.model import HELD, Assessment, Due
from registry.checks import number
from registry.clock import moment
from registry.database import Database, WriteTx
from registry.ids import fresh_id

PLANNERS = (Role.REGISTRAR, Role.PROPOSER)


class Surveillance:
    """The act of planning."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def plan(self, actor: Actor, draft: PlanDraft, *, key: str) -> str:
        """Plan surveillance of a live accreditation, in place of what was planned and not done; returns its number.

        Raises Invalid, NotFound, Forbidden, Conflict.
        """
        actor.need_identity()
        wanted = number(draft.number)
        async with self._database.write(actor.sub) as tx:
            now = moment(self._clock)
            request = Request(actor, "planSurveillance", key, plain(draft))
            if earlier := await claim(tx, request, result_id=wanted, now=now):
                return earlier
            held = await held_file(tx, wanted, now)
            authority = held.accreditation.authority_id
            await need_role(tx, actor, authority, *PLANNERS)
            held.need(LIVE, "surveillance is planned")
            interval = None if draft.every_days is None else timedelta(days=draft.every_days)
            made = [Due(fresh_id("svl", now), wanted, authority, at, interval) for at in draft.times(now)]
            await due.drop_plan(tx, wanted)
            await due.store(tx, made, by=actor.sub)
        return wanted


async def close(tx: WriteTx, assessment: Assessment, standing: Standing | None, *, by: str, now: datetime) -> None:
    """Close what was due first; where it comes again and the accreditation is still held, plan the next."""
    done = await due.earliest(tx, assessment.number)
    if done is None:
        return
    await due.close(tx, done.id, assessment.id)
    if done.interval is not None and standing in HELD:
        await due.store(tx, [replace(done, id=fresh_id("svl", now), due_at=now + done.interval)], by=by)
