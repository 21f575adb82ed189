"""Fresh accreditation numbers: random, and not given out before."""

from sqlalchemy import select
from sqlmodel import col

from goodstanding.number import new_number
from registry.accreditations.tables import AccreditationRow
from registry.database import WriteTx
from registry.issuance.ledger import batches


async def fresh_number(tx: WriteTx, prefix: str) -> str:
    """One number that no accreditation has."""
    return (await fresh_numbers(tx, prefix, 1))[0]


async def fresh_numbers(tx: WriteTx, prefix: str, count: int) -> list[str]:
    """So many different numbers that no accreditation has; with 40 random bits one round nearly always suffices."""
    fresh: dict[str, None] = {}
    while len(fresh) < count:
        drawn = {new_number(prefix) for _ in range(count - len(fresh))}
        for some in batches(sorted(drawn)):
            known = select(col(AccreditationRow.number)).where(col(AccreditationRow.number).in_(some))
            drawn -= set(await tx.scalars(known))
        fresh |= dict.fromkeys(drawn)
    return list(fresh)
