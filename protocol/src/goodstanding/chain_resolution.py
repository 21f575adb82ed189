"""Finding a trust chain (OpenID Federation 1.0, section 10.1): upwards from an entity, by its `authority_hints`.

Rules
1. The shortest chain that holds is taken; one that does not hold is passed over while there are others.
2. Looking ends at `Bounds`: so many steps up, superiors of one entity, requests and characters altogether
   [BOUNDS_EXCEEDED]. An entity met on the way is not gone to again.
3. What an entity publishes is fetched from its own address, what a superior says from the endpoint that superior's
   configuration names, on the superior's own host [FOREIGN_ENDPOINT].
4. Nothing is believed that `validate_chain` has not gone through. Where no chain holds, the last refusal is told, or
   that there was none [NO_CHAIN].
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import quote, urlsplit

from goodstanding.entity import EntityStatement, read_statement, verify_configuration
from goodstanding.entity_claims import entity_id, well_known
from goodstanding.errors import TokenError
from goodstanding.trust_chain import Anchors, TrustChain, validate_chain

Fetch = Callable[[str], Awaitable[str | None]]
"""Asks an address for a statement; None where there is none to be had. It bounds time and size of each answer."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far a resolver looks."""

    depth: int = 6  # superiors above one another
    breadth: int = 4  # superiors of one entity that are asked
    requests: int = 40
    characters: int = 512 * 1024


BOUNDS: Final = Bounds()


@dataclass(slots=True)
class _Asking:
    """A fetch function that counts (rule 2). Belongs to one resolution."""

    fetch: Fetch
    bounds: Bounds
    requests: int = 0
    characters: int = 0
    refusal: TokenError | None = None  # the last one

    async def __call__(self, address: str) -> str | None:
        self.requests += 1
        found = await self.fetch(address) if self.requests <= self.bounds.requests else None
        self.characters += len(found or "")
        if self.requests > self.bounds.requests or self.characters > self.bounds.characters:
            raise TokenError("BOUNDS_EXCEEDED", "looking for a trust chain took more requests or text than allowed")
        return found


async def resolve_chain(
    subject: str, anchors: Anchors, fetch: Fetch, now: datetime, bounds: Bounds = BOUNDS
) -> TrustChain:
    """Find the shortest chain from an entity to one of these anchors. TokenError: see the rules."""
    ask = _Asking(fetch, bounds)
    nowhere = TokenError("NO_CHAIN", f"no way leads from {subject[:200]} to a trust anchor")
    first = await _configuration(ask, entity_id(subject, "the subject"), now)
    waiting: deque[tuple[EntityStatement, ...]] = deque([(first,)])
    while waiting:
        chain = waiting.popleft()
        if chain[-1].iss not in anchors:
            waiting += await _longer(ask, chain, now)
            continue
        try:
            return validate_chain([one.token for one in chain], anchors, now)
        except TokenError as error:
            ask.refusal = error
    raise ask.refusal or nowhere


async def _longer(ask: _Asking, chain: tuple[EntityStatement, ...], now: datetime) -> list[tuple[EntityStatement, ...]]:
    """The chain with each superior of its last entity; the superior's configuration is at its end until it has one.

    A superior that cannot be asked, or says nothing, is no way up; the others may be.
    """
    *below, top = chain
    met = {one.iss for one in chain}
    found = []
    above = max(len(chain) - 2, 0)
    for superior in top.authority_hints[: ask.bounds.breadth] if above < ask.bounds.depth else ():
        if superior not in met:
            try:
                configuration = await _configuration(ask, superior, now)
                statement = await _statement(ask, configuration, top)
            except TokenError as error:
                if error.reason == "BOUNDS_EXCEEDED":
                    raise
                ask.refusal = error
                continue
            kept = (*below, statement) if below else (top, statement)
            found.append((*kept, configuration))
    return found


async def _configuration(ask: _Asking, entity: str, now: datetime) -> EntityStatement:
    token = await ask(well_known(entity))
    if token is None:
        raise TokenError("NO_CHAIN", f"{entity} does not publish an entity configuration")
    return verify_configuration(token, entity=entity, now=now)


async def _statement(ask: _Asking, superior: EntityStatement, about: EntityStatement) -> EntityStatement:
    endpoint = superior.endpoint("federation_fetch_endpoint")
    if endpoint is None or urlsplit(endpoint).hostname != urlsplit(superior.iss).hostname:
        raise TokenError("FOREIGN_ENDPOINT", f"{superior.iss} names no fetch endpoint on its own host")
    token = await ask(f"{endpoint}{'&' if '?' in endpoint else '?'}sub={quote(about.sub, safe='')}")
    if token is None:
        raise TokenError("NO_CHAIN", f"{superior.iss} says nothing about {about.sub}")
    return read_statement(token)
