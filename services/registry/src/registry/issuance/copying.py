"""Every event with leaf, body and salt, one JSON object a line: what the log's operator needs after a loss.

The log keeps bodies in its database alone. One that was restored from an older backup gets them back from here
(`audit catch-up`): the events are this register's own, logged or not yet.
"""

import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

from sqlalchemy import Row, select
from sqlmodel import col

from goodstanding.canonical import b64u
from registry.database import Database
from registry.issuance.tables import EventRow

CHUNK = 1000
"""Events that are read at once."""


async def lines(database: Database) -> AsyncIterator[str]:
    """Yield every event in the order of recording; an erased one names its erasure event instead of a body."""
    last = 0
    while rows := await _after(database, last):
        for row in rows:
            yield _line(row)
        last = rows[-1].seq


async def _after(database: Database, seq: int) -> Sequence[Row[Any, Any, Any, Any, Any]]:
    body, salt, erased_by = col(EventRow.body), col(EventRow.salt), col(EventRow.erased_by)
    query = select(col(EventRow.seq), col(EventRow.leaf), body, salt, erased_by).where(col(EventRow.seq) > seq)
    async with database.read() as tx:
        return (await tx.execute(query.order_by(col(EventRow.seq)).limit(CHUNK))).all()


def _line(row: Row[Any, Any, Any, Any, Any]) -> str:
    if row.erased_by is not None:
        return json.dumps({"leaf": b64u(row.leaf), "erased_by": row.erased_by})
    return json.dumps({"leaf": b64u(row.leaf), "body": b64u(row.body), "salt": b64u(row.salt)})
