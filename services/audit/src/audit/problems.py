"""Errors as problem details (RFC 9457): the one place where an error of the log gets an HTTP status."""

import structlog
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from audit.errors import (
    AuditError,
    Busy,
    EntryConflict,
    EntryRefused,
    LogStopped,
    NotLogged,
    PrevMismatch,
    QuestionRefused,
    StoreDamaged,
    StoreUnavailable,
    Unavailable,
)
from audit.outages import explained

_log = structlog.get_logger("audit.http")

_STATUS: dict[type[AuditError], tuple[int, str]] = {
    EntryConflict: (409, "Entry known with other bytes"),
    PrevMismatch: (422, "Entry out of order"),
    EntryRefused: (422, "Entry refused"),
    QuestionRefused: (400, "Bad request"),
    NotLogged: (404, "Not in the log"),
    StoreDamaged: (500, "The log's files are damaged"),
    LogStopped: (503, "The log has stopped"),
    Busy: (503, "Too many listeners"),
}


class BadRequest(Exception):
    """A request that is refused before the log is asked."""

    def __init__(self, status: int, title: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.title = title
        self.detail = detail


def problem(status: int, title: str, detail: str, **members: str) -> Response:
    """Make a problem response."""
    content = {"type": "about:blank", "title": title, "status": status, "detail": detail, **members}
    headers = {"Cache-Control": "no-store", "Access-Control-Allow-Origin": "*"}
    return JSONResponse(content, status, headers, media_type="application/problem+json")


def install(app: FastAPI) -> None:
    """Make every error of the application a problem."""
    app.add_exception_handler(AuditError, _audit_error)
    app.add_exception_handler(BadRequest, _bad_request)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(ClientDisconnect, _client_gone)
    app.add_exception_handler(SQLAlchemyError, _database_error)
    app.add_exception_handler(OSError, _disk_error)
    app.add_exception_handler(Exception, _unexpected)


async def _audit_error(request: Request, error: Exception) -> Response:
    if isinstance(error, Unavailable):
        _log.warning(f"the {error.what} does not answer", path=request.url.path, why=str(error))
        return _try_again(error.what)
    for kind, (status, title) in _STATUS.items():
        if isinstance(error, kind):
            members = {"code": error.code, "event_id": error.event_id} if isinstance(error, EntryRefused) else {}
            return problem(status, title, str(error), **members)
    return problem(
        500, "Internal error", "The log could not answer; its operator finds the reason in the service's log."
    )


async def _bad_request(_: Request, error: Exception) -> Response:
    assert isinstance(error, BadRequest)
    return problem(error.status, error.title, error.detail)


async def _http_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    response = problem(error.status_code, str(error.detail), str(error.detail))
    response.headers.update(error.headers or {})
    return response


async def _client_gone(_: Request, __: Exception) -> Response:
    return problem(400, "Client gone", "The client hung up before its request had come to an end.")


async def _database_error(request: Request, error: Exception) -> Response:
    # Not str(error): SQLAlchemy quotes the statement's parameters, and those are bodies.
    _log.error("database error", path=request.url.path, kind=type(error).__name__, why=str(getattr(error, "orig", "")))
    return _try_again(Unavailable.what)


async def _disk_error(request: Request, error: Exception) -> Response:
    _log.error("the disk of the log's files fails", path=request.url.path, why=explained(error))
    return _try_again(StoreUnavailable.what)


def _try_again(what: str) -> Response:
    response = problem(503, f"{what.capitalize()} unavailable", f"The log's {what} did not answer in time; try again.")
    response.headers["Retry-After"] = "1"
    return response


async def _unexpected(request: Request, error: Exception) -> Response:
    _log.error("unexpected error", path=request.url.path, kind=type(error).__name__)
    return problem(
        500, "Internal error", "The log could not answer; its operator finds the reason in the service's log."
    )
