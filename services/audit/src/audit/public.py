"""Routes for everyone: the log as a C2SP client expects it, and the feed. The gateway serves them under its origin."""

import re

from fastapi import APIRouter, Request
from fastapi.responses import Response

from audit.errors import NotLogged, QuestionRefused
from audit.publication import CHECKPOINT
from audit.served_as import TEXT, headers_of
from audit.service import Log
from audit.tail import EVENTS, Listening
from goodstanding.errors import LogError

_AFTER = re.compile(r"-1|0|[1-9][0-9]{0,15}")


def routes(log: Log) -> APIRouter:
    """Return the public routes."""
    router = APIRouter()

    @router.api_route("/log/checkpoint", methods=["GET", "HEAD"])
    async def checkpoint() -> Response:
        snapshot = await log.reader.snapshot()
        return _answer(snapshot.note, headers_of(CHECKPOINT))

    @router.api_route("/log/vkey", methods=["GET", "HEAD"])
    async def vkey() -> Response:
        return _answer(
            "".join(f"{key}\n" for key in log.vkeys).encode(),
            {"Content-Type": TEXT, "Cache-Control": "public, max-age=300"},
        )

    @router.api_route("/log/tile/{path:path}", methods=["GET", "HEAD"])
    async def tile(path: str) -> Response:
        name = f"tile/{path}"
        try:
            headers = headers_of(name)
        except LogError as error:
            raise NotLogged(f"there is no such file in the log: {error}") from error
        data = await log.reader.file(name)
        if data is None:
            raise NotLogged("the log has no such bundle or tile; a partial one is gone once the full one exists")
        return _answer(data, headers)

    @router.api_route("/feed", methods=["GET", "HEAD"])
    async def feed(request: Request, after: str = "-1") -> Response:
        if not _AFTER.fullmatch(after):
            raise QuestionRefused("after is the index of the last entry you have, or -1 to read from the start")
        if request.method == "GET" and EVENTS in request.headers.get("accept", ""):
            headers = {"Cache-Control": "no-store", "Access-Control-Allow-Origin": "*", "Vary": "Accept"}
            stream = await log.tail.follow(int(_resumed(request, after)))
            return Listening(stream, headers)
        page = await log.feed.page(int(after), _etags(request.headers.get("if-none-match", "")))
        # Nobody may keep the answer that nothing follows: the next entry would be missed for a minute.
        cache = "max-age=60, must-revalidate" if page.entries else "no-cache"
        headers = {
            "ETag": page.etag, "Cache-Control": cache, "Access-Control-Allow-Origin": "*", "Vary": "Accept",
        }  # fmt: skip
        if page.body is None:
            return Response(status_code=304, headers=headers)
        return Response(page.body, headers=headers, media_type="application/x-ndjson")

    return router


def _resumed(request: Request, after: str) -> str:
    """Where a listener goes on: after the last event it has, or where it began."""
    last = request.headers.get("last-event-id", after)
    return last if _AFTER.fullmatch(last) else after


def _answer(data: bytes, headers: dict[str, str]) -> Response:
    return Response(data, headers=headers | {"Access-Control-Allow-Origin": "*"})


def _etags(if_none_match: str) -> frozenset[str]:
    """Entity tags of an If-None-Match header (RFC 9110 section 13.1.2); it compares weakly."""
    return frozenset(tag.strip().removeprefix("W/") for tag in if_none_match.split(","))
