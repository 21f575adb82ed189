"""`/v/{number}`: the verdict for a person with a phone and a number in their hand.

One plain answer in words, colour and shape; no script, nothing from elsewhere, light and dark. Names keep their own
direction of writing. A sample says so before anything else.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined

from gateway.faces.policy import asset, page_headers
from gateway.verification.answer import NotReady
from gateway.verification.edge import Edge
from gateway.verification.question import Question
from goodstanding.verdict import Verdict, VerdictKind

MAX_TYPED: Final = 64

_STATUS = {"BAD_NUMBER": 400, "UNKNOWN_NUMBER": 404}
_FOOTNOTES = frozenset({"UNWITNESSED", "SAMPLE"})


@dataclass(frozen=True, slots=True)
class Plain:
    """The answer in plain words; `shape` names the drawing and the colour."""

    shape: str
    word: str
    sentence: str


_PLAIN = {
    VerdictKind.IN_GOOD_STANDING: Plain("yes", "Yes", "This recruiter is in good standing."),
    VerdictKind.NOT_IN_GOOD_STANDING: Plain("no", "No", "This recruiter is not in good standing."),
    VerdictKind.CANNOT_CONCLUDE: Plain("unknown", "We cannot tell", "Nothing certain can be said about this number."),
}


class Pages:
    """The pages, their templates read once."""

    def __init__(self, origin: str) -> None:
        self._origin = origin
        self._templates = Environment(
            loader=PackageLoader("gateway.faces"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )
        self._style = asset("page.css")
        self._headers = page_headers(self._style, form_action="'self'")

    def verdict(self, asked: str, verdict: Verdict) -> HTMLResponse:
        """The page about one verdict."""
        status = next((_STATUS[code] for code in verdict.codes if code in _STATUS), 200)
        reasons = [reason.message for reason in verdict.reasons if reason.code not in _FOOTNOTES]
        return self._page(
            "verdict.html",
            status,
            plain=_PLAIN[verdict.verdict],
            verdict=verdict,
            asked=asked,
            reasons=reasons,
            sample="SAMPLE" in verdict.codes,
            unwitnessed="UNWITNESSED" in verdict.codes,
            moment=_moment,
        )

    def ask(self, status: int = 200, trouble: str | None = None) -> HTMLResponse:
        """The page that asks for a number, after something went wrong or before anything did."""
        return self._page("ask.html", status, trouble=trouble)

    def _page(self, template: str, status: int, **values: Any) -> HTMLResponse:
        html = self._templates.get_template(template).render(style=self._style, origin=self._origin, **values)
        return HTMLResponse(html, status, self._headers)


def routes(edge: Edge, origin: str) -> APIRouter:
    """The pages for people."""
    router = APIRouter()
    pages = Pages(origin)

    @router.api_route("/", methods=["GET", "HEAD"], include_in_schema=False)
    async def front() -> Response:
        return RedirectResponse("/v", 303)

    @router.api_route("/v", methods=["GET", "HEAD"], include_in_schema=False)
    async def ask(request: Request) -> Response:
        typed = request.query_params.get("number", "").strip()[:MAX_TYPED]
        return RedirectResponse(f"/v/{quote(typed, safe='')}", 303) if typed else pages.ask()

    @router.api_route("/v/{number}", methods=["GET", "HEAD"], include_in_schema=False)
    async def page(number: str) -> Response:
        try:
            return pages.verdict(number[:MAX_TYPED], edge.answer(Question(number=number)))
        except NotReady:
            return pages.ask(503, "We cannot tell right now: this service has just started. Try again in a moment.")

    return router


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%d %B %Y, %H:%M:%S} UTC"
