"""The life of a key as the database tells it: next, current, retired, revoked; each step is a logged event.

`next` is published and signs nothing yet · `current` signs · `retired` signs nothing more, and what it signed is good
until its own end · `revoked` verifies nothing more, whatever it signed.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import func, insert, select, update
from sqlmodel import col

from goodstanding import record, status_list
from goodstanding.canonical import format_time
from goodstanding.events import new_event_id, new_subject
from registry.database import ReadTx, WriteTx
from registry.issuance.ledger import Entry, Stream, append
from registry.issuance.tables import KeyRow

REGISTRY = "aut_registry"  # owner of the registry-wide keys
RECORD, STATUS, TOKEN, FEDERATION = "record", "status", "token", "federation"  # roles
NEXT, CURRENT, RETIRED, REVOKED = "next", "current", "retired", "revoked"  # states

LONGEST: Final = {
    RECORD: timedelta(seconds=record.MAX_LIFETIME),
    STATUS: timedelta(seconds=status_list.MAX_LIFETIME),
    TOKEN: timedelta(hours=1),
    FEDERATION: timedelta(days=14),  # delegations; all else ends earlier
}
"""How long what a key of a role has signed may live."""

MARGIN: Final = timedelta(minutes=10)
"""What was about to be signed when the key retired is stored and released within this time."""

_COLUMNS = (
    col(KeyRow.kid), col(KeyRow.owner), col(KeyRow.role), col(KeyRow.ordinal), col(KeyRow.jwk), col(KeyRow.state),
    col(KeyRow.created_at), col(KeyRow.current_from), col(KeyRow.ended_at), col(KeyRow.reason), col(KeyRow.subject),
    col(KeyRow.head),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Key:
    """A key's public half and where it is in its life. Times are aware UTC."""

    kid: str
    owner: str
    role: str
    ordinal: int  # the owner's first key of this role is 1
    jwk: dict[str, Any]
    state: str
    created_at: datetime
    current_from: datetime | None  # None: a next key kept in reserve
    ended_at: datetime | None  # when it was retired or revoked
    reason: str | None
    subject: bytes
    head: bytes | None

    @property
    def verifies_until(self) -> datetime | None:
        """From when on it verifies nothing; None while there is no such time."""
        if self.ended_at is None or self.state == REVOKED:
            return self.ended_at
        return self.ended_at + LONGEST[self.role] + MARGIN

    @property
    def published(self) -> dict[str, Any]:
        """The public JWK, with its end where it has one: `exp` or `revoked` (OpenID Federation, historical keys)."""
        end = self.verifies_until
        if end is None:
            return self.jwk
        second = int(end.timestamp())
        return self.jwk | ({"revoked": {"revoked_at": second, "reason": self.reason}} if self.state == REVOKED
                           else {"exp": second})  # fmt: skip


async def keys_of(tx: ReadTx | WriteTx, owner: str | None = None, role: str | None = None) -> list[Key]:
    """Keys, of one owner or role or of all, oldest first."""
    statement = select(*_COLUMNS).order_by(col(KeyRow.owner), col(KeyRow.role), col(KeyRow.ordinal))
    for column, wanted in ((col(KeyRow.owner), owner), (col(KeyRow.role), role)):
        statement = statement if wanted is None else statement.where(column == wanted)
    return [Key(*row) for row in await tx.execute(statement)]


async def in_use(tx: ReadTx | WriteTx, owner: str, role: str) -> tuple[Key | None, Key | None]:
    """The current key and the next one."""
    mine = (col(KeyRow.owner) == owner) & (col(KeyRow.role) == role) & col(KeyRow.state).in_((CURRENT, NEXT))
    found = {key.state: key for key in (Key(*row) for row in await tx.execute(select(*_COLUMNS).where(mine)))}
    return found.get(CURRENT), found.get(NEXT)


async def by_kid(tx: ReadTx | WriteTx, kid: str) -> Key | None:
    """The key of this id."""
    row = (await tx.execute(select(*_COLUMNS).where(col(KeyRow.kid) == kid))).first()
    return None if row is None else Key(*row)


async def last_ordinal(tx: ReadTx | WriteTx, owner: str, role: str) -> int:
    """The number of the owner's newest key of this role, 0 without one."""
    mine = (col(KeyRow.owner) == owner) & (col(KeyRow.role) == role)
    return int(await tx.scalar(select(func.coalesce(func.max(col(KeyRow.ordinal)), 0)).where(mine)) or 0)


async def add(tx: WriteTx, owner: str, role: str, ordinal: int, jwk: dict[str, Any], state: str, *,
              now: datetime, current_from: datetime | None) -> Key:  # fmt: skip
    """Store a new key, and its event."""
    key = Key(jwk["kid"], owner, role, ordinal, jwk, state, now, current_from, None, None, new_subject(), None)
    await tx.execute(insert(KeyRow), [asdict(key)])
    await tell(tx, [(key, state, current_from or now, None)], now=now)
    return key


async def change(tx: WriteTx, key: Key, **values: Any) -> None:
    """Change columns of a key's row."""
    await tx.execute(update(KeyRow).where(col(KeyRow.kid) == key.kid).values(**values))


async def tell(tx: WriteTx, steps: Sequence[tuple[Key, str, datetime, str | None]], *, now: datetime) -> None:
    """Append an event for each key that has come to a state, at a time, for a reason."""
    entries = [
        Entry(_body(key, state, at, reason, now), Stream(KeyRow, key.kid, key.subject, key.head))
        for key, state, at, reason in steps
    ]
    await append(tx, entries, now=now)


def _body(key: Key, state: str, at: datetime, reason: str | None, now: datetime) -> dict[str, Any]:
    data = {"owner": key.owner, "role": key.role, "jwk": key.jwk, "state": state, "at": format_time(at)}
    return {
        "kind": "key", "event_id": new_event_id(now), "authority": key.owner,
        "data": data | ({} if reason is None else {"reason": reason}),
    }  # fmt: skip
