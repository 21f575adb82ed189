"""One key, one effect: the first caller's result is every later caller's answer.

The key is claimed at the start of the act's own transaction, under the id its result will have. A duplicate that
comes meanwhile waits for that transaction; if it fails, the claim is gone with it and the duplicate acts instead.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from goodstanding.canonical import b64u, canonical_bytes, format_time
from goodstanding.errors import EventError
from registry.access import repository
from registry.access.model import Actor
from registry.access.tables import IdempotencyRow
from registry.database import WriteTx
from registry.errors import Conflict, Invalid
from registry.inserting import insert_if_new

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

MAX_KEY = 200


@dataclass(frozen=True, slots=True)
class Request:
    """A mutation as far as repeating it is concerned: who, which operation, under which key, with what input."""

    actor: Actor
    operation: str
    key: str
    content: Mapping[str, Any]

    @property
    def digest(self) -> bytes:
        """SHA-256 over the operation and its canonical input; Invalid for text that is not Unicode."""
        try:
            content = canonical_bytes({"operation": self.operation, "input": self.content})
        except EventError as error:
            raise Invalid(f"The input cannot be read: {error}.") from error
        return hashlib.sha256(content).digest()


def plain(draft: "DataclassInstance") -> dict[str, Any]:
    """A draft as JSON, to compare repeated requests."""
    return {name: _json(value) for name, value in asdict(draft).items()}


async def claim(tx: WriteTx, request: Request, *, result_id: str, now: datetime) -> str | None:
    """Claim the key for a result that is about to be made; returns the id of the earlier result, if there is one.

    Raises Invalid for an unusable key, Conflict when the key was used with other input.
    """
    if not 0 < len(request.key) <= MAX_KEY or not request.key.isprintable():
        raise Invalid(f"An idempotency key is 1 to {MAX_KEY} printable characters.", field="idempotencyKey")
    row = {
        "actor": request.actor.sub,
        "key": request.key,
        "operation": request.operation,
        "input_digest": request.digest,
        "result_id": result_id,
        "created_at": now,
    }
    if await insert_if_new(tx, IdempotencyRow, row):
        return None
    used = await repository.used_key(tx, request.actor.sub, request.key)
    if (used.operation, bytes(used.input_digest)) != (request.operation, request.digest):
        raise Conflict(
            "This idempotency key was already used with other input. Use a new key for a new request.",
            code="KEY_REUSED",
        )
    return str(used.result_id)


def _json(value: Any) -> Any:
    if isinstance(value, datetime):
        return format_time(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return b64u(value)
    if isinstance(value, dict):
        return {name: _json(member) for name, member in value.items()}
    return [_json(member) for member in value] if isinstance(value, list | tuple) else value
