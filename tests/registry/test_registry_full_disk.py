"""The database's disk full: acts are refused with a typed error and leave nothing, and work again once there is room."""

import asyncio
import contextlib
import sqlite3

import pytest
from core_world import CoreWorld, found
from small_disk import small_disk

from registry.errors import Unavailable
from registry.organisations.model import Draft, NameDraft

pytestmark = pytest.mark.faults  # mounts a disk

DRAFT = Draft("employer", [NameDraft("Kestrel", "legal")], "NP")
MOST = 2000
"""Acts within which a small disk must be full."""


@pytest.fixture
def disk(tmp_path):
    with small_disk(tmp_path / "disk", size="8m") as disk:
        yield disk


@pytest.fixture
async def register(disk, tmp_path):
    """A register with its database on the small disk."""
    url = f"sqlite+aiosqlite:///{disk.path / 'registry.db'}"
    await asyncio.to_thread(found, url)
    world = CoreWorld(tmp_path, url)
    yield world
    await world.close()


def integrity(disk):
    with contextlib.closing(sqlite3.connect(disk.path / "registry.db")) as connection:
        return connection.execute("PRAGMA integrity_check").fetchall()


async def test_an_act_that_finds_no_room_is_refused_leaves_nothing_and_can_be_repeated(disk, register):
    rita = await register.actor("rita")
    disk.fill(but=60)
    made, refusal = [], None
    for number in range(MOST):
        try:
            made.append(await register.organisations.register(rita, DRAFT, key=f"k{number}"))
        except Unavailable as error:
            refusal = error
            break
    assert refusal is not None
    assert "SQLITE_FULL" in refusal.why
    assert await organisations(register) == sorted(made)

    disk.clear()
    made.append(await register.organisations.register(rita, DRAFT, key=f"k{len(made)}"))
    again = await register.organisations.register(rita, DRAFT, key=f"k{len(made) - 1}")
    assert again == made[-1]
    assert await organisations(register) == sorted(made)
    await register.close()
    assert integrity(disk) == [("ok",)]


async def organisations(register):
    return sorted(row[0] for row in (await register.snapshot())["organisations"])


async def test_a_connection_that_sqlite_could_open_for_reading_only_is_not_used_again(register):
    rita = await register.actor("rita")
    async with register.database.write() as tx:
        await tx.exec_driver_sql("PRAGMA query_only=ON")  # as after an open for writing that failed
    with pytest.raises(Unavailable) as refusal:
        await register.organisations.register(rita, DRAFT, key="k")
    assert "SQLITE_READONLY" in refusal.value.why
    made = await register.organisations.register(rita, DRAFT, key="k")
    assert await organisations(register) == [made]
