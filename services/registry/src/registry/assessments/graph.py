"""Assessments in the public schema: for those who work at the authority, and its regulators."""

from datetime import datetime
from typing import Any

import strawberry

from goodstanding.canonical import unb64u
from registry import checks
from registry.access import reading
from registry.access.service import need_reader
from registry.accreditations.graph import Accreditation, find_accreditation
from registry.assessments import model, repository
from registry.assessments.enums import (
    AssessmentKind,
    AssessmentState,
    FindingGrade,
    Recommendation,
    SelfAssessmentAnswer,
)
from registry.assessments.model import ASSESSMENT_ID, Kind, State
from registry.context import Info
from registry.documented import documented
from registry.loaders import known
from registry.pages import cursor, page_request
from registry.relay import UNSET, PageInfo, page_info, said
from registry.scalars import Base64


@strawberry.type(description="What an applicant says about one criterion.")
class CriterionAnswer:
    """An answer."""

    criterion: str = strawberry.field(description="Code of the criterion.")
    answer: SelfAssessmentAnswer = strawberry.field(description="What it says.")
    statement: str = strawberry.field(description="In its own words; restricted.")
    evidence: list[Base64] = strawberry.field(description="SHA-256 hashes of documents.")


@strawberry.type(
    description="What an applicant says of itself, criterion by criterion. Shown within the authority only."
)
class SelfAssessment:
    """A self-assessment."""

    id: strawberry.ID = strawberry.field(description="Permanent id.")
    number: str = strawberry.field(description="The accreditation applied for.")
    criteria_version: str = strawberry.field(description="Version of the criteria it answers.")
    filed_at: datetime = strawberry.field(description="When it was filed.")
    answers: list[CriterionAnswer] = strawberry.field(description="One for every criterion of that version.")


@strawberry.type(description="What an assessor found about one criterion.")
class Finding:
    """A finding."""

    criterion: str = strawberry.field(description="Code of the criterion.")
    grade: FindingGrade = strawberry.field(description="How it is met.")
    text: str = strawberry.field(description="What was found; restricted.")
    evidence: list[Base64] = strawberry.field(description="SHA-256 hashes of documents.")
    closed: bool = strawberry.field(description="True for a nonconformity that was corrected, and the correction seen.")
    recorded_at: datetime = strawberry.field(description="When it was recorded.")


@strawberry.type(description="Somebody looking into an organisation for an authority. Shown within the authority only.")
class Assessment:
    """An assessment."""

    facts: strawberry.Private[model.Assessment]
    id: strawberry.ID = strawberry.field(description="Permanent id.")
    number: str = strawberry.field(description="The accreditation it is about.")
    kind: AssessmentKind = strawberry.field(description="What it is for.")
    state: AssessmentState = strawberry.field(description="Where it stands.")
    criteria_version: str = strawberry.field(description="Version of the criteria it is made against.")
    criteria: list[str] = strawberry.field(description="Codes of the criteria of that version.")
    assessor: strawberry.ID = strawberry.field(description="The member who looks.")
    opened_at: datetime = strawberry.field(description="When it was opened.")
    due_at: datetime = strawberry.field(description="By when it is to be concluded.")
    overdue: bool = strawberry.field(description="True while it is open after that time; it changes no standing.")
    recommendation: Recommendation | None = strawberry.field(description="What is recommended; null while it is open.")
    summary: str | None = strawberry.field(description="The conclusion in words; restricted.")
    concluded_at: datetime | None = strawberry.field(description="When it was concluded.")
    digest: Base64 | None = strawberry.field(
        description="SHA-256 of all that was concluded: the evidence of a decision that cites it."
    )
    superseded_by: strawberry.ID | None = strawberry.field(description="The assessment that has taken its place.")

    @documented
    async def accreditation(self, info: Info) -> Accreditation | None:
        """The accreditation it is about; null for a reader who may not see that."""
        return await find_accreditation(info, self.number)

    @documented
    async def findings(self, info: Info) -> list[Finding]:
        """What has been found, by the code of the criterion."""
        found = await known(info.context.loaders.findings, str(self.id))
        info.context.spend(len(found))
        return [_finding(one) for one in found]


@strawberry.type(description="A page of assessments.")
class AssessmentConnection:
    """Assessments."""

    edges: list["AssessmentEdge"] = strawberry.field(description="The assessments of this page.")
    page_info: PageInfo = strawberry.field(description="Where the page stands.")


@strawberry.type(description="An assessment in a list.")
class AssessmentEdge:
    """One item."""

    cursor: str = strawberry.field(description="Continue after this item.")
    node: Assessment = strawberry.field(description="The assessment.")


@strawberry.input(description="Narrows a list of assessments; what is left out does not narrow.")
class AssessmentFilter:
    """Filter."""

    number: str | None = strawberry.field(default=UNSET, description="Only those of this accreditation.")
    kind: AssessmentKind | None = strawberry.field(default=UNSET, description="Only this kind.")
    state: AssessmentState | None = strawberry.field(default=UNSET, description="Only those that stand so.")


@strawberry.type
class AssessmentQueries:
    """Queries on assessments."""

    @documented
    async def assessment(self, info: Info, id: strawberry.ID) -> Assessment | None:
        """One assessment by its id; null when there is none at an authority whose files the reader may see."""
        fits = ASSESSMENT_ID.fullmatch(str(id)) is not None
        found = await info.context.loaders.assessments.load(str(id)) if fits else None
        return None if found is None else assessment_type(found, info.context.now)

    @documented
    async def assessments(
        self,
        info: Info,
        authority_id: strawberry.ID,
        first: int | None = 20,
        after: str | None = UNSET,
        filter: AssessmentFilter | None = UNSET,
    ) -> AssessmentConnection | None:
        """Assessments of an authority whose files the reader may see, in the order in which they were opened."""
        request = page_request(first, said(after), fits=lambda last: ASSESSMENT_ID.fullmatch(last) is not None)
        wanted = _wanted(said(filter))
        async with info.context.reader.use() as tx:
            await need_reader(tx, info.context.actor, str(authority_id), reading.Kind.ASSESSMENTS)
            page = await repository.page(tx, request, str(authority_id), wanted)
        info.context.spend(len(page.items))
        edges = [
            AssessmentEdge(cursor=cursor(one.id), node=assessment_type(one, info.context.now)) for one in page.items
        ]
        shown = page_info(page, request, [edge.cursor for edge in edges])
        return AssessmentConnection(edges=edges, page_info=shown)

    @documented
    async def self_assessments(self, info: Info, number: str) -> list[SelfAssessment]:
        """What an applicant has said of itself, the oldest first; empty for a reader who may not see it."""
        found = await info.context.loaders.self_assessments.load(checks.number(number)) or []
        info.context.spend(sum(len(one.answers) for one in found))
        return [_self_assessment(one) for one in found]


def assessment_type(found: model.Assessment, now: datetime) -> Assessment:
    """The public type of an assessment."""
    return Assessment(
        facts=found,
        id=strawberry.ID(found.id),
        number=found.number,
        kind=AssessmentKind[found.kind.name],
        state=AssessmentState[found.state.name],
        criteria_version=found.version,
        criteria=list(found.criteria),
        assessor=strawberry.ID(found.assessor),
        opened_at=found.opened_at,
        due_at=found.due_at,
        overdue=found.overdue(now),
        recommendation=None if found.recommendation is None else Recommendation[found.recommendation.name],
        summary=found.summary,
        concluded_at=found.concluded_at,
        digest=None if found.digest is None else Base64(unb64u(found.digest)),
        superseded_by=None if found.superseded_by is None else strawberry.ID(found.superseded_by),
    )


def _self_assessment(found: model.SelfAssessment) -> SelfAssessment:
    answers = [
        CriterionAnswer(
            criterion=one.criterion,
            answer=SelfAssessmentAnswer[one.answer.name],
            statement=one.statement,
            evidence=_hashes(one.evidence),
        )
        for one in found.answers
    ]
    return SelfAssessment(
        id=strawberry.ID(found.id),
        number=found.number,
        criteria_version=found.version,
        filed_at=found.filed_at,
        answers=answers,
    )


def _finding(found: model.Finding) -> Finding:
    return Finding(
        criterion=found.criterion,
        grade=FindingGrade[found.grade.name],
        text=found.text,
        evidence=_hashes(found.evidence),
        closed=found.closed,
        recorded_at=found.recorded_at,
    )


def _hashes(kept: Any) -> list[Base64]:
    return [Base64(unb64u(one)) for one in kept]


def _wanted(asked: AssessmentFilter | None) -> dict[str, Any]:
    if asked is None:
        return {}
    number, kind, state = said(asked.number), said(asked.kind), said(asked.state)
    return {
        "number": None if number is None else checks.number(number, "filter.number"),
        "kind": None if kind is None else Kind[kind.name],
        "state": None if state is None else State[state.name],
    }
