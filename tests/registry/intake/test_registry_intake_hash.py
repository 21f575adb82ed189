"""Releasing through the public schema: exactly the file that was looked at, in calls that end soon."""

import asyncio
import hashlib
import io

import pytest
from core_world import START

from goodstanding.canonical import b64u
from registry.access.service import add_member, grant_role
from registry.errors import Conflict, Forbidden, Invalid, NotFound

RELEASE = """mutation ($i: ReleaseSnapshotInput!) { releaseSnapshot(input: $i) { __typename
  ... on ReleaseSnapshotDone { snapshot { id state fileHash releasedListings } } ... on DomainError { code message } } }"""
READ = "query ($id: ID!) { snapshot(id: $id) { id state fileHash rows accepted held rejected listings absent } }"


def org(at):
    return [f"Org {at}", "Leeds", "", "Worker (A rating)", "Skilled Worker"]


def release(office, snapshot, file_hash=None, who="ben", key="once", **more):
    return office.intake(batch=2).release_read(
        office.people[who], snapshot.id, file_hash or snapshot.file_hash, key=key, **more
    )


async def test_only_the_file_that_was_looked_at_is_released(office, uk):
    data = uk([org(1)])
    snapshot = await office.stage(data)
    before = await office.everything()

    with pytest.raises(Conflict) as refusal:
        await release(office, snapshot, b64u(hashlib.sha256(b"another file").digest()))
    assert refusal.value.code == "STALE_DIGEST"
    for who, error in (("ana", Forbidden), ("robot", Forbidden), ("nima", NotFound)):
        with pytest.raises(error):
            await release(office, snapshot, who=who)
    assert await office.everything() == before

    released = await release(office, snapshot, b64u(hashlib.sha256(data).digest()))
    assert (released.state, released.released_by, len(await office.bodies())) == ("RELEASED", "ben", 1)


@pytest.mark.both_backends
async def test_a_long_release_goes_on_when_it_is_asked_for_again(office, uk):
    snapshot = await office.stage(uk([org(at) for at in range(5)]))

    states = [(await release(office, snapshot, seconds=0)) for _ in range(4)]

    assert [(one.state, one.released_listings) for one in states] == [
        ("RELEASING", 2), ("RELEASING", 4), ("RELEASED", 5), ("RELEASED", 5),
    ]  # fmt: skip
    assert len(await office.bodies()) == 5
    with pytest.raises(Conflict, match="already released"):
        await release(office, snapshot, key="another")
    with pytest.raises(Conflict, match="other input"):
        await release(office, snapshot, "x" * 43)


@pytest.mark.both_backends
async def test_two_who_release_at_once_release_it_once(office, uk):
    snapshot = await office.stage(uk([org(at) for at in range(6)]))

    results = await asyncio.gather(
        *(release(office, snapshot, who=who) for who in ("ben", "cam")), return_exceptions=True
    )

    assert all(isinstance(one, Conflict) or one.state == "RELEASED" for one in results), results
    assert any(not isinstance(one, Exception) for one in results)
    assert len(await office.bodies()) == 6


@pytest.mark.parametrize("none", ["", "snp_", "\x00", "\ud800", "snp_" + "0" * 32, "x" * 200_000])
async def test_what_there_is_not_is_not_found(office, none):
    with pytest.raises((NotFound, Invalid)):
        await office.intake().release_read(office.people["ben"], none, "hash", key="once")


async def test_through_the_public_schema(register, uk):
    intake = register.app.state.services.intake
    await intake.prepare("uk-sponsors")
    async with register.database.write() as tx:
        for member, role in (("ana", "proposer"), ("ben", "approver")):
            await add_member(tx, member, member, now=START)
            await grant_role(tx, "aut_registry", member, role)
    file = io.BytesIO(uk([org(1), org(2)]))
    staged = await intake.stage(
        await register.actor("ana"), file, layout="uk-sponsors", transcribed_from="https://gov.example/list.csv"
    )
    asked = {"idempotencyKey": "1", "snapshot": staged.id, "fileHash": staged.file_hash}

    assert (await register.ask(READ, "pema", id=staged.id))["snapshot"] is None
    assert (await register.ask(READ, "ben", id="\x00"))["snapshot"] is None
    seen = (await register.ask(READ, "ben", id=staged.id))["snapshot"]
    assert (seen["state"], seen["rows"], seen["listings"], seen["fileHash"]) == ("STAGED", 2, 2, staged.file_hash)
    assert (await register.ask(RELEASE, "ana", i=asked))["releaseSnapshot"]["code"] in ("SAME_PERSON", "FORBIDDEN")
    done = (await register.ask(RELEASE, "ben", i=asked))["releaseSnapshot"]
    assert (done["snapshot"]["state"], done["snapshot"]["releasedListings"]) == ("RELEASED", 2)
    assert (await register.ask(RELEASE, "ben", i=asked))["releaseSnapshot"] == done

    register.clock.forward(seconds=1)
    next_file = io.BytesIO(uk([org(1)]))  # half of them are gone
    cut = await intake.stage(
        await register.actor("ana"), next_file, layout="uk-sponsors", transcribed_from="https://gov.example/list.csv"
    )
    why = "query ($id: ID!) { snapshot(id: $id) { heldBecause } }"
    assert "1 of the 2" in (await register.ask(why, "ben", id=cut.id))["snapshot"]["heldBecause"]
    asked = {"snapshot": cut.id, "fileHash": cut.file_hash}
    codes = [
        (await register.ask(RELEASE, "ben", i=asked | said))["releaseSnapshot"].get("code")
        for said in (
            {"idempotencyKey": "2"}, {"idempotencyKey": "3", "removes": None}, {"idempotencyKey": "4", "removes": 2},
            {"idempotencyKey": "5", "removes": 1}, {"idempotencyKey": "5", "removes": 2},
        )
    ]  # fmt: skip
    assert codes == ["REMOVES_MANY", "REMOVES_MANY", "REMOVES_OTHERS", None, "KEY_REUSED"]
