"""Problem details (RFC 9457): the one place where an error becomes an HTTP answer outside GraphQL."""

from collections.abc import Mapping
from typing import Any, Final

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from gateway.guards.tokens import TokenRefused
from gateway.upstream import UpstreamError
from gateway.verification.answer import NotReady
from gateway.verification.question import QuestionError

MEDIA_TYPE: Final = "application/problem+json"

_log = structlog.get_logger("gateway.http")


def problem(
    status: int, title: str, detail: str, *, headers: Mapping[str, str] | None = None, **members: Any
) -> Response:
    """A problem response; `members` are added beside the standard ones."""
    content = {"type": "about:blank", "title": title, "status": status, "detail": detail, **members}
    return JSONResponse(content, status, {"Cache-Control": "no-store", **(headers or {})}, media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Make every error of the application a problem; none shows its insides."""
    app.add_exception_handler(QuestionError, _question)
    app.add_exception_handler(TokenRefused, _token)
    app.add_exception_handler(NotReady, _not_ready)
    app.add_exception_handler(UpstreamError, _upstream)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)


async def _question(_: Request, error: Exception) -> Response:
    assert isinstance(error, QuestionError)
    return problem(400, "Bad parameter", str(error), parameter=error.parameter)


async def _token(_: Request, error: Exception) -> Response:
    assert isinstance(error, TokenRefused)
    challenge = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
    return problem(401, "Access token refused", str(error), headers=challenge, code=error.reason)


async def _not_ready(_: Request, error: Exception) -> Response:
    return problem(503, "Not ready", f"{error}; try again shortly.", headers={"Retry-After": "2"})


async def _upstream(request: Request, error: Exception) -> Response:
    assert isinstance(error, UpstreamError)
    _log.warning("upstream failed", route=_route(request), timed_out=error.timed_out)
    if error.timed_out:
        return problem(504, "Service too slow", "The service behind this address did not answer in time; try again.")
    return problem(502, "Service not available", "The service behind this address did not answer; try again.")


async def _validation(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    parameter = str(first["loc"][-1])
    return problem(400, "Bad parameter", f"{parameter}: {first['msg']}", parameter=parameter)


async def _http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    details = {404: "There is nothing at this address.", 405: "This address does not answer this method."}
    detail = details.get(error.status_code, str(error.detail))
    return problem(error.status_code, str(error.detail), detail, headers=error.headers)


async def _unexpected(request: Request, error: Exception) -> Response:
    _log.error("unexpected error", route=_route(request), kind=type(error).__name__)
    return problem(500, "Internal error", "The gateway could not answer; its operator finds the reason in its log.")


def _route(request: Request) -> str:
    """The route's template: the path itself names who was looked up, and look-ups are not stored."""
    return getattr(request.scope.get("route"), "path", "none")
