"""Assessments as they are kept, and the rules about them. Pure.

Rules
1. A self-assessment and an assessment are made against one version of a scheme's criteria, and stay with it.
2. A self-assessment answers every criterion of its version, each once.
3. An assessment is concluded when every criterion of its version has a finding.
4. What lets an organisation be, or stay, in good standing is recommended only while no major nonconformity is open.
5. A concluded assessment never changes. A new one may take its place; the old one then counts no more.
6. Nothing here changes a standing: an assessor recommends, others decide. Overdue is computed, never stored.
"""

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from goodstanding.canonical import b64u, canonical_bytes, format_time
from goodstanding.transitions import LIVE, Standing
from registry.access import reading
from registry.errors import Conflict, Invalid

ASSESSMENT_ID: Final = re.compile(r"asm_[0-9a-f]{32}", re.ASCII)
DUE_ID: Final = re.compile(r"svl_[0-9a-f]{32}", re.ASCII)
READERS: Final = reading.readers(reading.Kind.ASSESSMENTS)  # who at the authority reads what was assessed
MAX_SELF_ASSESSMENTS: Final = 20  # of one accreditation
MAX_ASSESSMENTS: Final = 200  # of one accreditation


class Kind(StrEnum):
    """What an assessment is for."""

    INITIAL = "INITIAL"
    SURVEILLANCE = "SURVEILLANCE"
    RENEWAL = "RENEWAL"
    SPECIAL = "SPECIAL"


class Answer(StrEnum):
    """What an applicant says about one criterion."""

    CONFORMS = "CONFORMS"
    PARTLY = "PARTLY"
    DOES_NOT_CONFORM = "DOES_NOT_CONFORM"
    NOT_APPLICABLE = "NOT_APPLICABLE"


class Grade(StrEnum):
    """What an assessor finds about one criterion."""

    CONFORMS = "CONFORMS"
    OBSERVATION = "OBSERVATION"
    MINOR_NONCONFORMITY = "MINOR_NONCONFORMITY"
    MAJOR_NONCONFORMITY = "MAJOR_NONCONFORMITY"


class Recommendation(StrEnum):
    """What an assessor recommends to those who decide."""

    GRANT = "GRANT"
    GRANT_PROVISIONALLY = "GRANT_PROVISIONALLY"
    REFUSE = "REFUSE"
    MAINTAIN = "MAINTAIN"
    RENEW = "RENEW"
    IMPOSE_CONDITIONS = "IMPOSE_CONDITIONS"
    SUSPEND = "SUSPEND"
    REVOKE = "REVOKE"


class State(StrEnum):
    """Where an assessment stands."""

    OPEN = "OPEN"
    CONCLUDED = "CONCLUDED"
    SUPERSEDED = "SUPERSEDED"


NONCONFORMITIES: Final = frozenset({Grade.MINOR_NONCONFORMITY, Grade.MAJOR_NONCONFORMITY})
FAVOURABLE: Final = frozenset(
    {Recommendation.GRANT, Recommendation.GRANT_PROVISIONALLY, Recommendation.MAINTAIN, Recommendation.RENEW}
)
APPLYING: Final = frozenset({Standing.APPLIED, Standing.DEFERRED})  # when an applicant may assess itself
HELD: Final = LIVE | {Standing.SUSPENDED}


@dataclass(frozen=True, slots=True)
class Terms:
    """In which standings a kind of assessment may be opened, and what it may recommend."""

    standings: frozenset[Standing]
    recommendations: frozenset[Recommendation]


_R = Recommendation
TERMS: Final[Mapping[Kind, Terms]] = {
    Kind.INITIAL: Terms(APPLYING | {Standing.PROVISIONAL}, frozenset({_R.GRANT, _R.GRANT_PROVISIONALLY, _R.REFUSE})),
    Kind.SURVEILLANCE: Terms(HELD, frozenset({_R.MAINTAIN, _R.IMPOSE_CONDITIONS, _R.SUSPEND, _R.REVOKE})),
    Kind.RENEWAL: Terms(HELD | {Standing.LAPSED}, frozenset({_R.RENEW, _R.IMPOSE_CONDITIONS, _R.REFUSE})),
    Kind.SPECIAL: Terms(HELD | APPLYING | {Standing.LAPSED}, frozenset(Recommendation)),
}


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer of a self-assessment; statement and evidence are restricted."""

    criterion: str
    answer: Answer
    statement: str
    evidence: Sequence[str]  # SHA-256, base64url


@dataclass(frozen=True, slots=True)
class SelfAssessment:
    """What an applicant says of itself, as filed."""

    id: str
    number: str
    authority_id: str
    version: str
    answers: Sequence[Answered]
    filed_at: datetime


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found about one criterion; text and evidence are restricted."""

    criterion: str
    grade: Grade
    text: str
    evidence: Sequence[str]  # SHA-256, base64url
    closed: bool  # a nonconformity that was corrected, and the correction seen
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Assessment:
    """An assessment without its findings."""

    id: str
    number: str
    authority_id: str
    version: str  # of the criteria (rule 1)
    criteria: Sequence[str]  # their codes
    kind: Kind
    assessor: str
    opened_at: datetime
    due_at: datetime
    recommendation: Recommendation | None = None
    summary: str | None = None
    concluded_at: datetime | None = None
    digest: str | None = None  # what a decision cites: base64url SHA-256 of everything concluded
    superseded_by: str | None = None

    @property
    def state(self) -> State:
        """The state; what was superseded counts no more, concluded or not."""
        if self.superseded_by is not None:
            return State.SUPERSEDED
        return State.OPEN if self.concluded_at is None else State.CONCLUDED

    def overdue(self, now: datetime) -> bool:
        """Whether it should have been concluded by now (rule 6)."""
        return self.state is State.OPEN and now >= self.due_at


def need_version(version: str, wanted: str, criteria: Collection[str]) -> None:
    """Conflict unless there are criteria to assess against, in the version that was read."""
    if not criteria:
        raise Conflict("The scheme has published no criteria to assess against.", code="NO_CRITERIA")
    if wanted != version:
        raise Conflict(
            f"These answers are to version {wanted[:40]!r}; the criteria in force are version {version!r}. "
            "Read them and answer again.",
            code="STALE_CRITERIA",
        )


def need_each_once(field: str, named: Sequence[str], criteria: Collection[str]) -> None:
    """Invalid for a criterion that is not of this version, and for one named twice."""
    for at, code in enumerate(named):
        if code not in criteria:
            raise Invalid(f"{code[:60]!r} is no criterion of this version.", field=f"{field}[{at}].criterion")
        if code in named[:at]:
            raise Invalid(f"{code} is named twice.", field=f"{field}[{at}].criterion")


def need_all(field: str, named: Collection[str], criteria: Iterable[str]) -> None:
    """Invalid while a criterion has no answer (rule 2)."""
    if missing := [code for code in criteria if code not in named]:
        raise Invalid(f"{field} lacks {', '.join(missing[:10])}: answer every criterion.", field=field)


def need_conclusive(assessment: Assessment, findings: Sequence[Finding], recommendation: Recommendation) -> None:
    """Refuse a conclusion that its findings do not bear (rules 3 and 4), or that is not one of its kind's."""
    allowed = TERMS[assessment.kind].recommendations
    if recommendation not in allowed:
        raise Invalid(
            f"An assessment of kind {assessment.kind} recommends one of {', '.join(sorted(allowed))}.",
            field="recommendation",
        )
    found = {one.criterion for one in findings}
    if missing := [code for code in assessment.criteria if code not in found]:
        raise Conflict(f"There is no finding yet on {', '.join(missing[:10])}.", code="FINDINGS_MISSING")
    majors = [one.criterion for one in findings if one.grade is Grade.MAJOR_NONCONFORMITY and not one.closed]
    if majors and recommendation in FAVOURABLE:
        raise Conflict(
            f"A major nonconformity is open on {', '.join(majors[:10])}: {recommendation} cannot be recommended. "
            "Recommend otherwise, or record that it was corrected.",
            code="MAJOR_NONCONFORMITY_OPEN",
        )


def digest_of(assessment: Assessment, findings: Sequence[Finding]) -> str:
    """What a decision cites to say that it rests on exactly this conclusion."""
    return b64u(hashlib.sha256(canonical_bytes(_concluded(assessment, findings))).digest())


def _concluded(assessment: Assessment, findings: Sequence[Finding]) -> dict[str, Any]:
    assert assessment.recommendation is not None
    assert assessment.concluded_at is not None
    return {
        "assessment": assessment.id,
        "number": assessment.number,
        "version": assessment.version,
        "kind": str(assessment.kind),
        "assessor": assessment.assessor,
        "recommendation": str(assessment.recommendation),
        "summary": assessment.summary,
        "concluded_at": format_time(assessment.concluded_at),
        "findings": [
            {
                "criterion": one.criterion,
                "grade": str(one.grade),
                "text": one.text,
                "evidence": list(one.evidence),
                "closed": one.closed,
            }
            for one in sorted(findings, key=lambda one: one.criterion)
        ],
    }


@dataclass(frozen=True, slots=True)
class Due:
    """A surveillance assessment that is to be concluded by a time; with an interval, another one follows it."""

    id: str
    number: str
    authority_id: str
    due_at: datetime
    interval: timedelta | None

    def overdue(self, now: datetime) -> bool:
        """Whether the time has passed (rule 6)."""
        return now >= self.due_at
