"""Queries on self-assessments, assessments and their findings."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlmodel import SQLModel, col

from registry.assessments.model import (
    Answer,
    Answered,
    Assessment,
    Finding,
    Grade,
    Kind,
    Recommendation,
    SelfAssessment,
    State,
)
from registry.assessments.tables import AssessmentRow, FindingRow, SelfAssessmentRow
from registry.database import ReadTx, WriteTx
from registry.inserting import insert_if_new
from registry.pages import Page, PageRequest, cut

_FILED = SQLModel.metadata.tables[str(SelfAssessmentRow.__tablename__)]
_TABLE = SQLModel.metadata.tables[str(AssessmentRow.__tablename__)]
_FINDINGS = SQLModel.metadata.tables[str(FindingRow.__tablename__)]
_COLUMNS = [_TABLE.c[name] for name in Assessment.__slots__]
_IN_STATE = {
    State.OPEN: _TABLE.c.concluded_at.is_(None) & _TABLE.c.superseded_by.is_(None),
    State.CONCLUDED: _TABLE.c.concluded_at.is_not(None) & _TABLE.c.superseded_by.is_(None),
    State.SUPERSEDED: _TABLE.c.superseded_by.is_not(None),
}


async def count(tx: WriteTx, row: type[SQLModel], number: str) -> int:
    """How many rows of a table are about an accreditation."""
    table = SQLModel.metadata.tables[str(row.__tablename__)]
    return int(await tx.scalar(select(func.count()).select_from(table).where(table.c.number == number)) or 0)


async def file(tx: WriteTx, made: SelfAssessment, *, by: str) -> None:
    """Store a self-assessment."""
    answers = [
        {"criterion": one.criterion, "answer": str(one.answer), "statement": one.statement, "evidence": list(one.evidence)}
        for one in made.answers
    ]  # fmt: skip
    row = {name: getattr(made, name) for name in ("id", "number", "authority_id", "version", "filed_at")}
    await tx.execute(insert(SelfAssessmentRow), [row | {"answers": answers, "filed_by": by}])


async def filed(tx: ReadTx, numbers: Sequence[str]) -> dict[str, list[SelfAssessment]]:
    """The self-assessments of each number, the oldest first."""
    found: dict[str, list[SelfAssessment]] = {number: [] for number in numbers}
    for row in await tx.execute(select(_FILED).where(_FILED.c.number.in_(numbers)).order_by(_FILED.c.id)):
        answers = [
            Answered(one["criterion"], Answer(one["answer"]), one["statement"], one["evidence"]) for one in row.answers
        ]
        made = SelfAssessment(row.id, row.number, row.authority_id, row.version, answers, row.filed_at)
        found[row.number].append(made)
    return found


async def store(tx: WriteTx, made: Assessment, *, by: str) -> bool:
    """Insert an assessment; False while one of its kind is under way."""
    row = {name: getattr(made, name) for name in Assessment.__slots__}
    return await insert_if_new(tx, AssessmentRow, row | {"criteria": list(made.criteria), "opened_by": by})


async def under_way(tx: WriteTx, number: str, kind: Kind) -> str | None:
    """The id of the assessment of this kind that is open."""
    wanted = (_TABLE.c.number == number) & (_TABLE.c.kind == kind) & _IN_STATE[State.OPEN]
    found: str | None = await tx.scalar(select(_TABLE.c.id).where(wanted))
    return found


async def supersede(tx: WriteTx, assessment_id: str, by: str) -> None:
    """Note which assessment has taken the place of one."""
    await tx.execute(update(AssessmentRow).where(col(AssessmentRow.id) == assessment_id).values(superseded_by=by))


async def record(tx: WriteTx, assessment_id: str, findings: Sequence[Finding]) -> None:
    """Store findings; those on the same criteria go."""
    this = col(FindingRow.assessment_id) == assessment_id
    named = [one.criterion for one in findings]
    await tx.execute(delete(FindingRow).where(this, col(FindingRow.criterion).in_(named)))
    rows: list[dict[str, Any]] = [
        {name: getattr(one, name) for name in Finding.__slots__}
        | {"assessment_id": assessment_id, "evidence": list(one.evidence)}
        for one in findings
    ]
    await tx.execute(insert(FindingRow), rows)


async def conclude(tx: WriteTx, made: Assessment) -> None:
    """Store how an assessment was concluded; one that is concluded stays as it is."""
    changes = {name: getattr(made, name) for name in ("recommendation", "summary", "concluded_at", "digest")}
    this = (col(AssessmentRow.id) == made.id) & col(AssessmentRow.concluded_at).is_(None)
    await tx.execute(update(AssessmentRow).where(this).values(changes))


async def by_ids(tx: ReadTx | WriteTx, ids: Sequence[str]) -> dict[str, Assessment]:
    """The assessments with these ids."""
    return {row.id: _assessment(row) for row in await tx.execute(select(*_COLUMNS).where(_TABLE.c.id.in_(ids)))}


async def findings(tx: ReadTx | WriteTx, ids: Sequence[str]) -> dict[str, list[Finding]]:
    """The findings of each assessment, in the order of their criteria's codes."""
    found: dict[str, list[Finding]] = {one: [] for one in ids}
    statement = select(_FINDINGS).where(_FINDINGS.c.assessment_id.in_(ids)).order_by(_FINDINGS.c.criterion)
    for row in await tx.execute(statement):
        made = Finding(row.criterion, Grade(row.grade), row.text, row.evidence, row.closed, row.recorded_at)
        found[row.assessment_id].append(made)
    return found


async def page(tx: ReadTx, request: PageRequest, authority_id: str, wanted: Mapping[str, Any]) -> Page[Assessment]:
    """Assessments of an authority in the order in which they were opened; `wanted`: number, kind, state."""
    statement = select(*_COLUMNS).where(_TABLE.c.authority_id == authority_id)
    for name in ("number", "kind"):
        if wanted.get(name) is not None:
            statement = statement.where(_TABLE.c[name] == wanted[name])
    if wanted.get("state") is not None:
        statement = statement.where(_IN_STATE[wanted["state"]])
    if request.after is not None:
        statement = statement.where(_TABLE.c.id > request.after)
    found = await tx.execute(statement.order_by(_TABLE.c.id).limit(request.limit))
    return cut([_assessment(row) for row in found], request)


def _assessment(row: Any) -> Assessment:
    return Assessment(
        id=row.id,
        number=row.number,
        authority_id=row.authority_id,
        version=row.version,
        criteria=tuple(row.criteria),
        kind=Kind(row.kind),
        assessor=row.assessor,
        opened_at=row.opened_at,
        due_at=row.due_at,
        recommendation=None if row.recommendation is None else Recommendation(row.recommendation),
        summary=row.summary,
        concluded_at=row.concluded_at,
        digest=row.digest,
        superseded_by=row.superseded_by,
    )
