"""Bearer tokens of an OpenID Connect provider, where one is configured instead of access keys.

1. Keys come from the provider's discovery document, when the first token does. A token with an unknown key makes us look
   again, at most once in `RELOAD`; keys older than `FRESH` serve while they are looked at again.
2. While the provider is away the keys known go on serving, and unknown ones stay refused.
3. A look lasts `TIMEOUT` seconds for each document at most, follows no redirect, and reads `MAX_DOCUMENT` bytes at most.
4. Whoever a token belongs to is passed on with it, unread: the registry knows its members.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from functools import lru_cache
from typing import Final

import httpx
import structlog

from gateway.guards.tokens import LEEWAY, Caller, TokenRefused, bearer
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
TIMEOUT: Final = 3.0
LONGEST: Final = 86_400.0
"""Seconds a token may live for this door; the registry's own is narrower."""

Fetch = Callable[[str], Awaitable[bytes]]

_log = structlog.get_logger("gateway.guards")


async def fetch(address: str) -> bytes:
    """One document, bounded (rule 3); TrustError when there is none."""
    try:
        async with asyncio.timeout(TIMEOUT), _client() as client, client.stream("GET", address) as response:
            if response.status_code != httpx.codes.OK:
                raise TrustError(f"{address} answers {response.status_code}")
            return await _bounded(response, address)
    except (TimeoutError, httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        raise TrustError(f"{address} cannot be read ({type(error).__name__})") from error


class OpenIdGuard:
    """Verifies the access tokens of one provider for one audience."""

    def __init__(self, issuer: str, audience: str, algs: tuple[str, ...], clock: Clock, read: Fetch = fetch) -> None:
        self._provider = Provider(issuer, audience, algs, LONGEST, LEEWAY)
        self._clock = clock
        self._read = read
        self._known: Mapping[str, TrustedKey] = {}
        self._looking = asyncio.Lock()
        self._next_look = self._stale_at = clock()
        self._refresh: asyncio.Task[None] | None = None

    async def caller(self, authorization: str | None) -> Caller | None:
        """Who sends this Authorization header: None for nobody, TokenRefused for a bad token."""
        token = bearer(authorization)
        if token is None:
            return None
        try:
            return Caller((await self._identity(token)).subject, token)
        except TokenError as error:
            raise TokenRefused(error.reason, f"the access token is refused: {error.message}") from error

    async def _identity(self, token: str) -> Identity:
        try:
            return self._verified(token)
        except TokenError as error:
            if error.reason != "UNKNOWN_KEY":
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
        async with self._looking:  # whoever waited here finds what was found meanwhile
            if self._clock() < self._next_look:
                return
            try:
                document = await self._read(discovery_address(self._provider.issuer))
                self._known = provider_keys(await self._read(jwks_address(document, self._provider.issuer)))
                self._stale_at = self._clock() + FRESH
            except TrustError as error:
                _log.warning("the OpenID Connect provider's keys cannot be read", why=str(error))
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
