"""What fetching a file takes beside the network itself, for the client that waits and the one that is awaited."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import httpx

from goodstanding.client.asking import MAX_PROBLEM, Ask, Unanswered, refusal, too_long
from goodstanding.client.kept import Cache, Kept

SECONDS: Final = 15.0
"""How long one file may take."""

CONCURRENCY: Final = 16
"""How many numbers are asked about at once."""

HEADERS: Final[Mapping[str, str]] = {"Accept-Encoding": "identity", "User-Agent": "goodstanding"}
"""Nothing compressed: what a few bytes unpack to has no bound."""


@dataclass(frozen=True, slots=True)
class Settled:
    """No need to ask."""

    body: bytes


@dataclass(frozen=True, slots=True)
class Begun:
    """What to ask with, and what an answer 304 would confirm."""

    headers: Mapping[str, str]
    kept: Kept | None


def begun(ask: Ask, cache: Cache) -> Settled | Begun:
    """Look among what is kept first."""
    if not ask.anew and (body := cache.fresh(ask.url)) is not None:
        return Settled(body)
    kept = None if ask.anew else cache.known(ask.url)
    return Begun({"If-None-Match": kept.etag} if kept is not None and kept.etag else {}, kept)


@dataclass(slots=True)
class Gathered:
    """An answer as it comes in, never more of it than the file may have; Unanswered for what cannot be taken."""

    ask: Ask
    answer: httpx.Response
    body: bytearray = field(default_factory=bytearray)

    def __post_init__(self) -> None:
        if self.answer.headers.get("content-encoding", "identity") != "identity":
            raise Unanswered("BAD_ANSWER", f"{self.ask.url} was answered compressed, though that was not asked for.")

    def add(self, piece: bytes) -> None:
        """Take the next piece."""
        self.body += piece
        if len(self.body) > (self.ask.limit if self.answer.status_code == httpx.codes.OK else MAX_PROBLEM):
            raise too_long(self.ask)


def taken(gathered: Gathered, begin: Begun, cache: Cache) -> bytes:
    """The file that the whole answer gives, kept for next time; Unanswered where it gives none."""
    ask, headers = gathered.ask, gathered.answer.headers
    allowed = headers.get("cache-control", "")
    if gathered.answer.status_code == httpx.codes.NOT_MODIFIED and begin.kept is not None:
        cache.renew(ask.url, begin.kept, allowed)
        return begin.kept.body
    body = bytes(gathered.body)
    if gathered.answer.status_code != httpx.codes.OK:
        raise refusal(ask.url, gathered.answer.status_code, body)
    cache.keep(ask.url, body, headers.get("etag", ""), allowed)
    return body
