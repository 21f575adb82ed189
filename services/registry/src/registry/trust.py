"""Whom a reader of this register should trust: its log, its authorities' record keys, its status keys."""

from typing import Any

from goodstanding.note import VerifierKey
from goodstanding.number import SAMPLE_PREFIX
from goodstanding.trust import Trust
from registry.database import Database
from registry.errors import DatabaseRefused
from registry.issuance.key_rows import RECORD, REGISTRY, STATUS
from registry.issuance.keys import KeyStore
from registry.issuance.policy import quorum_of
from registry.pages import MAX_FIRST, PageRequest
from registry.schemes.model import Authority
from registry.schemes.repository import authority_page
from registry.settings import Settings


def need_log_keys(settings: Settings) -> None:
    """DatabaseRefused unless the settings name both keys of the log: without them nothing could be issued."""
    for name in ("log_vkey", "log_time_vkey"):
        if not getattr(settings, name):
            raise DatabaseRefused(
                f"Set GOODSTANDING_{name.upper()}, or GOODSTANDING_LOG_VKEYS_FILE to what `audit vkeys` prints"
            )


async def trust_of(settings: Settings, database: Database, keys: KeyStore) -> Trust:
    """The trust configuration of this register; an authority is named once it has a key. DatabaseRefused, LogError."""
    need_log_keys(settings)
    await keys.status_signer()  # made on first need, and whoever trusts its public half needs it
    issuers: dict[str, Any] = {}
    record_keys = await keys.historical_keys(RECORD)
    for authority in await _authorities(database):
        if public := record_keys.get(authority.id):
            issuers[f"{settings.origin}/authorities/{authority.id}"] = {
                "name": authority.name, "time_zone": authority.time_zone, "keys": public,
            }  # fmt: skip
    log = {
        "prefix": settings.prefix, "origin": settings.log_origin or VerifierKey.parse(settings.log_vkey).name,
        "vkey": settings.log_vkey, "time_vkey": settings.log_time_vkey,
        **_witnesses(settings),
    }  # fmt: skip
    status = {"prefix": f"{settings.origin}/status-lists/", "keys": (await keys.historical_keys(STATUS))[REGISTRY]}
    samples = settings.prefix == SAMPLE_PREFIX
    return Trust.from_json({"samples": samples, "logs": [log], "issuers": issuers, "status": [status]})


def _witnesses(settings: Settings) -> dict[str, Any]:
    """The log's witnesses, and how many of them are enough; LogError."""
    log, time = VerifierKey.parse(settings.log_vkey), VerifierKey.parse(settings.log_time_vkey)
    policy = quorum_of(settings, log, time)
    if policy is None:
        return {"witnesses": []}
    return {"witnesses": [key.encode() for key in policy.keys], "policy": policy.text}


async def _authorities(database: Database) -> list[Authority]:
    found: list[Authority] = []
    more = True
    async with database.read() as tx:
        while more:
            page = await authority_page(tx, PageRequest(MAX_FIRST, found[-1].id if found else None))
            found += page.items
            more = page.more
    return found
