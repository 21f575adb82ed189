"""The two services behind the gateway, and the one way to read from them: bounded in time and in bytes."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import httpx
from starlette.types import ASGIApp

from gateway.in_process import InProcessTransport
from gateway.tracing import carry

TIMEOUT: Final = 5.0
"""Seconds a hop may take; streams are exempt once they have begun."""


class UpstreamError(Exception):
    """A service did not answer, answered too late or too much. `timed_out` says which."""

    def __init__(self, message: str, *, timed_out: bool = False) -> None:
        super().__init__(message)
        self.timed_out = timed_out


@dataclass(frozen=True, slots=True)
class Upstreams:
    """A client per service, each with the service's base address. Whoever makes them closes them."""

    registry: httpx.AsyncClient
    audit: httpx.AsyncClient

    def named(self, name: str) -> httpx.AsyncClient:
        """The client of `registry` or `audit`; KeyError for another name."""
        return {"registry": self.registry, "audit": self.audit}[name]


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer."""

    status: int
    headers: httpx.Headers
    body: bytes

    @property
    def media_type(self) -> str:
        """The content type without its parameters."""
        return str(self.headers.get("content-type", "")).partition(";")[0].strip().lower()


def over_http(base_url: str) -> httpx.AsyncClient:
    """A client for a service at an address. No redirects, no environment proxies, at most 100 connections."""
    return httpx.AsyncClient(
        base_url=base_url,
        timeout=TIMEOUT,
        follow_redirects=False,
        trust_env=False,
        limits=httpx.Limits(max_connections=100, max_keepalive_connections=20),
        event_hooks={"request": [carry]},
    )


def in_process(app: ASGIApp, name: str) -> httpx.AsyncClient:
    """A client for an ASGI application in this process; an error inside it becomes its 500, as over a network."""
    return httpx.AsyncClient(
        transport=InProcessTransport(app), base_url=f"http://{name}.internal", timeout=TIMEOUT,
        event_hooks={"request": [carry]},
    )  # fmt: skip


async def read(
    client: httpx.AsyncClient,
    path: str,
    *,
    limit: int,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    content: bytes | None = None,
    timeout: float = TIMEOUT,  # noqa: ASYNC109 - the bound of this one hop, enforced below
) -> Answer:
    """Send one request and read at most `limit` bytes within `timeout` seconds; UpstreamError otherwise."""
    name = path.partition("?")[0]  # an error may be shown: it names no host
    try:
        async with asyncio.timeout(timeout):
            async with client.stream(method, path, headers=dict(headers or {}), content=content) as response:
                return Answer(response.status_code, response.headers, await _body(response, limit))
    except (TimeoutError, httpx.TimeoutException) as error:
        raise UpstreamError(f"{name} was not answered within {timeout:g} s", timed_out=True) from error
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError) as error:
        raise UpstreamError(f"{name} cannot be reached ({type(error).__name__})") from error


async def _body(response: httpx.Response, limit: int) -> bytes:
    chunks, size = [], 0
    async for chunk in response.aiter_bytes():
        size += len(chunk)
        if size > limit:
            raise UpstreamError(f"{response.url.path} answered more than {limit} bytes")
        chunks.append(chunk)
    return b"".join(chunks)
