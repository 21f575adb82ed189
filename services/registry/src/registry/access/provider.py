"""The keys of the OpenID Connect provider: fetched, kept, and looked at again when there may be others.

Rules
1. Nothing is fetched before the first token comes. A token with an unknown key makes us look, at most once in `RELOAD`;
   whoever waits meanwhile finds what that look has found.
2. Keys older than `FRESH` go on serving while they are looked at again: what the provider has withdrawn ends with that.
3. While the provider is away, or answers what cannot be used, the keys known go on serving, and unknown ones stay refused.
4. A look lasts `TIMEOUT` seconds at most, follows no redirect, and reads no more than `MAX_DOCUMENT` bytes.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from functools import lru_cache
from typing import Final

import httpx
import structlog

from goodstanding.clock import Clock
from goodstanding.errors import TrustError
from goodstanding.openid import MAX_DOCUMENT, TrustedKey, discovery_address, jwks_address, provider_keys

RELOAD: Final = timedelta(seconds=1)
FRESH: Final = timedelta(minutes=5)
TIMEOUT: Final = 3.0  # seconds for one document

Fetch = Callable[[str], Awaitable[bytes]]

_log = structlog.get_logger("registry.access")


async def fetch(address: str) -> bytes:
    """One document, bounded (rule 4); TrustError when there is none."""
    try:
        async with asyncio.timeout(TIMEOUT), _client() as client, client.stream("GET", address) as response:
            if response.status_code != httpx.codes.OK:
                raise TrustError(f"{address} answers {response.status_code}")
            return await _bounded(response, address)
    except (TimeoutError, httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        raise TrustError(f"{address} cannot be read ({type(error).__name__})") from error


class ProviderKeys:
    """The keys of one issuer, by kid."""

    def __init__(self, issuer: str, clock: Clock, read: Fetch = fetch) -> None:
        self._issuer = issuer
        self._clock = clock
        self._read = read
        self._known: Mapping[str, TrustedKey] = {}
        self._looking = asyncio.Lock()
        self._next_look = self._stale_at = clock()
        self._refresh: asyncio.Task[None] | None = None

    def known(self) -> Mapping[str, TrustedKey]:
        """The keys as they are known; old ones are looked at again meanwhile (rule 2)."""
        refreshing = self._refresh is not None and not self._refresh.done()
        if self._known and self._clock() >= self._stale_at and not refreshing:
            self._refresh = asyncio.create_task(self.look())
        return self._known

    async def look(self) -> None:
        """Look again, unless that was just done (rules 1 and 3)."""
        async with self._looking:
            if self._clock() < self._next_look:
                return
            try:
                document = await self._read(discovery_address(self._issuer))
                self._known = provider_keys(await self._read(jwks_address(document, self._issuer)))
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
