"""The registry's side of the folder: its database made ready, its keys, and whom readers should trust.

`import` needs no more than this and works beside a running server; the composition builds on it.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import audit.migrate
import audit.settings
import registry.migrate
from audit.keys import made_signers
from audit.signing import CheckpointSigner
from goodstanding.clock import Clock, system_clock
from goodstanding.keys import Signer
from goodstanding.trust import Trust
from goodstanding_standalone.bootstrap import found_register
from goodstanding_standalone.settings import StandaloneSettings
from registry.access.model import Actor
from registry.access.repository import token_keys
from registry.access.service import actor_of
from registry.access.tokens import TokenIssuer, TokenVerifier
from registry.database import Database
from registry.issuance.key_rows import REGISTRY
from registry.issuance.keys import KeyStore
from registry.issuance.vaults import vault_of
from registry.settings import Settings
from registry.trust import trust_of


@dataclass(frozen=True, slots=True)
class Register:
    """An open register; `settings` are the registry's own."""

    settings: Settings
    database: Database
    keys: KeyStore
    clock: Clock

    async def member(self, member_id: str) -> Actor:
        """A member with its present roles; NotFound."""
        async with self.database.as_registry().read() as tx:
            return await actor_of(tx, member_id)

    async def bearer(self, token: str) -> Actor:
        """Whoever holds this access token; TokenError."""
        async with self.database.read() as tx:
            keys = await token_keys(tx)
        return TokenVerifier(keys, self.settings.origin, self.clock).actor(f"Bearer {token}")

    async def token(self, member_id: str) -> str:
        """A fresh access token of a member; NotFound."""
        issuer = TokenIssuer(await self.keys.token_signer(), self.settings.origin, self.clock)
        return issuer.issue(await self.member(member_id), self.settings.token_lifetime)

    async def trust(self) -> Trust:
        """What a reader of this register's records should trust: its log, its authorities' keys, its status lists."""
        return await trust_of(self.settings, self.database, self.keys)


@asynccontextmanager
async def open_register(settings: StandaloneSettings, clock: Clock = system_clock) -> AsyncIterator[Register]:
    """Migrate the folder's databases, found what is missing, and open the registry's side.

    Raises DatabaseRefused for a folder made for another prefix or origin, KeyRefused for unusable keys,
    KeyAway while the device that holds them does not answer.
    """
    signer = await asyncio.to_thread(log_signer, settings)
    await registry.migrate.migrate(settings.registry_url, prefix=settings.prefix, origin=settings.public_origin)
    await asyncio.to_thread(audit.migrate.migrate, settings.audit_url)
    ours = Settings(
        origin=settings.public_origin, var=settings.var, prefix=settings.prefix, database_url=settings.registry_url,
        log_origin=signer.origin, log_vkey=signer.log_key.encode(), log_time_vkey=signer.time_key.encode(),
    )  # fmt: skip
    database = Database(settings.registry_url)
    try:
        await found_register(database, ours, clock)
        keys = KeyStore(vault_of(ours), database, clock)
        await keys.token_signer()
        await keys.status_signer()
        await keys.record_signer(REGISTRY)
        yield Register(ours, database, keys, clock)
    finally:
        await database.close()


def log_signer(settings: StandaloneSettings) -> CheckpointSigner:
    """What signs checkpoints, with keys made on first use. KeyRefused, KeyAway."""
    return CheckpointSigner(settings.log_origin, *log_keys(settings))


def log_keys(settings: StandaloneSettings) -> tuple[Signer, Signer]:
    """The signers of checkpoints and of the time, made on first use. KeyRefused, KeyAway."""
    return made_signers(audit.settings.Settings(var=settings.var))
