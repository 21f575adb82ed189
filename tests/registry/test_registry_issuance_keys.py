"""Signing keys: made once, on first need, told to the log, and never replaced in silence."""

import asyncio
import json

import pytest
from issuance_world import MINISTRY
from sqlalchemy import select
from sqlmodel import col

from goodstanding.errors import KeyRefused
from registry.issuance.key_files import KeyFolder
from registry.issuance.key_rows import REGISTRY
from registry.issuance.keys import KeyStore
from registry.issuance.tables import EventRow

pytestmark = pytest.mark.both_backends


async def key_events(world):
    statement = select(col(EventRow.body)).where(col(EventRow.kind) == "key").order_by(col(EventRow.seq))
    async with world.database.read() as tx:
        return [json.loads(body) for body in await tx.scalars(statement)]


def another_store(world):
    return KeyStore(KeyFolder(world.folder / "keys"), world.database, world.clock)


async def test_a_key_is_made_once_and_told_to_the_log(world):
    signers = await asyncio.gather(*(world.keys.record_signer(MINISTRY) for _ in range(5)))
    again = await another_store(world).record_signer(MINISTRY)

    assert len({signer.kid for signer in (*signers, again)}) == 1
    (event,) = await key_events(world)
    assert (event["authority"], event["data"]["role"], event["data"]["state"]) == (MINISTRY, "record", "current")
    assert event["data"]["jwk"] == signers[0].public_jwk
    (file,) = (world.folder / "keys").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600


async def test_two_processes_starting_together_end_with_one_key(world):
    first, second = await asyncio.gather(another_store(world).status_signer(), another_store(world).status_signer())
    assert first.kid == second.kid
    assert len(await key_events(world)) == 1


async def test_registry_wide_keys_belong_to_the_registry(world):
    status, token = await world.keys.status_signer(), await world.keys.token_signer()
    assert status.kid != token.kid
    assert [event["authority"] for event in await key_events(world)] == [REGISTRY, REGISTRY]
    assert [jwk["kid"] for jwk in await world.keys.public_keys(REGISTRY, "status")] == [status.kid]


async def test_a_lost_key_file_is_not_replaced(world):
    await world.keys.record_signer(MINISTRY)
    (world.folder / "keys" / f"{MINISTRY}.record.pem").unlink()
    with pytest.raises(KeyRefused, match="missing"):
        await another_store(world).record_signer(MINISTRY)
    assert list((world.folder / "keys").iterdir()) == []


async def test_another_keys_file_is_refused(world):
    await world.keys.record_signer(MINISTRY)
    await world.keys.record_signer("aut_health")
    folder = world.folder / "keys"
    (folder / "aut_health.record.pem").replace(folder / f"{MINISTRY}.record.pem")
    with pytest.raises(KeyRefused, match="current record key of aut_labour is not it"):
        await another_store(world).record_signer(MINISTRY)


@pytest.mark.parametrize("name", ["../etc", "a/b", "", ".hidden"])
async def test_what_is_no_authority_gets_no_file(world, name):
    with pytest.raises(KeyRefused, match="not the id of an authority"):
        await world.keys.record_signer(name)
