"""How keys follow one another: announced, taken into use, retired, revoked. Each act is one transaction.

Rules
1. A key is published before it is used: it becomes current no earlier than `notice` after it was announced. Whoever
   fetches keys at least that often never meets a signature it cannot verify.
2. A revoked key verifies nothing from that moment on. If it was the current one, the next one takes its place at once,
   announced or not: signatures nobody can verify yet cannot be concluded from, which is safe.
3. What a revoked key signed is signed again by its successor: records by the worker, status lists when next asked for.
4. A key can be revoked once; why is kept, and shown.
"""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import exists, insert, literal, select, update
from sqlmodel import col

from goodstanding.clock import Clock
from registry.clock import moment
from registry.columns import UtcInstant
from registry.database import Database, WriteTx, alone
from registry.errors import Conflict, Invalid, NotFound
from registry.issuance import key_rows as rows
from registry.issuance.key_files import Vault
from registry.issuance.key_rows import CURRENT, NEXT, RECORD, RETIRED, REVOKED, STATUS, Key
from registry.issuance.records import REISSUE
from registry.issuance.tables import DueRow, RecordRow, StatusListRow

REASONS: Final = ("compromised", "superseded", "unspecified")
"""Why a key is revoked (OpenID Federation 1.0, section on historical keys)."""


def lock_name(owner: str, role: str) -> str:
    """What is held while keys of an owner and role change."""
    return f"the {role} key of {owner}"


def is_due(following: Key | None, now: datetime) -> bool:
    """Whether the next key is to become current."""
    return following is not None and following.current_from is not None and following.current_from <= now


async def announce(
    database: Database, vault: Vault, owner: str, role: str, clock: Clock, *, notice: timedelta, reserve: bool = False
) -> Key:
    """Publish the next key, to become current after `notice`; one announced in reserve before counts from then.

    With `reserve` it is only published, for when it is needed. NotFound where there is no current key to follow,
    Conflict where the next key is on its way already, KeyRefused.
    """
    ordinal = await _free_ordinal(database, owner, role)
    signer = await asyncio.to_thread(vault.make, owner, role, ordinal)
    async with database.write() as tx:
        await alone(tx, lock_name(owner, role))
        now = moment(clock)
        current, following = await rows.in_use(tx, owner, role)
        if current is None:
            raise NotFound(f"{owner} has no {role} key that another one could follow; `registry keys list` shows all")
        if following is None:
            from_then = None if reserve else now + notice
            return await rows.add(
                tx, owner, role, ordinal, dict(signer.public_jwk), NEXT, now=now, current_from=from_then
            )
        if reserve or following.current_from is not None:
            raise Conflict(f"The {role} key {following.kid} of {owner} is the next one already.")
        from_then = max(now, following.created_at + notice)
        await rows.change(tx, following, current_from=from_then)
        await rows.tell(tx, [(following, NEXT, from_then, None)], now=now)
    return replace(following, current_from=from_then)


async def turn(database: Database, owner: str, role: str, clock: Clock) -> Key | None:
    """Take the next key into use if its time has come; return the current one."""
    async with database.write() as tx:
        await alone(tx, lock_name(owner, role))
        now = moment(clock)
        current, following = await rows.in_use(tx, owner, role)
        if current is None or following is None or not is_due(following, now):
            return current
        await rows.change(tx, current, state=RETIRED, ended_at=now)
        await rows.change(tx, following, state=CURRENT, current_from=now)
        await rows.tell(tx, [(current, RETIRED, now, None), (following, CURRENT, now, None)], now=now)
    return replace(following, state=CURRENT, current_from=now)


async def revoke(database: Database, vault: Vault, kid: str, reason: str, clock: Clock) -> Key | None:
    """Revoke a key; return its successor where it was the current one. NotFound, Conflict, Invalid, KeyRefused."""
    if reason not in REASONS:
        raise Invalid(f"{reason!r} is no reason to revoke a key; use one of {', '.join(REASONS)}.", field="reason")
    async with database.read() as tx:
        key = await rows.by_kid(tx, kid)
    if key is None:
        raise NotFound(f"There is no key {kid[:200]!r} here; `registry keys list` shows all.")
    ordinal = await _free_ordinal(database, key.owner, key.role)
    signer = await asyncio.to_thread(vault.make, key.owner, key.role, ordinal) if key.state == CURRENT else None
    async with database.write() as tx:
        await alone(tx, lock_name(key.owner, key.role))
        now = moment(clock)
        current, following = await rows.in_use(tx, key.owner, key.role)
        key = await rows.by_kid(tx, kid) or key
        if key.state == REVOKED:
            raise Conflict(f"The key {kid} was revoked before; nothing was changed.")
        if current is not None and current.kid == kid and signer is None and following is None:
            raise Conflict(f"The key {kid} has just become the current one; try again.")
        await rows.change(tx, key, state=REVOKED, ended_at=now, reason=reason)
        await rows.tell(tx, [(key, REVOKED, now, reason)], now=now)
        if current is None or current.kid != kid:
            await _sign_again(tx, key, now)
            return None
        successor = await _successor(tx, key, following, ordinal, signer, now)
        await _sign_again(tx, key, now)
    return successor


async def _successor(tx: WriteTx, key: Key, following: Key | None, ordinal: int, signer: Any, now: datetime) -> Key:
    """Rule 2."""
    if following is None:
        jwk = dict(signer.public_jwk)
        return await rows.add(tx, key.owner, key.role, ordinal, jwk, CURRENT, now=now, current_from=now)
    await rows.change(tx, following, state=CURRENT, current_from=now)
    await rows.tell(tx, [(following, CURRENT, now, None)], now=now)
    return replace(following, state=CURRENT, current_from=now)


async def _sign_again(tx: WriteTx, key: Key, now: datetime) -> None:
    """Rule 3."""
    if key.role == STATUS:
        await tx.execute(update(StatusListRow).values(version=col(StatusListRow.version) + 1))
    if key.role == RECORD:
        planned = exists().where(
            col(DueRow.number) == col(RecordRow.number), col(DueRow.kind) == REISSUE, col(DueRow.at) == now
        )
        signed = (
            select(col(RecordRow.number), literal(REISSUE), literal(now, UtcInstant))
            .where(col(RecordRow.kid) == key.kid, ~planned)
            .distinct()
        )
        await tx.execute(insert(DueRow).from_select(["number", "kind", "at"], signed))


async def _free_ordinal(database: Database, owner: str, role: str) -> int:
    async with database.read() as tx:
        _, following = await rows.in_use(tx, owner, role)
        return following.ordinal if following else await rows.last_ordinal(tx, owner, role) + 1
