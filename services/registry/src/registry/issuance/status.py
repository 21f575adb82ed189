"""Status indices: one per record generation, random within a list of its authority, never used twice.

Rules
1. A list never mixes authorities.
2. Only half of a list is ever allotted, so that neither counting nor guessing indices says much.
3. An index is assigned with code 0, harmless while no record exists. Codes change in `set_codes` only; a 1 stays.
4. A list's version grows with every change of a code in it, and with every coming change that its signed token would
   outlive, and with every change of its authority's mandates or of how old its lists may be: the token is out of date.
5. Whoever changes lists holds first, in the order of their ids, every list this can be about: to allot, those of the
   authority; otherwise those in which the numbers have entries.
"""

import random
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, bindparam, insert, select, update
from sqlmodel import col

from registry.database import WriteTx
from registry.issuance.ledger import batches
from registry.issuance.tables import StatusEntryRow, StatusListRow
from registry.schemes.tables import AuthorityRow

CAPACITY = 2**18  # entries of a list, two bits each
FILL = 2  # one entry in so many is allotted
ENDED = 1  # the code that stays

_RANDOM = random.SystemRandom()


@dataclass(frozen=True, slots=True)
class Allotment:
    """One index of one list, for one generation."""

    list_id: str
    uri: str
    idx: int


async def allot(tx: WriteTx, authority_id: str, count: int, *, origin: str) -> list[Allotment]:
    """Choose so many free indices in the authority's lists, opening a list when the current one is full.

    They are free until assigned: call `assign` in the same transaction, before asking for more.
    """
    allotted: list[Allotment] = []
    await _hold(tx, col(StatusListRow.authority_id) == authority_id)
    while len(allotted) < count:
        list_id, uri, capacity, room = await _current(tx, authority_id) or await _open(tx, authority_id, origin)
        taken = min(room, count - len(allotted))
        allotted += [Allotment(list_id, uri, idx) for idx in await _free(tx, list_id, capacity, taken)]
        counted = col(StatusListRow.allotted) + taken
        await tx.execute(update(StatusListRow).where(col(StatusListRow.id) == list_id).values(allotted=counted))
    return allotted


async def assign(tx: WriteTx, rows: Sequence[tuple[Allotment, str, str]]) -> None:
    """Bind allotted indices to their generations: (allotment, number, id of the event that opens the generation)."""
    if rows:
        entries = [
            {"list_id": given.list_id, "idx": given.idx, "number": number, "event_id": event_id, "code": 0}
            for given, number, event_id in rows
        ]
        await tx.execute(insert(StatusEntryRow), entries)


async def set_codes(tx: WriteTx, numbers: Sequence[str], codes: Mapping[str, int]) -> None:
    """Bring the entries of these numbers to their generations' codes: ``codes`` maps opening event id -> code.

    Only what differs is written (rules 3 and 4). Generations not named keep their code.
    """
    changed = await _differing(tx, numbers, codes)
    if not changed:
        return
    await _hold(tx, _with_entries(numbers))
    entry = (col(StatusEntryRow.list_id) == bindparam("of_list")) & (col(StatusEntryRow.idx) == bindparam("at_idx"))
    await tx.execute(update(StatusEntryRow).where(entry).values(code=bindparam("becomes")), changed)
    lists = {change["of_list"] for change in changed}
    newer = col(StatusListRow.version) + 1
    await tx.execute(update(StatusListRow).where(col(StatusListRow.id).in_(lists)).values(version=newer))


async def shorten(tx: WriteTx, changes: Sequence[tuple[str, datetime]]) -> None:
    """Have lists signed anew whose token would outlive one of these coming changes (number, instant) in them."""
    if changes:
        await _hold(tx, _with_entries([number for number, _ in changes]))
        lists = select(col(StatusEntryRow.list_id)).where(col(StatusEntryRow.number) == bindparam("of_number"))
        outlives = col(StatusListRow.id).in_(lists) & (col(StatusListRow.exp) > bindparam("changes_at"))
        statement = update(StatusListRow).where(outlives).values(version=col(StatusListRow.version) + 1)
        await tx.execute(statement, [{"of_number": number, "changes_at": at} for number, at in changes])


async def outdate(tx: WriteTx, authority_ids: Collection[str]) -> None:
    """Have every list of these authorities signed anew: what is known of their mandates or lists has changed."""
    if authority_ids:
        of_them = col(StatusListRow.authority_id).in_(set(authority_ids))
        await _hold(tx, of_them)
        newer = col(StatusListRow.version) + 1
        await tx.execute(update(StatusListRow).where(of_them).values(version=newer))


async def _differing(tx: WriteTx, numbers: Sequence[str], codes: Mapping[str, int]) -> list[dict[str, Any]]:
    """The entries whose code is to change, and to what (rule 3)."""
    changed = []
    for some in batches(numbers):
        statement = select(
            col(StatusEntryRow.list_id), col(StatusEntryRow.idx), col(StatusEntryRow.event_id), col(StatusEntryRow.code)
        ).where(col(StatusEntryRow.number).in_(some))
        changed += [
            {"of_list": list_id, "at_idx": idx, "becomes": codes[event_id]}
            for list_id, idx, event_id, code in await tx.execute(statement)
            if code not in (ENDED, codes.get(event_id, code))
        ]
    return changed


def _with_entries(numbers: Sequence[str]) -> ColumnElement[bool]:
    """Lists in which these numbers have entries."""
    lists = select(col(StatusEntryRow.list_id)).where(col(StatusEntryRow.number).in_(set(numbers)))
    return col(StatusListRow.id).in_(lists)


async def _hold(tx: WriteTx, which: ColumnElement[bool]) -> None:
    """Rule 5."""
    await tx.execute(select(col(StatusListRow.id)).where(which).order_by(col(StatusListRow.id)).with_for_update())


async def _current(tx: WriteTx, authority_id: str) -> tuple[str, str, int, int] | None:
    """Id, URI and capacity of the list to allot from, and how much room it has; None when all are full."""
    statement = (
        select(col(StatusListRow.id), col(StatusListRow.uri), col(StatusListRow.capacity), col(StatusListRow.allotted))
        .where(col(StatusListRow.authority_id) == authority_id)
        .where(col(StatusListRow.allotted) < col(StatusListRow.capacity) / FILL)
        .order_by(col(StatusListRow.id))
        .limit(1)
    )
    row = (await tx.execute(statement)).first()
    return None if row is None else (row.id, row.uri, row.capacity, row.capacity // FILL - row.allotted)


async def _open(tx: WriteTx, authority_id: str, origin: str) -> tuple[str, str, int, int]:
    """Open a list, unless another transaction has done so while this one waited for the authority's row."""
    authority = select(col(AuthorityRow.id)).where(col(AuthorityRow.id) == authority_id)
    await tx.execute(authority.with_for_update(key_share=True))
    await _hold(tx, col(StatusListRow.authority_id) == authority_id)
    if (current := await _current(tx, authority_id)) is not None:
        return current
    list_id = secrets.token_hex(8)
    uri = f"{origin}/status-lists/{list_id}"
    opened = {"id": list_id, "authority_id": authority_id, "uri": uri, "capacity": CAPACITY, "allotted": 0,
              "version": 0, "signed_version": -1}  # fmt: skip
    await tx.execute(insert(StatusListRow), [opened])
    return list_id, uri, CAPACITY, CAPACITY // FILL


async def _free(tx: WriteTx, list_id: str, capacity: int, count: int) -> list[int]:
    """Random indices that no generation has; at most half are taken, so a draw or two suffices."""
    free: dict[int, None] = {}
    while len(free) < count:
        drawn = _RANDOM.sample(range(capacity), count - len(free))
        for some in batches(drawn):
            statement = select(col(StatusEntryRow.idx)).where(
                col(StatusEntryRow.list_id) == list_id, col(StatusEntryRow.idx).in_(some)
            )
            taken = set(await tx.scalars(statement))
            free |= dict.fromkeys(idx for idx in some if idx not in taken)
    return list(free)
