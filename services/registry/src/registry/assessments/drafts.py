"""What clients may put into the acts of assessing, checked field by field. No message repeats a restricted text."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from registry.accreditations.drafts import check_year, evidence_of, long_text
from registry.assessments.model import NONCONFORMITIES, Answer, Answered, Finding, Grade, Kind, Recommendation
from registry.checks import at_most
from registry.errors import Invalid

MAX_CRITERIA: Final = 200  # a version holds no more
MAX_TEXT: Final = 8_000  # characters of a statement, a finding, a summary
MAX_DUE: Final = 50  # times of one plan
MAX_INTERVAL: Final = 3_660  # days


@dataclass(frozen=True, slots=True)
class AnswerDraft:
    """One answer as a client states it."""

    criterion: str
    answer: Answer
    statement: str = ""
    evidence: Sequence[bytes] = ()

    def answered(self, field: str) -> Answered:
        """The answer as it is kept; Invalid."""
        statement = long_text(f"{field}.statement", self.statement, MAX_TEXT)
        evidence = evidence_of(self.evidence, f"{field}.evidence")
        return Answered(self.criterion.strip(), self.answer, statement, evidence)


@dataclass(frozen=True, slots=True)
class SelfAssessmentDraft:
    """A self-assessment as a registrar files it for the applicant."""

    number: str
    version: str
    answers: Sequence[AnswerDraft]

    def answered(self) -> list[Answered]:
        """The answers as they are kept; Invalid."""
        at_most("answers", self.answers, MAX_CRITERIA)
        return [one.answered(f"answers[{at}]") for at, one in enumerate(self.answers)]


@dataclass(frozen=True, slots=True)
class OpeningDraft:
    """An assessment to be opened."""

    number: str
    kind: Kind
    assessor: str
    due_at: datetime
    supersedes: str | None = None

    def check(self, now: datetime) -> None:
        """Invalid for a time nobody can keep."""
        check_year("dueAt", self.due_at)
        if self.due_at <= now:
            raise Invalid("dueAt lies in the past; give the assessor time.", field="dueAt")


@dataclass(frozen=True, slots=True)
class FindingDraft:
    """A finding as the assessor states it."""

    criterion: str
    grade: Grade
    text: str = ""
    evidence: Sequence[bytes] = ()
    closed: bool = False

    def finding(self, field: str, now: datetime) -> Finding:
        """The finding as it is kept; Invalid."""
        if self.closed and self.grade not in NONCONFORMITIES:
            raise Invalid(f"{field}: only a nonconformity can be closed.", field=f"{field}.closed")
        text = long_text(f"{field}.text", self.text, MAX_TEXT)
        if self.grade is not Grade.CONFORMS and not text.strip():
            raise Invalid(f"{field}.text is needed: say what was found.", field=f"{field}.text")
        evidence = evidence_of(self.evidence, f"{field}.evidence")
        return Finding(self.criterion.strip(), self.grade, text, evidence, self.closed, now)


@dataclass(frozen=True, slots=True)
class FindingsDraft:
    """Findings to record; one on a criterion that has one replaces it."""

    assessment: str
    findings: Sequence[FindingDraft]

    def found(self, now: datetime) -> list[Finding]:
        """The findings as they are kept; Invalid."""
        if not self.findings:
            raise Invalid("Record at least one finding.", field="findings")
        at_most("findings", self.findings, MAX_CRITERIA)
        return [one.finding(f"findings[{at}]", now) for at, one in enumerate(self.findings)]


@dataclass(frozen=True, slots=True)
class ConclusionDraft:
    """How an assessment is concluded."""

    assessment: str
    recommendation: Recommendation
    summary: str = ""

    def said(self) -> str:
        """The summary as it is kept; Invalid."""
        return long_text("summary", self.summary, MAX_TEXT)


@dataclass(frozen=True, slots=True)
class PlanDraft:
    """When to look again: after every so many days, or at stated times."""

    number: str
    every_days: int | None = None
    due_at: Sequence[datetime] | None = None

    def times(self, now: datetime) -> list[datetime]:
        """The times to plan; Invalid."""
        if (self.every_days is None) == (not self.due_at):
            raise Invalid("State either everyDays or dueAt.", field="everyDays")
        if self.every_days is not None:
            if not 0 < self.every_days <= MAX_INTERVAL:
                raise Invalid(f"everyDays is 1 to {MAX_INTERVAL}.", field="everyDays")
            return [now + timedelta(days=self.every_days)]
        at_most("dueAt", self.due_at, MAX_DUE)
        times = sorted(set(self.due_at or ()))
        for time in times:
            check_year("dueAt", time)
            if time <= now:
                raise Invalid("dueAt names a time in the past.", field="dueAt")
        return times
