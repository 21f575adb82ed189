"""Routes for everyone: the log as a C2SP client expects it, and the feed. The gateway serves them under its origin."""

import re

from fastapi import APIRouter, Request
from fastapi.responses import Response

from audit.errors import NotLogged, QuestionRefused
from audit.service import Log
from goodstanding.errors import LogError
from goodstanding.tiles import TILE_WIDTH, parse_tile_path

_IMMUTABLE = "public, max-age=604800, immutable"
_TEXT = "text/plain; charset=utf-8"
_AFTER = re.compile(r"-1|0|[1-9][0-9]{0,15}")


def routes(log: Log) -> APIRouter:
    """Return the public routes."""
    router = APIRouter()

    @router.api_route("/log/checkpoint", methods=["GET", "HEAD"])
    async def checkpoint() -> Response:
        snapshot = await log.reader.snapshot()
        return _answer(snapshot.note, _TEXT, "no-store")

    @router.api_route("/log/vkey", methods=["GET", "HEAD"])
    async def vkey() -> Response:
        return _answer("".join(f"{key}\n" for key in log.vkeys).encode(), _TEXT, "public, max-age=300")

    @router.api_route("/log/tile/{path:path}", methods=["GET", "HEAD"])
    async def tile(path: str) -> Response:
        name = f"tile/{path}"
        try:
            width = parse_tile_path(name).width
        except LogError as error:
            raise NotLogged(f"there is no such file in the log: {error}") from error
        data = await log.reader.file(name)
        if data is None:
            raise NotLogged("the log has no such bundle or tile; a partial one is gone once the full one exists")
        return _answer(data, "application/octet-stream", _IMMUTABLE if width == TILE_WIDTH else "no-store")

    @router.api_route("/feed", methods=["GET", "HEAD"])
    async def feed(request: Request, after: str = "-1") -> Response:
        if not _AFTER.fullmatch(after):
            raise QuestionRefused("after is the index of the last entry you have, or -1 to read from the start")
        page = await log.feed.page(int(after), _etags(request.headers.get("if-none-match", "")))
        # Nobody may keep the answer that nothing follows: the next entry would be missed for a minute.
        cache = "max-age=60, must-revalidate" if page.entries else "no-cache"
        headers = {"ETag": page.etag, "Cache-Control": cache, "Access-Control-Allow-Origin": "*"}
        if page.body is None:
            return Response(status_code=304, headers=headers)
        return Response(page.body, headers=headers, media_type="application/x-ndjson")

    return router


def _answer(data: bytes, media_type: str, cache: str) -> Response:
    headers = {"Cache-Control": cache, "Access-Control-Allow-Origin": "*"}
    return Response(data, headers=headers, media_type=media_type)


def _etags(if_none_match: str) -> frozenset[str]:
    """Entity tags of an If-None-Match header (RFC 9110 section 13.1.2); it compares weakly."""
    return frozenset(tag.strip().removeprefix("W/") for tag in if_none_match.split(","))
