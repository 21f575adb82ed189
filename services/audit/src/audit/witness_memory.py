"""Which size each witness has cosigned last, as far as it told us; the next proof to it begins there."""

from collections.abc import Mapping

from sqlalchemy import insert, select, update

from audit.database import ReadTx, WriteTx
from audit.tables import CHECKPOINTS, TREE, WITNESSES

Sizes = Mapping[bytes, int]
"""By the witness's public key."""


async def sizes(tx: ReadTx | WriteTx) -> dict[bytes, int]:
    """What is remembered."""
    return {row.public_key: row.size for row in await tx.execute(select(WITNESSES))}


async def remember(tx: WriteTx, seen: Sizes) -> None:
    """Remember what witnesses said last; on a reset witness that is less than before."""
    known = await sizes(tx)
    for public_key, size in seen.items():
        if public_key not in known:
            await tx.execute(insert(WITNESSES).values(public_key=public_key, size=size))
        elif known[public_key] != size:
            await tx.execute(update(WITNESSES).where(WITNESSES.c.public_key == public_key).values(size=size))


async def tree_size(tx: ReadTx) -> int:
    """Entries of the tree row; 0 before the log's first start."""
    return int(await tx.scalar(select(TREE.c.size)) or 0)


async def replace_note(tx: WriteTx, size: int, old: bytes, new: bytes) -> None:
    """Keep a size's first note with its cosignatures: to be called before the size is published."""
    own = (CHECKPOINTS.c.size == size, CHECKPOINTS.c.note == old.decode())
    await tx.execute(update(CHECKPOINTS).where(*own).values(note=new.decode()))
