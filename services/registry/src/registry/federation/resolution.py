"""Resolving entities of this register up to a trust anchor of it, and the keys entities had (sections 8.3 and 8.7).

Rules
1. A trust anchor resolves up to itself, for entities of this register. Nothing is fetched from elsewhere.
2. What is answered has gone through the same validation as at any reader: chain, policy, constraints, and each mark.
3. The answer ends with the first statement or mark in it that ends.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from goodstanding.chain_resolution import resolve_chain
from goodstanding.clock import Clock
from goodstanding.entity import verify_configuration
from goodstanding.entity_claims import key_set, well_known
from goodstanding.errors import TokenError
from goodstanding.trust_chain import Anchors, TrustChain
from goodstanding.trust_mark import read_trust_mark, validate_trust_mark
from registry.federation.errors import INVALID_TRUST_ANCHOR, NOT_FOUND, FederationRefused
from registry.federation.model import HISTORY, RESOLVED, Entity, Signed
from registry.federation.service import Federation
from registry.federation.tokens import Build, Draft
from registry.issuance.key_rows import FEDERATION
from registry.issuance.keys import KeyStore

RESOLVED_TYP: Final = "resolve-response+jwt"
HISTORY_TYP: Final = "jwk-set+jwt"


class Resolver:
    """Chains of this register's entities. Every method raises FederationRefused for what there is not."""

    def __init__(self, federation: Federation, keys: KeyStore, clock: Clock) -> None:
        self._federation = federation
        self._keys = keys
        self._clock = clock
        self._names = federation.names

    async def resolve(self, anchor: Entity, sub: str, asked: Sequence[str]) -> Signed:
        """What a chain from `sub` up to this anchor says of it; `asked` are the trust anchors the reader accepts."""
        address, subject, now = self._names.entity(anchor), self._names.read(sub), self._clock()
        if address not in asked:
            raise FederationRefused(INVALID_TRUST_ANCHOR, f"{address} resolves up to itself alone.")
        if subject is None:
            raise FederationRefused(NOT_FOUND, f"{sub[:400]} is no entity of this register.")
        anchors = {address: key_set({"keys": await self._federation.jwks(anchor.id)}, "jwks")}
        try:
            chain = await resolve_chain(sub, anchors, self._own, now)
        except TokenError as error:
            raise FederationRefused(NOT_FOUND, f"No chain leads from {sub} to {address}: {error.message}.") from error
        marks = await self._marks(chain, anchors, now)
        claims = {
            "iss": address, "sub": sub, "metadata": chain.metadata, "trust_chain": chain.tokens,
            **({"trust_marks": marks} if marks else {}),
        }  # fmt: skip
        ends = min([chain.expires, *(read_trust_mark(one["trust_mark"]).exp for one in marks)])
        draft = Draft((RESOLVED, anchor.id, subject.id, ""), RESOLVED_TYP, _timed(claims), ends)
        return await self._federation.tokens.current(draft)

    async def historical_keys(self, entity: Entity) -> Signed:
        """The keys an entity signs with no more, each with the second of its end as `exp`; and why, where revoked."""
        await self._federation.configuration(entity)  # refuses an entity that there is not
        ended = [key for key in await self._keys.all_keys(entity.id, FEDERATION) if "exp" in key or "revoked" in key]
        keys = [{"exp": key.get("revoked", {}).get("revoked_at"), **key} for key in ended]
        claims = {"iss": self._names.entity(entity), "keys": keys}
        return await self._federation.tokens.current(
            Draft((HISTORY, entity.id, entity.id, ""), HISTORY_TYP, _timed(claims))
        )

    async def _own(self, address: str) -> str | None:
        """What this register publishes at an address: a configuration, or a statement of a fetch endpoint."""
        parts = urlsplit(address)
        plain = address.partition("?")[0]
        try:
            if plain == address and address.endswith(well_known("")):
                entity = self._names.read(address.removesuffix(well_known("")))
                return (await self._federation.configuration(entity)).token if entity else None
            superior = self._names.read(plain.removesuffix("/fetch").replace("/federation/", "/", 1))
            sub = parse_qs(parts.query).get("sub", [""])[0]
            return (await self._federation.fetch(superior, sub)).token if superior else None
        except FederationRefused:
            return None

    async def _marks(self, chain: TrustChain, anchors: Anchors, now: datetime) -> list[dict[str, str]]:
        """Those of the subject's marks that hold."""
        shown = chain.statements[0].claims.get("trust_marks", [])
        anchor = verify_configuration(chain.statements[-1].token, entity=chain.anchor, now=now)
        holding = []
        for one in shown:
            try:
                issuer = await resolve_chain(read_trust_mark(one["trust_mark"]).iss, anchors, self._own, now)
                validate_trust_mark(one["trust_mark"], subject=chain.subject, issuer=issuer, anchor=anchor, now=now)
            except TokenError:
                continue
            holding.append(one)
        return holding


def _timed(claims: dict[str, Any]) -> Build:
    def build(iat: datetime, exp: datetime, _: int) -> dict[str, Any]:
        return claims | {"iat": int(iat.timestamp()), "exp": int(exp.timestamp())}

    return build
