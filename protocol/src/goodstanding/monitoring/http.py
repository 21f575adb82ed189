"""Fetching a log's files with httpx (extra `mirror`): bounded in time and bytes, no redirects followed."""

from __future__ import annotations

import time
from typing import Final

import httpx

from goodstanding.errors import GoodstandingError, LogError
from goodstanding.monitoring.published import Fetch, Unreachable

SECONDS: Final = 30.0
"""How long an answer may be silent."""

MAX_SECONDS: Final = 600.0
"""How long one file may take."""


def open_client(url: str) -> httpx.Client:
    """A client for the register at this origin; GoodstandingError where the URL is none."""
    try:
        client = httpx.Client(base_url=url.rstrip("/") + "/")
    except httpx.InvalidURL as error:
        raise GoodstandingError(f"{url[:200]!r} is not the origin of a register: {error}") from error
    if client.base_url.scheme not in ("http", "https"):
        client.close()
        raise GoodstandingError(f"{url[:200]!r} is not the origin of a register; write it as https://register.example")
    return client


def fetcher(client: httpx.Client) -> Fetch:
    """Fetch with this client, whose base URL is the register's origin.

    Unreachable for whatever is no answer, LogError for one that is too long.
    """

    def fetch(path: str, limit: int) -> bytes | None:
        try:
            with client.stream("GET", path, timeout=SECONDS) as answer:
                if answer.status_code in (httpx.codes.NOT_FOUND, httpx.codes.GONE):
                    return None
                if answer.status_code != httpx.codes.OK:
                    raise Unreachable(f"{path} was answered with {answer.status_code}; try again later")
                return _bounded(answer, path, limit)
        except httpx.HTTPError as error:
            raise Unreachable(f"{path} cannot be fetched: {error or type(error).__name__}") from error

    return fetch


def _bounded(answer: httpx.Response, path: str, limit: int) -> bytes:
    data, until = bytearray(), time.monotonic() + MAX_SECONDS
    for piece in answer.iter_bytes():
        data += piece
        if len(data) > limit:
            raise LogError(f"{path} is longer than {limit} bytes and was not read to its end")
        if time.monotonic() > until:
            raise Unreachable(f"{path} was not there after {MAX_SECONDS:.0f} seconds; try again later")
    return bytes(data)
