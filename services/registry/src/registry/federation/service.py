"""What the entities of this register answer as parts of an OpenID Federation 1.0 (sections 8 and 9).

Nothing is asked of other registers: what is said and resolved here is about entities of this one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from goodstanding.clock import Clock
from goodstanding.entity import FEDERATION_ENTITY
from goodstanding.errors import TokenError
from goodstanding.jws import verify_jws
from goodstanding.trust_mark import TYP as MARK_TYP
from goodstanding.trust_mark import TrustMark, read_trust_mark
from registry.database import Database, ReadTx
from registry.federation import repository, statements
from registry.federation.errors import INVALID_REQUEST, NOT_FOUND, FederationRefused
from registry.federation.marks import ACTIVE, INVALID, Marks
from registry.federation.model import AUTHORITIES, ORGANISATIONS, STATUS, Entity, Names, Signed
from registry.federation.statements import Standing
from registry.federation.tokens import Draft, SignedTokens
from registry.issuance.key_rows import FEDERATION
from registry.issuance.keys import KeyStore
from registry.issuance.lists import StatusLists
from registry.issuance.policy import Policy
from registry.schemes import repository as schemes

STATUS_TYP = "trust-mark-status-response+jwt"


@dataclass(frozen=True, slots=True)
class Filters:
    """Which subordinates are listed; None: whichever."""

    entity_types: Sequence[str] = ()
    trust_marked: bool | None = None
    trust_mark_type: str | None = None
    intermediate: bool | None = None


class Federation:
    """The answers. Every method raises FederationRefused for what there is not, KeyRefused."""

    def __init__(self, database: Database, keys: KeyStore, policy: Policy, clock: Clock) -> None:
        self._database = database
        self._keys = keys
        self._clock = clock
        self.names = Names(policy.origin)
        self.tokens = SignedTokens(database, keys, clock)
        self.marks = Marks(database, self.tokens, StatusLists(database, keys, policy, clock), clock, self.names)

    async def configuration(self, entity: Entity) -> Signed:
        """What an entity says of itself."""
        if entity.kind == ORGANISATIONS:
            return await self._of_organisation(entity.id)
        now = self._clock()
        async with self._database.read() as tx:
            name = await self._authority(tx, entity.id)
            above = await repository.owners_above(tx, entity.id, now)
            issuers = await repository.mandated(tx, await repository.schemes_owned(tx, entity.id), now)
        hints = sorted({self.names.authority(owner) for owner in above.values() if owner != entity.id})
        named = {scheme: [self.names.authority(one) for one in holders] for scheme, holders in issuers.items()}
        standing = Standing(name, await self.jwks(entity.id), hints, named)
        return await self.tokens.current(statements.of_authority(self.names, entity.id, standing))

    async def fetch(self, superior: Entity, sub: str) -> Signed:
        """What an entity says of one right below it."""
        if sub == self.names.entity(superior):
            raise FederationRefused(INVALID_REQUEST, f"{sub} speaks of itself in its entity configuration.")
        subject = self.names.read(sub)
        below = await self._below(superior, subject) if subject else []
        if subject is None or subject not in below:
            raise FederationRefused(NOT_FOUND, f"{self.names.entity(superior)} has no subordinate {sub[:400]}.")
        jwks = await self.jwks(subject.id)
        return await self.tokens.current(statements.of_subordinate(self.names, superior.id, subject, jwks))

    async def listing(self, superior: Entity, filters: Filters) -> list[str]:
        """The entities right below one, at most 10,000, in the order of their identifiers."""
        below = await self._below(superior)
        if filters.intermediate is not None:
            below = [one for one in below if (one.kind == AUTHORITIES) == filters.intermediate]
        if filters.entity_types and FEDERATION_ENTITY not in filters.entity_types:
            below = []
        if filters.trust_marked is not None or filters.trust_mark_type is not None:
            marked = set(await self.mark_list(superior, filters.trust_mark_type))
            wanted = filters.trust_marked is not False
            below = [one for one in below if (self.names.entity(one) in marked) == wanted]
        return sorted(map(self.names.entity, below))[: repository.MAX_LISTED]

    async def mark(self, issuer: Entity, mark_type: str, sub: str) -> Signed:
        """An entity's mark of a type."""
        subject = self.names.read(sub)
        found = (
            await self.marks.of(subject.id, issuer.id)
            if subject and subject.kind == ORGANISATIONS and issuer.kind == AUTHORITIES
            else {}
        )
        if mark_type not in found:
            raise FederationRefused(
                NOT_FOUND, f"{self.names.entity(issuer)} has issued no mark {mark_type[:400]} to {sub[:400]}."
            )
        return found[mark_type]

    async def mark_list(self, issuer: Entity, mark_type: str | None, sub: str | None = None) -> list[str]:
        """The entities with a mark of this issuer that was issued and counts now."""
        scheme = None if mark_type is None else self.names.scheme(mark_type)
        if mark_type is not None and scheme is None:
            return []
        counting = {self.names.organisation(one) for one in await self.marks.issued(issuer.id, scheme)}
        return sorted(counting if sub is None else counting & {sub})

    async def mark_status(self, issuer: Entity, token: str) -> tuple[Signed, str]:
        """What has become of a mark, signed, and in a word."""
        mark, void = await self._known(issuer, token)
        state = INVALID if void else await self.marks.status(mark)
        subject = self.names.read(mark.sub)
        scheme = self.names.scheme(mark.trust_mark_type)
        if subject is None or scheme is None:
            raise FederationRefused(NOT_FOUND, "The trust mark is not one of this register.")

        def build(iat: datetime, exp: datetime, _: int) -> dict[str, Any]:
            times = {"iat": int(iat.timestamp()), "exp": int(exp.timestamp())}
            return {"iss": self.names.entity(issuer), **times, "trust_mark": token, "status": state}

        place = (STATUS, issuer.id, subject.id, scheme)
        ends = mark.exp if state == ACTIVE else None
        return await self.tokens.current(Draft(place, STATUS_TYP, build, ends)), state

    async def jwks(self, owner: str) -> list[dict[str, Any]]:
        """The keys of an entity that verify something now or will, made on first need."""
        if not (found := await self._keys.public_keys(owner, FEDERATION)):
            await self._keys.federation_signer(owner)
            found = await self._keys.public_keys(owner, FEDERATION)
        return found

    async def _known(self, issuer: Entity, token: str) -> tuple[TrustMark, bool]:
        """A mark that a key of the issuer's has signed, whenever that was, and whether that key was revoked since.

        Everything else is unknown here.
        """
        try:
            mark = read_trust_mark(token)
            keys = {key["kid"]: key for key in await self._keys.all_keys(issuer.id, FEDERATION)}
            signed = verify_jws(token, typ=MARK_TYP, keys=keys)
        except TokenError as error:
            raise FederationRefused(NOT_FOUND, f"The trust mark is not known here: {error.message}.") from error
        if mark.iss != self.names.entity(issuer):
            raise FederationRefused(NOT_FOUND, f"{self.names.entity(issuer)} did not issue this trust mark.")
        return mark, "revoked" in keys[signed.header["kid"]]

    async def _of_organisation(self, organisation_id: str) -> Signed:
        async with self._database.read() as tx:
            name = await repository.organisation_name(tx, organisation_id)
            accredited = await repository.accredited(tx, self._clock(), organisation=organisation_id)
        hints = {self.names.authority(one.authority_id) for one in accredited if self.names.federates(one.number)}
        if name is None or not hints:
            raise FederationRefused(NOT_FOUND, "No such organisation is hosted here; it has no record in force.")
        marks = await self.marks.of(organisation_id)
        jwks = await self.jwks(organisation_id)
        return await self.tokens.current(
            statements.of_organisation(self.names, organisation_id, name, jwks, sorted(hints), marks)
        )

    async def _below(self, superior: Entity, one: Entity | None = None) -> list[Entity]:
        """The entities right below one, or those of them that are this one."""
        if superior.kind != AUTHORITIES:
            return []
        now = self._clock()
        organisation = one.id if one and one.kind == ORGANISATIONS else None
        async with self._database.read() as tx:
            await self._authority(tx, superior.id)
            holders = await repository.mandated(tx, await repository.schemes_owned(tx, superior.id), now)
            accredited = await repository.accredited(tx, now, authority=superior.id, organisation=organisation)
        authorities = {Entity(AUTHORITIES, held) for of in holders.values() for held in of if held != superior.id}
        hosted = {Entity(ORGANISATIONS, of.organisation_id) for of in accredited if self.names.federates(of.number)}
        return [*authorities, *hosted]

    async def _authority(self, tx: ReadTx, authority_id: str) -> str:
        found = (await schemes.authorities(tx, [authority_id])).get(authority_id)
        if found is None:
            raise FederationRefused(NOT_FOUND, f"There is no authority {authority_id[:200]} here.")
        return found.name
