"""Assessing: filing what the applicant says, opening, recording findings, concluding. One transaction per act.

What every act does, in this order
1. Who asks is known, and the idempotency key is claimed: an earlier result under it is the answer.
2. The accreditation is held, so that nothing is decided about it meanwhile; role and rules are asked.
3. What was assessed is stored. No event is written and no standing changes (rule 6 of the model).
"""

from dataclasses import replace

from goodstanding.clock import Clock
from registry.access.idempotency import Request, claim, plain
from registry.access.model import Actor, Role
from registry.access.repository import lock_persons
from registry.access.service import need_person_with, need_role
from registry.accreditations import repository as accreditations
from registry.assessments import model, repository, surveillance
from registry.assessments.drafts import ConclusionDraft, FindingsDraft, OpeningDraft, SelfAssessmentDraft
from registry.assessments.files import held_file
from registry.assessments.model import APPLYING, ASSESSMENT_ID, TERMS, Assessment, Kind, SelfAssessment, State
from registry.assessments.tables import AssessmentRow, SelfAssessmentRow
from registry.checks import number
from registry.clock import moment
from registry.database import Database, WriteTx
from registry.errors import Conflict, Forbidden, Invalid, NotFound
from registry.ids import fresh_id

OPENERS = (Role.REGISTRAR, Role.PROPOSER)  # who files for an applicant and opens assessments, as for applications


class Assessments:
    """The acts of assessing."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def file(self, actor: Actor, draft: SelfAssessmentDraft, *, key: str) -> str:
        """File what an applicant says of itself; returns its id. Raises Invalid, NotFound, Forbidden, Conflict."""
        actor.need_identity()
        wanted, answers = number(draft.number), draft.answered()
        async with self._database.write(actor.sub) as tx:
            now = moment(self._clock)
            made_id = fresh_id("sas", now)
            request = Request(actor, "submitSelfAssessment", key, plain(draft))
            if earlier := await claim(tx, request, result_id=made_id, now=now):
                return earlier
            held = await held_file(tx, wanted, now)
            await need_role(tx, actor, held.accreditation.authority_id, *OPENERS)
            held.need(APPLYING, "an applicant assesses itself")
            model.need_version(held.scheme.version, draft.version, held.criteria)
            named = [one.criterion for one in answers]
            model.need_each_once("answers", named, held.criteria)
            model.need_all("answers", named, held.criteria)
            await _need_room(tx, SelfAssessmentRow, wanted, model.MAX_SELF_ASSESSMENTS)
            authority = held.accreditation.authority_id
            made = SelfAssessment(made_id, wanted, authority, held.scheme.version, answers, now)
            await repository.file(tx, made, by=actor.sub)
        return made_id

    async def open(self, actor: Actor, draft: OpeningDraft, *, key: str) -> str:
        """Open an assessment and give it to an assessor; returns its id.

        Raises Invalid, NotFound, Forbidden, Conflict (also while one of the kind is under way: supersede that one).
        """
        actor.need_identity()
        wanted = number(draft.number)
        async with self._database.write(actor.sub) as tx:
            now = moment(self._clock)
            made_id = fresh_id("asm", now)
            request = Request(actor, "openAssessment", key, plain(draft))
            if earlier := await claim(tx, request, result_id=made_id, now=now):
                return earlier
            held = await held_file(tx, wanted, now)
            authority = held.accreditation.authority_id
            await need_role(tx, actor, authority, *OPENERS)
            draft.check(now)
            held.need(TERMS[draft.kind].standings, f"an assessment of kind {draft.kind} is opened")
            model.need_version(held.scheme.version, held.scheme.version, held.criteria)
            await _need_assessor(tx, authority, draft.assessor)
            await _need_room(tx, AssessmentRow, wanted, model.MAX_ASSESSMENTS)
            if draft.supersedes is not None:
                await _supersede(tx, draft, wanted, made_id)
            made = Assessment(
                made_id, wanted, authority, held.scheme.version, held.criteria, draft.kind, draft.assessor, now,
                draft.due_at,
            )  # fmt: skip
            await _store(tx, made, by=actor.sub)
        return made_id

    async def record(self, actor: Actor, draft: FindingsDraft, *, key: str) -> str:
        """Record findings, as the assessor; returns the assessment's id.

        Raises Invalid, NotFound, Forbidden, Conflict (also once it is concluded).
        """
        actor.need_identity()
        async with self._database.write(actor.sub) as tx:
            now = moment(self._clock)
            request = Request(actor, "recordFindings", key, plain(draft))
            if earlier := await claim(tx, request, result_id=draft.assessment[:40], now=now):
                return earlier
            assessment = await _own(tx, actor, draft.assessment, what="record findings")
            found = draft.found(now)
            model.need_each_once("findings", [one.criterion for one in found], assessment.criteria)
            await repository.record(tx, assessment.id, found)
        return assessment.id

    async def conclude(self, actor: Actor, draft: ConclusionDraft, *, key: str) -> str:
        """Conclude an assessment, as the assessor; returns its id. A surveillance that was due is done with it.

        Raises Invalid, NotFound, Forbidden, Conflict (also while its findings do not bear the recommendation).
        """
        actor.need_identity()
        summary = draft.said()
        async with self._database.write(actor.sub) as tx:
            now = moment(self._clock)
            request = Request(actor, "concludeAssessment", key, plain(draft))
            if earlier := await claim(tx, request, result_id=draft.assessment[:40], now=now):
                return earlier
            assessment = await _own(tx, actor, draft.assessment, what="conclude an assessment")
            found = (await repository.findings(tx, [assessment.id]))[assessment.id]
            model.need_conclusive(assessment, found, draft.recommendation)
            made = replace(assessment, recommendation=draft.recommendation, summary=summary, concluded_at=now)
            made = replace(made, digest=model.digest_of(made, found))
            await repository.conclude(tx, made)
            if made.kind is Kind.SURVEILLANCE:
                held = await held_file(tx, made.number, now)
                await surveillance.close(tx, made, held.standing, by=actor.sub, now=now)
        return made.id


async def _own(tx: WriteTx, actor: Actor, assessment_id: str, *, what: str) -> Assessment:
    """The assessment, held, if it is open and this actor's to write. NotFound, Forbidden, Conflict."""
    known = await repository.by_ids(tx, [assessment_id]) if ASSESSMENT_ID.fullmatch(assessment_id) else {}
    if assessment_id not in known or not actor.works_for(known[assessment_id].authority_id):
        raise NotFound(f"There is no assessment {assessment_id[:60]!r} at an authority you work for.")
    await accreditations.lock_accreditation(tx, known[assessment_id].number)
    held = (await repository.by_ids(tx, [assessment_id]))[assessment_id]  # as it stands now that nobody else writes it
    await need_person_with(tx, actor, held.authority_id, Role.ASSESSOR, what=what)
    if actor.sub != held.assessor:
        raise Forbidden(f"{held.id} was given to another assessor.", code="NOT_ASSIGNED")
    if held.state is not State.OPEN:
        raise Conflict(
            f"{held.id} is {held.state.lower()} and stays as it is; open another one that supersedes it.",
            blocked_by=held.superseded_by or held.id,
            code="ASSESSMENT_CLOSED",
        )
    return held


async def _need_assessor(tx: WriteTx, authority: str, member: str) -> None:
    """Invalid unless the register says that this is a person with the role assessor at the authority."""
    if member not in await lock_persons(tx, authority, Role.ASSESSOR):
        raise Invalid(f"{member[:60]!r} is no person with the role {Role.ASSESSOR} at {authority}.", field="assessor")


async def _need_room(tx: WriteTx, row: type[SelfAssessmentRow | AssessmentRow], wanted: str, most: int) -> None:
    if await repository.count(tx, row, wanted) >= most:
        raise Conflict(f"{wanted} has {most} of these already, and no more are kept.", code="TOO_MANY")


async def _supersede(tx: WriteTx, draft: OpeningDraft, wanted: str, made_id: str) -> None:
    """Let the new assessment take the place of an earlier one of its kind. NotFound, Conflict."""
    earlier_id = draft.supersedes or ""
    known = await repository.by_ids(tx, [earlier_id]) if ASSESSMENT_ID.fullmatch(earlier_id) else {}
    earlier = known.get(earlier_id)
    if earlier is None or (earlier.number, earlier.kind) != (wanted, draft.kind):
        raise NotFound(f"There is no assessment {earlier_id[:60]!r} of kind {draft.kind} of {wanted}.")
    if earlier.superseded_by is not None:
        raise Conflict(
            f"{earlier.id} was superseded already; supersede {earlier.superseded_by}.",
            blocked_by=earlier.superseded_by,
            code="ALREADY_SUPERSEDED",
        )
    await repository.supersede(tx, earlier.id, made_id)


async def _store(tx: WriteTx, made: Assessment, *, by: str) -> None:
    if not await repository.store(tx, made, by=by):
        other = await repository.under_way(tx, made.number, made.kind)
        raise Conflict(
            f"{other} of kind {made.kind} is under way for {made.number}; conclude it, or name it in supersedes.",
            blocked_by=other,
            code="UNDER_WAY",
        )
