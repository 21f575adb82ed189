"""`/verify/{number}`: the verdict as JSON, member by member like GraphQL's `Verdict`.

`BAD_NUMBER` answers 400 and `UNKNOWN_NUMBER` 404, both as problem details that carry the whole verdict beside their own
members. A parameter that is unknown, given twice or malformed answers 400 and is named: ignoring it would answer
another question.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from gateway.problems import problem
from gateway.verification.edge import Edge
from gateway.verification.question import Question, QuestionError, ScopeQuestion, parse_instant
from goodstanding.canonical import format_time
from goodstanding.verdict import Verdict

PARAMETERS: Final = frozenset(
    {"asOf", "knownAt", "origin", "destination", "sector", "activity", "authority", "scheme", "minTreeSize"}
)
_HEADERS = {"Cache-Control": "no-store", "Access-Control-Allow-Origin": "*"}
_STATUS = {"BAD_NUMBER": (400, "Not an accreditation number"), "UNKNOWN_NUMBER": (404, "Unknown number")}


def routes(edge: Edge) -> APIRouter:
    """The JSON verdict."""
    router = APIRouter()

    @router.api_route("/verify/{number}", methods=["GET", "HEAD"], summary="Is this recruiter in good standing?")
    async def verify(number: str, request: Request) -> Response:
        verdict = edge.answer(question(number, request.query_params.multi_items()))
        body = verdict_json(verdict)
        for code, (status, title) in _STATUS.items():
            if code in verdict.codes:
                return problem(status, title, verdict.reasons[0].message, headers=_HEADERS, **body)
        return JSONResponse(body, headers=_HEADERS)

    return router


def question(number: str, parameters: list[tuple[str, str]]) -> Question:
    """The question a request asks; QuestionError names the parameter at fault."""
    given: dict[str, str] = {}
    for name, value in parameters:
        if name not in PARAMETERS:
            raise QuestionError(name[:100], f"there is no such parameter; known are {', '.join(sorted(PARAMETERS))}")
        if name in given:
            raise QuestionError(name, "given twice; give it once")
        given[name] = value
    scope = {name: given.get(name) for name in ("origin", "destination", "sector", "activity", "authority", "scheme")}
    return Question(
        number=number,
        as_of=_instant(given, "asOf"),
        known_at=_instant(given, "knownAt"),
        scope=ScopeQuestion(**scope) if any(value is not None for value in scope.values()) else None,
        min_tree_size=_size(given),
    )


def verdict_json(verdict: Verdict) -> dict[str, Any]:
    """A verdict as JSON: the members of GraphQL's `Verdict`, all of them, null where there is nothing to say."""
    return {
        "verdict": verdict.verdict.value,
        "reasons": [{"code": reason.code, "message": reason.message} for reason in verdict.reasons],
        "standing": verdict.standing.value if verdict.standing else None,
        "number": verdict.number,
        "organisationName": verdict.organisation_name,
        "authority": verdict.authority,
        "scheme": verdict.scheme,
        "validFrom": verdict.valid_from.isoformat() if verdict.valid_from else None,
        "validUntil": verdict.valid_until.isoformat() if verdict.valid_until else None,
        "asOf": format_time(verdict.as_of),
        "knownAt": format_time(verdict.known_at),
        "treeSize": verdict.tree_size,
        "freshUntil": format_time(verdict.fresh_until),
        "projected": verdict.projected,
        "record": verdict.record,
        "receipt": verdict.receipt,
        "candidates": list(verdict.candidates),
    }


def _instant(given: Mapping[str, str], name: str) -> datetime | None:
    if name not in given:
        return None
    try:
        return parse_instant(given[name])
    except ValueError as error:
        hint = " (a plus sign in an address is written %2B)" if " " in given[name] else ""
        raise QuestionError(name, f"{error}{hint}") from error


def _size(given: Mapping[str, str]) -> int | None:
    text = given.get("minTreeSize")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 16):
        raise QuestionError("minTreeSize", "a tree size is a whole number from 0")
    return int(text)
