"""What a decision that cites an assessment takes: that it is concluded, that it counts, and that its assessor keeps out.

Whoever has looked into an organisation neither proposes nor approves what is decided about it on that ground
(impartiality as in ISO/IEC 17065). A scheme may say that nobody is granted anything without an assessment.
"""

from collections.abc import Mapping
from typing import Any, Final

from goodstanding.bodies import as_set
from goodstanding.transitions import Standing
from registry.access.model import Actor
from registry.assessments import repository
from registry.assessments.model import ASSESSMENT_ID, Assessment, Kind, State
from registry.database import WriteTx
from registry.errors import Conflict, Forbidden, Invalid, NotFound
from registry.schemes.model import Scheme

GRANTING: Final = frozenset({"grant_provisionally", "grant"})  # rows 5 and 6 of the transition table
ADMITTING: Final = frozenset({Kind.INITIAL, Kind.SPECIAL})  # kinds that an application is granted on


async def cited(tx: WriteTx, actor: Actor, number: str, assessment_id: str | None) -> Assessment | None:
    """The assessment a decision about a number cites, if this actor may take part. NotFound, Conflict, Forbidden."""
    if assessment_id is None:
        return None
    known = await repository.by_ids(tx, [assessment_id]) if ASSESSMENT_ID.fullmatch(assessment_id) else {}
    found = known.get(assessment_id)
    if found is None or found.number != number:
        raise NotFound(f"There is no assessment {assessment_id[:60]!r} of {number}.")
    if found.state is not State.CONCLUDED:
        raise Conflict(
            f"{found.id} is {found.state.lower()}: a decision cites one that is concluded and not superseded.",
            blocked_by=found.superseded_by or found.id,
            code="NOT_CONCLUDED",
        )
    if actor.sub == found.assessor:
        raise Forbidden(
            f"Whoever made {found.id} takes no part in the decision that cites it: this takes somebody else.",
            code="IMPARTIALITY",
        )
    return found


def need_assessed(scheme: Scheme, act: str, standing: Standing | None, found: Assessment | None) -> None:
    """Invalid for an application granted without an assessment where the criteria in force require one."""
    if not scheme.assessment_required or act not in GRANTING or standing is not Standing.APPLIED:
        return
    if found is None or found.kind not in ADMITTING or found.version != scheme.version:
        raise Invalid(
            f"{scheme.id} grants nothing without an assessment against version {scheme.version!r} of its criteria; "
            "cite a concluded one.",
            field="assessment",
            code="ASSESSMENT_NEEDED",
        )


def citing(content: Mapping[str, Any], found: Assessment | None) -> dict[str, Any]:
    """The content of a proposal with what it cites: the assessment by name, its digest among the evidence."""
    if found is None:
        return dict(content)
    evidence = as_set([*content.get("evidence", ()), found.digest])
    return {**content, "assessment": found.id, "evidence": evidence}
