"""How published artefacts are answered: strong ETags, 304, gzip where it is made already, CORS, and a bound on age."""

import hashlib
from datetime import datetime, timedelta

from fastapi import Request, Response

from goodstanding.canonical import b64u

GZIP = "gzip"


def answer(request: Request, content: bytes, media_type: str, *, max_age: int, zipped: bytes | None = None) -> Response:
    """Answer with these bytes, their gzip where the client accepts it, or 304 where it has them already.

    An encoding is another representation and so has another ETag (RFC 9110 section 8.8.3.3).
    """
    encoded = zipped is not None and accepts_gzip(request.headers.get("accept-encoding", ""))
    digest = b64u(hashlib.sha256(content).digest())
    etag = f'"{digest}.{GZIP}"' if encoded else f'"{digest}"'
    headers = {
        "ETag": etag,
        "Cache-Control": f"public, max-age={max(max_age, 0)}",
        "Access-Control-Allow-Origin": "*",
        "Vary": "Accept-Encoding",
    }
    if matches(request.headers.get("if-none-match", ""), etag):
        return Response(status_code=304, headers=headers)
    if encoded and zipped is not None:
        return Response(zipped, headers={**headers, "Content-Encoding": GZIP}, media_type=media_type)
    return Response(content, headers=headers, media_type=media_type)


def matches(if_none_match: str, etag: str) -> bool:
    """Weak comparison with a list of entity tags (RFC 9110 section 13.1.2)."""
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return etag in tags or tags == ["*"]


def accepts_gzip(accept_encoding: str) -> bool:
    """Whether gzip, or else ``*``, is named with a weight other than 0 (RFC 9110 section 12.5.3)."""
    weights = {}
    for coding in accept_encoding.lower().split(","):
        name, _, weight = coding.replace(" ", "").partition(";q=")
        weights[name] = weight
    weight = weights.get(GZIP, weights.get("*", "0"))
    return weight.strip("0.") != "" or weight == ""


def age(limit: timedelta, now: datetime, exp: datetime | None = None) -> int:
    """Whole seconds a reader may keep something: the limit, and not beyond its own end."""
    left = limit if exp is None else min(limit, exp - now)
    return max(int(left.total_seconds()), 0)
