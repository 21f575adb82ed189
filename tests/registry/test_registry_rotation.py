"""Keys follow one another: announced before they sign, retired without a loss, revoked at once."""

import json
from datetime import timedelta

import pytest
from issuance_world import HOME, MINISTRY
from sqlalchemy import select
from sqlmodel import col

from goodstanding.errors import TokenError
from goodstanding.evidence import Bundle
from goodstanding.jws import verify_jws
from goodstanding.keys import key_set, usable
from goodstanding.record import TYP
from goodstanding.trust import Trust
from goodstanding.verdict import VerdictKind
from goodstanding.verifier import Verifier
from registry.errors import Conflict, Invalid, NotFound
from registry.issuance import key_rows, rotation
from registry.issuance.key_files import KeyFolder
from registry.issuance.key_rows import CURRENT, NEXT, RECORD, REGISTRY, RETIRED, REVOKED, STATUS
from registry.issuance.keys import KeyStore
from registry.issuance.tables import EventRow

pytestmark = pytest.mark.both_backends

NOTICE = timedelta(hours=24)
GOOD, CANNOT = VerdictKind.IN_GOOD_STANDING, VerdictKind.CANNOT_CONCLUDE


@pytest.fixture
def vault(world):
    return KeyFolder(world.folder / "keys")


@pytest.fixture
def announce(world, vault):
    """Announce the next key."""

    def announced(owner=MINISTRY, role=RECORD, **more):
        return rotation.announce(world.database, vault, owner, role, world.clock, notice=NOTICE, **more)

    return announced


@pytest.fixture
def revoke(world, vault):
    """Revoke a key as stolen."""

    def revoked(kid, reason="compromised"):
        return rotation.revoke(world.database, vault, kid, reason, world.clock)

    return revoked


async def states(world, owner=MINISTRY, role=RECORD):
    async with world.database.read() as tx:
        return [(key.ordinal, key.state) for key in await key_rows.keys_of(tx, owner, role)]


async def told(world, owner=MINISTRY):
    """What the log is told of an owner's keys, in order: (which key, state)."""
    statement = select(col(EventRow.body)).where(col(EventRow.kind) == "key").order_by(col(EventRow.seq))
    async with world.database.read() as tx:
        bodies = [json.loads(body)["data"] for body in await tx.scalars(statement)]
    kids = list(dict.fromkeys(data["jwk"]["kid"] for data in bodies if data["owner"] == owner))
    return [(kids.index(data["jwk"]["kid"]) + 1, data["state"]) for data in bodies if data["owner"] == owner]


async def trust_of(world):
    """What a reader who fetches keys now believes."""
    value = (await world.trust()).to_json()
    value["issuers"][f"{HOME}/authorities/{MINISTRY}"]["keys"] = (await world.keys.historical_keys(RECORD))[MINISTRY]
    value["status"][0]["keys"] = (await world.keys.historical_keys(STATUS))[REGISTRY]
    return Trust.from_json(value)


async def bundle_of(world, number):
    async with world.client() as client:
        return Bundle.parse((await client.get(f"/evidence/{number}")).content)


async def judged(world, bundle, trust):
    verdict = Verifier(trust, world.clock).verify_bundle(bundle)
    return verdict.verdict, [reason.code for reason in verdict.reasons]


async def test_a_next_key_is_published_a_day_before_it_signs_and_retires_the_one_before(world, announce):
    first = await world.keys.record_signer(MINISTRY)
    key = await announce()
    assert key.current_from == world.clock() + NOTICE
    assert await states(world) == [(1, CURRENT), (2, NEXT)]
    assert [jwk["kid"] for jwk in await world.keys.public_keys(MINISTRY, RECORD)] == [first.kid, key.kid]
    world.clock.forward(hours=23, minutes=59)
    assert (await world.keys.record_signer(MINISTRY)).kid == first.kid

    world.clock.forward(minutes=1)
    assert (await world.keys.record_signer(MINISTRY)).kid == key.kid
    assert await states(world) == [(1, RETIRED), (2, CURRENT)]
    assert await told(world) == [(1, CURRENT), (2, NEXT), (1, RETIRED), (2, CURRENT)]
    world.clock.forward(days=89)
    assert len(await world.keys.public_keys(MINISTRY, RECORD)) == 2, "what it signed may still be good"
    world.clock.forward(days=2)
    assert [jwk["kid"] for jwk in await world.keys.public_keys(MINISTRY, RECORD)] == [key.kid]
    assert len((await world.keys.historical_keys(RECORD))[MINISTRY]) == 2


async def test_every_process_signs_with_the_key_whose_turn_it_is(world, announce):
    others = [KeyStore(KeyFolder(world.folder / "keys"), world.database, world.clock) for _ in range(3)]
    for store in others:
        await store.status_signer()
    key = await announce(REGISTRY, STATUS)
    world.clock.forward(days=1)
    assert {(await store.status_signer()).kid for store in others} == {key.kid}
    assert await told(world, REGISTRY) == [(1, CURRENT), (2, NEXT), (1, RETIRED), (2, CURRENT)]


async def test_who_fetches_keys_once_a_day_never_meets_what_cannot_be_verified(world, announce):
    numbers, fetched, trust = [], None, None
    for hour in range(0, 24 * 5, 8):
        if fetched is None or hour - fetched >= 24:
            fetched, trust = hour, await trust_of(world)
        if hour % 40 == 8:  # and never in step with who fetches
            await announce()
            await announce(REGISTRY, STATUS)
        numbers.append(await world.granted())
        await world.workers.drain()
        for number in (numbers[0], numbers[-1]):
            assert (await judged(world, await bundle_of(world, number), trust))[0] is GOOD
        world.clock.forward(hours=8)
    assert [state for _, state in await states(world)] == [RETIRED, RETIRED, RETIRED, CURRENT]
    assert len({row.kid for row in await world.records()}) == 4


async def test_a_stolen_key_is_replaced_at_once_and_what_it_signed_is_signed_again(world, announce, revoke):
    number = await world.granted()
    await world.workers.drain()
    before, old = await trust_of(world), await bundle_of(world, number)
    stolen = await world.keys.record_signer(MINISTRY)

    successor = await revoke(stolen.kid)
    await world.workers.drain()

    after, new = await trust_of(world), await bundle_of(world, number)
    assert await states(world) == [(1, REVOKED), (2, CURRENT)]
    assert await told(world) == [(1, CURRENT), (1, REVOKED), (2, CURRENT)]
    assert [row.issue for row in await world.records(number)] == [1, 2]
    assert [row.kid for row in await world.records(number)] == [stolen.kid, successor.kid]
    assert await judged(world, new, after) == (GOOD, ["ACTIVE", "UNWITNESSED", "SAMPLE"])
    assert (await judged(world, old, after))[0] is CANNOT
    assert (await judged(world, new, before))[0] is CANNOT, "a key nobody has heard of is not believed"
    assert (await judged(world, old, before))[0] is GOOD, "a reader who does not fetch keys does not learn of it"
    # What was believed before it was revoked can still be judged as of then.
    assert not usable(key_set([(await world.keys.historical_keys(RECORD))[MINISTRY][0]]), world.clock())
    await world.workers.drain()
    assert len(await world.records(number)) == 2


async def test_what_a_key_signs_while_it_is_revoked_is_never_shown(world, revoke, monkeypatch):
    first = await world.granted()
    await world.workers.drain()
    ask, revoked = world.keys.record_signer, []

    async def just_before(authority):
        signer = await ask(authority)
        if not revoked:
            revoked.append(signer.kid)
            await revoke(signer.kid)
        return signer

    monkeypatch.setattr(world.keys, "record_signer", just_before)
    second = await world.granted()
    await world.workers.drain()

    (current,) = [jwk["kid"] for jwk in await world.keys.public_keys(MINISTRY, RECORD)]
    assert revoked != [current]
    assert [row.kid for row in await world.records(first)] == [revoked[0], current]
    assert [row.kid for row in await world.records(second)] == [current]


async def test_a_key_in_reserve_that_readers_know_already_takes_over_without_a_gap(world, announce, revoke):
    number = await world.granted()
    await world.workers.drain()
    reserve = await announce(reserve=True)
    known = await trust_of(world)
    world.clock.forward(days=30)
    stolen = await world.keys.record_signer(MINISTRY)
    assert stolen.kid != reserve.kid
    assert (await revoke(stolen.kid)).kid == reserve.kid
    await world.workers.drain()
    assert (await judged(world, await bundle_of(world, number), known))[0] is GOOD


async def test_a_reserve_that_was_published_long_ago_may_sign_at_once(world, announce):
    await world.keys.record_signer(MINISTRY)
    reserve = await announce(reserve=True)
    world.clock.forward(days=2)
    key = await announce()
    assert (key.kid, key.current_from) == (reserve.kid, world.clock())
    assert (await world.keys.record_signer(MINISTRY)).kid == reserve.kid


async def test_a_stolen_status_key_has_every_list_signed_again(world, revoke):
    await world.granted()
    await world.workers.drain()
    (list_id, _), *_ = await world.places()
    async with world.client() as client:
        old = await client.get(f"/status-lists/{list_id}")
        stolen = await world.keys.status_signer()
        successor = await revoke(stolen.kid)
        new = await client.get(f"/status-lists/{list_id}")
    keys = key_set((await world.keys.historical_keys(STATUS))[REGISTRY])
    assert old.text != new.text
    with pytest.raises(TokenError, match="not among the trusted"):
        verify_jws(old.text, typ="statuslist+jwt", algs=("EdDSA",), keys=usable(keys, world.clock()))
    verified = verify_jws(new.text, typ="statuslist+jwt", algs=("EdDSA",), keys=usable(keys, world.clock()))
    assert verified.header["kid"] == successor.kid


async def test_a_retired_key_that_is_stolen_later_takes_nothing_with_it_but_what_it_signed(world, announce, revoke):
    first, second = await world.granted(), await world.granted()
    await world.workers.drain()
    old = await world.keys.record_signer(MINISTRY)
    await announce()
    world.clock.forward(days=1)
    third = await world.granted()
    await world.workers.drain()
    assert await revoke(old.kid) is None
    await world.workers.drain()
    assert {number: [row.issue for row in await world.records(number)] for number in (first, second, third)} == {
        first: [1, 2], second: [1, 2], third: [1],
    }  # fmt: skip
    keys = usable(key_set((await world.keys.historical_keys(RECORD))[MINISTRY]), world.clock())
    for row in (await world.records())[2:]:
        verify_jws(row.token.rstrip("~"), typ=TYP, algs=("EdDSA",), keys=keys)


async def test_what_cannot_be_done_to_a_key_is_said(world, announce, revoke):
    with pytest.raises(NotFound, match="no record key that another one could follow"):
        await announce()
    key = await world.keys.record_signer(MINISTRY)
    await announce()
    for reserve in (False, True):
        with pytest.raises(Conflict, match="is the next one already"):
            await announce(reserve=reserve)
    with pytest.raises(NotFound, match="There is no key 'nobody'"):
        await revoke("nobody")
    with pytest.raises(Invalid, match="'stolen' is no reason"):
        await revoke(key.kid, "stolen")
    await revoke(key.kid)
    with pytest.raises(Conflict, match="was revoked before"):
        await revoke(key.kid)
    assert await states(world) == [(1, REVOKED), (2, CURRENT)]


async def test_a_private_half_that_was_made_before_a_crash_is_taken_up(world, vault, announce):
    await world.keys.record_signer(MINISTRY)
    made = vault.make(MINISTRY, RECORD, 2)
    assert (await announce()).kid == made.kid
