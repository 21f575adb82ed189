"""Status lists as served: signed once for all who ask, never beyond the next change, with ETag, gzip and 304."""

import asyncio
import gzip
from datetime import timedelta

import pytest
from issuance_world import HOME, START

from goodstanding.status_list import verify_status_list
from registry.issuance import lists
from registry.issuance.lists import StatusLists
from registry.issuance.policy import Policy

SOON = START + timedelta(minutes=10)


async def uri_of(world):
    (uri,) = {f"{HOME}/status-lists/{list_id}" for list_id, _ in await world.places()}
    return uri


async def served(world, app=None, **headers):
    uri = await uri_of(world)
    async with world.client(app) as client:
        return await client.get(uri, headers={"Accept-Encoding": "identity", **headers})


async def verified(world, answer):
    signer = await world.keys.status_signer()
    keys = {signer.kid: signer.public_jwk}
    return verify_status_list(answer.text, uri=await uri_of(world), keys=keys, now=world.clock())


async def code_served(world, number):
    place = next(p for p, n in zip(await world.places(), await world.numbers(), strict=True) if n == number)
    return (await verified(world, await served(world))).list.get(place[1])


@pytest.fixture
def signings(monkeypatch):
    """Counts how often a status list is built and signed."""
    count, build = [], lists._build

    def counted(*arguments):
        count.append(1)
        return build(*arguments)

    monkeypatch.setattr(lists, "_build", counted)
    return count


@pytest.mark.both_backends
async def test_a_suspension_is_in_the_next_list_although_the_log_is_cut(world):
    suspended, untouched = await world.granted(), await world.granted()
    await world.workers.drain()
    assert await code_served(world, suspended) == 0
    world.log.cut = True

    await world.decide(suspended, "suspend")

    assert await code_served(world, suspended) == 2
    assert await code_served(world, untouched) == 0


async def test_the_list_says_how_long_it_may_be_kept(world):
    await world.granted()
    answer = await served(world)
    read = await verified(world, answer)
    assert answer.headers["content-type"] == "application/statuslist+jwt"
    assert answer.headers["cache-control"] == "public, max-age=30"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert (read.ttl, read.exp - read.iat, len(read.list)) == (30, timedelta(hours=1), 2**18)


async def test_one_signing_serves_all_who_ask_until_a_code_changes_or_the_end_is_near(world, signings):
    number, app = await world.granted(), world.app()
    await world.workers.drain()
    answers = await asyncio.gather(*(served(world, app) for _ in range(20)))
    assert len({answer.text for answer in answers}) == len(signings) == 1

    world.clock.forward(minutes=58)
    assert (await served(world)).text == answers[0].text
    world.clock.forward(seconds=61)
    assert (await served(world)).text != answers[0].text
    assert len(signings) == 2

    await world.decide(number, "revoke")
    await asyncio.gather(*(served(world, app) for _ in range(5)))
    assert len(signings) == 3


async def test_a_restarted_registry_serves_the_stored_token(world, signings):
    await world.granted()
    first = await served(world)
    again = await served(world)  # `served` builds a new application each time
    assert again.content == first.content
    assert len(signings) == 1


@pytest.mark.both_backends
async def test_no_list_outlives_the_next_change_of_any_entry(world, signings):
    await world.granted()
    number = await world.granted(valid_until=SOON)
    await world.workers.drain()

    answer = await served(world)
    assert (await verified(world, answer)).exp == SOON
    world.clock.now = SOON - timedelta(seconds=5)
    assert (await served(world)).text == answer.text  # nothing would be gained by signing again
    assert (await served(world)).headers["cache-control"] == "public, max-age=5"
    assert len(signings) == 1

    # The due worker is dead: the list is right all the same.
    world.clock.now = SOON
    assert await code_served(world, number) == 1


@pytest.mark.both_backends
async def test_a_change_decided_later_shortens_the_list_that_would_outlive_it(world, signings):
    number, other = await world.granted(), await world.granted()
    await world.workers.drain()
    assert (await verified(world, await served(world))).exp == START + timedelta(hours=1)

    await world.decide(number, "suspend", at=SOON)
    assert (await verified(world, await served(world))).exp == SOON
    await world.decide(other, "suspend", at=START + timedelta(days=1))
    await served(world)
    assert len(signings) == 2

    world.clock.now = SOON  # the due worker is dead
    assert await code_served(world, number) == 2


async def test_a_change_within_this_second_asks_the_reader_to_come_again(world):
    await world.granted(valid_until=START + timedelta(seconds=1, milliseconds=500))
    world.clock.forward(seconds=1, milliseconds=200)
    answer = await served(world)
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "ASK_AGAIN", "1")

    world.clock.forward(seconds=1)
    assert (await served(world)).status_code == 200


async def test_what_the_reader_has_is_not_sent_again(world):
    number = await world.granted()
    await world.workers.drain()
    answer = await served(world)
    etag = answer.headers["etag"]
    for sent in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        unchanged = await served(world, **{"If-None-Match": sent})
        assert (unchanged.status_code, unchanged.content) == (304, b"")
        assert unchanged.headers["etag"] == etag
        assert "max-age" in unchanged.headers["cache-control"]

    await world.decide(number, "suspend")
    assert (await served(world, **{"If-None-Match": etag})).status_code == 200


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [("gzip", "gzip"), ("br, gzip;q=0.5", "gzip"), ("*", "gzip"), ("identity", None), ("gzip;q=0", None),
     ("gzip;q=0.000, *", None), ("br", None)],
)  # fmt: skip
async def test_gzip_where_it_is_accepted(world, accepted, encoding):
    await world.granted()
    plain = await served(world)
    uri = await uri_of(world)
    async with world.client() as client, client.stream("GET", uri, headers={"Accept-Encoding": accepted}) as answer:
        raw = b"".join([chunk async for chunk in answer.aiter_raw()])

    assert answer.headers.get("content-encoding") == encoding
    assert (gzip.decompress(raw) if encoding else raw) == plain.content
    assert (answer.headers["etag"] != plain.headers["etag"]) == bool(encoding)


async def test_an_unknown_list_is_not_found_and_all_are_named(world):
    await world.granted()
    async with world.client() as client:
        unknown = await client.get("/status-lists/nothing")
        named = await client.get("/status-lists")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "UNKNOWN_LIST")
    assert unknown.headers["content-type"] == "application/problem+json"
    assert named.json() == {"status_lists": [await uri_of(world)]}


async def test_only_so_many_tokens_are_kept_in_memory(world, monkeypatch):
    monkeypatch.setattr("registry.issuance.lists.KEPT", 1)
    monkeypatch.setattr("registry.issuance.status.CAPACITY", 8)
    for _ in range(10):
        await world.granted()
    kept = StatusLists(world.database, world.keys, Policy.of(world.settings), world.clock)
    ids = sorted({list_id for list_id, _ in await world.places()})

    tokens = [(await kept.current(list_id)).token for list_id in ids]
    assert len(ids) == 3
    assert len(kept._kept) == 1
    assert [(await kept.current(list_id)).token for list_id in ids] == tokens
