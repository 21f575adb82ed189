"""Problems (RFC 9457) are made here, at the edge, out of errors that know nothing of HTTP.

Whatever nobody expected becomes "internal error" with an id; the id, the kind of error and the place in the code are
logged, its words are not: they may quote somebody's data.
"""

import secrets
import traceback
from http import HTTPStatus
from pathlib import Path
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from goodstanding.errors import TokenError
from registry.errors import Conflict, DomainError, Forbidden, Invalid, NotAllowed, NotFound, Unavailable

MEDIA_TYPE = "application/problem+json"
STATUS: dict[type[DomainError], int] = {
    Invalid: 400,
    Forbidden: 403,
    NotFound: 404,
    NotAllowed: 409,
    Conflict: 409,
}

_log = structlog.get_logger("registry")


def problem(status: int, code: str, detail: str, *, headers: dict[str, str] | None = None, **more: Any) -> JSONResponse:
    """One problem: `code` is for programs, `detail` for people; `more` become members of their own."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "code": code, "detail": detail}
    return JSONResponse(body | more, status, headers, media_type=MEDIA_TYPE)


def domain_problem(error: DomainError) -> JSONResponse:
    """The problem a domain error amounts to."""
    more: dict[str, Any] = {}
    if isinstance(error, NotAllowed):
        more["allowed_acts"] = list(error.allowed_acts)
    elif isinstance(error, Invalid) and error.field:
        more["field"] = error.field
    elif isinstance(error, Conflict) and error.blocked_by:
        more["blocked_by"] = error.blocked_by
    status = next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 400)
    return problem(status, error.code, error.message, **more)


def token_problem(error: TokenError) -> JSONResponse:
    """The answer to a bearer token that is refused (RFC 6750 section 3)."""
    challenge = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
    return problem(401, error.reason, f"The access token is refused: {error.message}.", headers=challenge)


def unavailable_problem(error: Unavailable) -> JSONResponse:
    """The answer while the database does not."""
    note(error)
    return problem(503, error.code, error.message, headers={"Retry-After": "1"})


def note(error: Unavailable) -> None:
    """Log that the database was not there for a request."""
    _log.warning("the database does not answer", why=error.why)


def report(error: BaseException) -> str:
    """Log an error nobody expected, without its words, and return the id to tell the client."""
    error_id = secrets.token_hex(6)
    frames = traceback.extract_tb(error.__traceback__)[-8:]
    where = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
    _log.error("internal error", error_id=error_id, error=type(error).__name__, where=where)
    return error_id


def internal_problem(error: BaseException) -> JSONResponse:
    """The answer to what nobody expected."""
    error_id = report(error)
    return problem(500, "INTERNAL", f"Internal error. Please quote {error_id} when you report it.", error_id=error_id)


def install(app: FastAPI) -> None:
    """Have the application answer every error with a problem."""

    @app.exception_handler(DomainError)
    async def domain(_: Request, error: DomainError) -> JSONResponse:
        return domain_problem(error)

    @app.exception_handler(Unavailable)
    async def unavailable(_: Request, error: Unavailable) -> JSONResponse:
        return unavailable_problem(error)

    @app.exception_handler(TokenError)
    async def token(_: Request, error: TokenError) -> JSONResponse:
        return token_problem(error)

    @app.exception_handler(HTTPException)
    async def http(_: Request, error: HTTPException) -> JSONResponse:
        code = HTTPStatus(error.status_code).name
        headers = dict(error.headers) if error.headers else None
        return problem(error.status_code, code, str(error.detail), headers=headers)

    @app.exception_handler(ClientDisconnect)
    async def gone(_: Request, __: ClientDisconnect) -> JSONResponse:
        return problem(400, "CLIENT_GONE", "The client hung up before its request had come to an end.")

    @app.exception_handler(RequestValidationError)
    async def validation(_: Request, error: RequestValidationError) -> JSONResponse:
        names = sorted({str(entry["loc"][-1]) for entry in error.errors() if entry["loc"]})
        return problem(400, "BAD_REQUEST", f"These parts of the request cannot be read: {', '.join(names)}.")

    app.add_middleware(Shield)


class Shield:
    """Outermost layer: turns an escaped exception into a problem, so that no stack trace reaches a client."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on; answer in place of an exception, unless an answer has already begun."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as error:  # the edge: whatever it is, the client gets a problem
            response = internal_problem(error)
            if started:
                raise
            await response(scope, receive, send)
