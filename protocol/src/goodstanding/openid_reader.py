"""Who bears an access token of one OpenID Connect provider, with keys that are fetched when they are needed (extra `mirror`).

Rules
1. Nothing is fetched before the first token comes. A token with an unknown key makes us look, at most once in `RELOAD`;
   whoever waits meanwhile finds what that look has found.
2. Keys older than `FRESH` go on serving while they are looked at again: what the provider has withdrawn ends with that.
3. While the provider is away, or answers what cannot be used, the keys known go on serving, and unknown ones stay refused.
4. A look lasts `TIMEOUT` seconds for each document at most, follows no redirect, and reads `MAX_DOCUMENT` bytes at most.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from functools import lru_cache
from typing import Final

import httpx

from goodstanding.clock import Clock
from goodstanding.errors import TokenError, TrustError
from goodstanding.openid import (
    MAX_DOCUMENT,
    Identity,
    Provider,
    TrustedKey,
    discovery_address,
    jwks_address,
    provider_keys,
    verify_access_token,
)

RELOAD: Final = timedelta(seconds=1)
FRESH: Final = timedelta(minutes=5)
TIMEOUT: Final = 3.0  # seconds for one document
UNKNOWN_KEY: Final = "UNKNOWN_KEY"  # a reason of `goodstanding.openid`

Fetch = Callable[[str], Awaitable[bytes]]


async def fetch(address: str) -> bytes:
    """One document, bounded (rule 4); TrustError when there is none."""
    try:
        async with asyncio.timeout(TIMEOUT), _client() as client, client.stream("GET", address) as response:
            if response.status_code != httpx.codes.OK:
                raise TrustError(f"{address} answers {response.status_code}")
            return await _bounded(response, address)
    except (TimeoutError, httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        raise TrustError(f"{address} cannot be read ({type(error).__name__})") from error


class OpenIdReader:
    """Verifies the tokens of one provider; `trouble` is told, in words, when its keys cannot be read."""

    def __init__(self, provider: Provider, clock: Clock, trouble: Callable[[str], None], read: Fetch = fetch) -> None:
        self._provider = provider
        self._clock = clock
        self._trouble = trouble
        self._read = read
        self._known: Mapping[str, TrustedKey] = {}
        self._looking = asyncio.Lock()
        self._next_look = self._stale_at = clock()
        self._refresh: asyncio.Task[None] | None = None

    async def identity(self, token: str) -> Identity:
        """Whose token it is; TokenError for one that is refused."""
        try:
            return self._verified(token)
        except TokenError as error:
            if error.reason != UNKNOWN_KEY:
                raise
        await self._look()
        return self._verified(token)

    def _verified(self, token: str) -> Identity:
        now = self._clock()
        refreshing = self._refresh is not None and not self._refresh.done()
        if self._known and now >= self._stale_at and not refreshing:
            self._refresh = asyncio.create_task(self._look())
        return verify_access_token(token, self._known, self._provider, now)

    async def _look(self) -> None:
        """Look again, unless that was just done (rules 1 and 3)."""
        async with self._looking:
            if self._clock() < self._next_look:
                return
            try:
                document = await self._read(discovery_address(self._provider.issuer))
                self._known = provider_keys(await self._read(jwks_address(document, self._provider.issuer)))
                self._stale_at = self._clock() + FRESH
            except TrustError as error:
                self._trouble(str(error))
            finally:
                self._next_look = self._clock() + RELOAD


def _client() -> httpx.AsyncClient:
    return httpx.AsyncClient(
        timeout=TIMEOUT, follow_redirects=False, trust_env=False, verify=_machine_trusts(),
        headers={"Accept": "application/json", "Accept-Encoding": "identity"},
    )  # fmt: skip


@lru_cache(1)
def _machine_trusts() -> ssl.SSLContext:
    """Whom this machine trusts: a ministry's provider often has a certificate of the ministry's own authority."""
    return ssl.create_default_context()


async def _bounded(response: httpx.Response, address: str) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > MAX_DOCUMENT:
            raise TrustError(f"{address} answers more than {MAX_DOCUMENT} bytes")
    return bytes(body)
