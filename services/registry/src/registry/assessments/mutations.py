"""The acts of assessing as mutations: inputs into drafts, results and domain errors into unions."""

from collections.abc import Awaitable
from datetime import datetime
from typing import Annotated

import strawberry

from registry.accreditations.mutations import KEY
from registry.assessments import model
from registry.assessments.drafts import (
    AnswerDraft,
    ConclusionDraft,
    FindingDraft,
    FindingsDraft,
    OpeningDraft,
    SelfAssessmentDraft,
)
from registry.assessments.enums import AssessmentKind, FindingGrade, Recommendation, SelfAssessmentAnswer
from registry.assessments.graph import Assessment, assessment_type
from registry.context import Info
from registry.documented import documented_mutation
from registry.errors import DomainError
from registry.failures import Conflict, Forbidden, Invalid, NotFound, WritingFailure, writing_failure
from registry.loaders import known
from registry.relay import UNSET, said
from registry.scalars import Base64


@strawberry.input(description="What an applicant says about one criterion.")
class CriterionAnswerInput:
    """An answer."""

    criterion: str = strawberry.field(description="Code of the criterion.")
    answer: SelfAssessmentAnswer = strawberry.field(description="What it says.")
    statement: str | None = strawberry.field(default=UNSET, description="In its own words; restricted.")
    evidence: list[Base64] | None = strawberry.field(default=UNSET, description="SHA-256 hashes of documents.")


@strawberry.input(description="What an applicant says of itself; the whole of it.")
class SubmitSelfAssessmentInput:
    """A self-assessment."""

    idempotency_key: strawberry.ID = strawberry.field(description=KEY)
    number: str = strawberry.field(description="The accreditation applied for.")
    criteria_version: str = strawberry.field(
        description="The version of the scheme that was read; it must be in force."
    )
    answers: list[CriterionAnswerInput] = strawberry.field(description="One for every criterion of that version.")


@strawberry.input(description="An assessment to open.")
class OpenAssessmentInput:
    """An assessment."""

    idempotency_key: strawberry.ID = strawberry.field(description=KEY)
    number: str = strawberry.field(description="The accreditation it is about.")
    kind: AssessmentKind = strawberry.field(description="What it is for.")
    assessor: strawberry.ID = strawberry.field(description="A person with the role assessor at the authority.")
    due_at: datetime = strawberry.field(description="By when it is to be concluded.")
    supersedes: strawberry.ID | None = strawberry.field(
        default=UNSET, description="The assessment of the same kind whose place it takes."
    )


@strawberry.input(description="What was found about one criterion.")
class FindingInput:
    """A finding."""

    criterion: str = strawberry.field(description="Code of the criterion.")
    grade: FindingGrade = strawberry.field(description="How it is met.")
    text: str | None = strawberry.field(default=UNSET, description="What was found; restricted. Left out: it conforms.")
    evidence: list[Base64] | None = strawberry.field(default=UNSET, description="SHA-256 hashes of documents.")
    closed: bool | None = strawberry.field(
        default=UNSET, description="True for a nonconformity that was corrected, and the correction seen."
    )


@strawberry.input(description="Findings to record; one on a criterion that has one replaces it.")
class RecordFindingsInput:
    """Findings."""

    idempotency_key: strawberry.ID = strawberry.field(description=KEY)
    assessment: strawberry.ID = strawberry.field(description="The assessment.")
    findings: list[FindingInput] = strawberry.field(description="Each on another criterion.")


@strawberry.input(description="The conclusion of an assessment.")
class ConcludeAssessmentInput:
    """A conclusion."""

    idempotency_key: strawberry.ID = strawberry.field(description=KEY)
    assessment: strawberry.ID = strawberry.field(description="The assessment.")
    recommendation: Recommendation = strawberry.field(description="What is recommended to those who decide.")
    summary: str | None = strawberry.field(default=UNSET, description="The conclusion in words; restricted.")


@strawberry.type(description="The self-assessment is filed.")
class SelfAssessmentDone:
    """Done."""

    self_assessment: strawberry.ID = strawberry.field(description="Id of the self-assessment.")


@strawberry.type(description="The assessment as it is now.")
class AssessmentDone:
    """Done."""

    assessment: Assessment = strawberry.field(description="The assessment.")


SelfAssessmentResult = Annotated[
    SelfAssessmentDone | Invalid | NotFound | Forbidden | Conflict,
    strawberry.union("SelfAssessmentResult", description="What became of a self-assessment."),
]
AssessmentResult = Annotated[
    AssessmentDone | Invalid | NotFound | Forbidden | Conflict,
    strawberry.union("AssessmentResult", description="What became of an act of assessing."),
]


@strawberry.type
class AssessmentMutations:
    """The acts of assessing."""

    @documented_mutation
    async def submit_self_assessment(self, info: Info, input: SubmitSelfAssessmentInput) -> SelfAssessmentResult:
        """File what an applicant says of itself. Takes the role registrar or proposer at the authority."""
        answers = [
            AnswerDraft(
                one.criterion, model.Answer[one.answer.name], said(one.statement) or "", said(one.evidence) or ()
            )
            for one in input.answers
        ]
        draft = SelfAssessmentDraft(input.number, input.criteria_version, answers)
        acts = info.context.services.assessments
        try:
            made = await acts.file(info.context.actor, draft, key=str(input.idempotency_key))
        except DomainError as error:
            return writing_failure(error)
        return SelfAssessmentDone(self_assessment=strawberry.ID(made))

    @documented_mutation
    async def open_assessment(self, info: Info, input: OpenAssessmentInput) -> AssessmentResult:
        """Open an assessment and give it to an assessor. Takes the role registrar or proposer at the authority."""
        draft = OpeningDraft(
            input.number, model.Kind[input.kind.name], str(input.assessor), input.due_at, said(input.supersedes)
        )
        acts = info.context.services.assessments
        return await _done(info, acts.open(info.context.actor, draft, key=str(input.idempotency_key)))

    @documented_mutation
    async def record_findings(self, info: Info, input: RecordFindingsInput) -> AssessmentResult:
        """Record findings. Takes the person it was given to, with the role assessor at the authority."""
        draft = FindingsDraft(str(input.assessment), [_finding(one) for one in input.findings])
        acts = info.context.services.assessments
        return await _done(info, acts.record(info.context.actor, draft, key=str(input.idempotency_key)))

    @documented_mutation
    async def conclude_assessment(self, info: Info, input: ConcludeAssessmentInput) -> AssessmentResult:
        """Conclude an assessment; it never changes again. Takes the person it was given to, with the role assessor.

        Every criterion has a finding by then, and nothing is recommended to be granted or kept while a major
        nonconformity is open.
        """
        recommended = model.Recommendation[input.recommendation.name]
        draft = ConclusionDraft(str(input.assessment), recommended, said(input.summary) or "")
        acts = info.context.services.assessments
        return await _done(info, acts.conclude(info.context.actor, draft, key=str(input.idempotency_key)))


async def _done(info: Info, act: Awaitable[str]) -> AssessmentDone | WritingFailure:
    """Do an act on an assessment, and read again what became of it."""
    try:
        assessment_id = await act
    except DomainError as error:
        return writing_failure(error)
    await info.context.renew()
    found = await known(info.context.loaders.assessments, assessment_id)
    return AssessmentDone(assessment=assessment_type(found, info.context.now))


def _finding(asked: FindingInput) -> FindingDraft:
    grade, closed = model.Grade[asked.grade.name], bool(said(asked.closed))
    return FindingDraft(asked.criterion, grade, said(asked.text) or "", said(asked.evidence) or (), closed)
