"""The feed: pages that end at a checkpoint, revalidated, with erased bodies gone."""

import json

import pytest
from sqlalchemy import update

from audit.tables import ENTRIES
from goodstanding.canonical import unb64u
from goodstanding.events import Leaf, commitment
from goodstanding.merkle import leaf_hash, root


def lines(response) -> list[dict]:
    return [json.loads(line) for line in response.text.splitlines()]


async def read_all(client) -> list[list[dict]]:
    pages, after = [], -1
    while page := lines(await client.get(f"/feed?after={after}")):
        pages.append(page)
        after = max(line["index"] for line in page if "index" in line)
    return pages


async def test_a_page_holds_entries_and_ends_at_the_checkpoint_that_covers_them(log, client, fill):
    made = await fill(log, 3)
    response = await client.get("/feed?after=-1")
    *entries, last = lines(response)
    assert response.headers["content-type"] == "application/x-ndjson"
    assert [entry["index"] for entry in entries] == [0, 1, 2]
    for entry, submission in zip(entries, made, strict=True):
        assert unb64u(entry["leaf"]) == submission.leaf
        assert Leaf.decode(submission.leaf).commitment == commitment(unb64u(entry["salt"]), unb64u(entry["body"]))
    tree = log.signer.verify(last["checkpoint"].encode()).checkpoint
    assert (tree.size, tree.root) == (3, root([leaf_hash(submission.leaf) for submission in made]))


async def test_every_size_published_stands_after_the_last_entry_it_covers(log, client, author):
    for count in (1, 2):
        await log.append(author.first(count))
        await log.sequencer.step()
    page = lines(await client.get("/feed?after=-1"))
    sizes = [
        log.signer.verify(line["checkpoint"].encode()).checkpoint.size if "checkpoint" in line else None
        for line in page
    ]
    assert sizes == [None, 1, None, None, 3]


async def test_the_first_checkpoint_of_a_size_is_shown_not_the_newest(log, client, fill, clock):
    await fill(log, 1)
    first = (await log.reader.snapshot()).note.decode()
    clock.advance(5)
    await log.cosigner.step()
    assert lines(await client.get("/feed?after=-1"))[-1] == {"checkpoint": first}


async def test_a_long_log_is_paged(log, client, fill):
    await fill(log, 4500)
    pages = await read_all(client)
    assert [len([line for line in page if "index" in line]) for page in pages] == [2000, 2000, 500]
    assert [line["index"] for page in pages for line in page if "index" in line] == list(range(4500))
    assert all("checkpoint" in page[-1] for page in pages)


async def test_what_is_not_published_is_not_shown(log, client, fill, author):
    await fill(log, 1)
    await log.append(author.first(2))
    assert len(lines(await client.get("/feed?after=-1"))) == 2


async def test_nothing_follows_the_last_entry(log, client, fill):
    await fill(log, 1)
    for after in (0, 1, 10**9):
        response = await client.get(f"/feed?after={after}")
        assert (response.status_code, response.text) == (200, "")
        assert response.headers["cache-control"] == "no-cache"


async def test_a_page_is_revalidated_and_never_immutable(log, client, fill):
    await fill(log, 1)
    response = await client.get("/feed?after=-1")
    assert response.headers["cache-control"] == "max-age=60, must-revalidate"
    assert response.headers["access-control-allow-origin"] == "*"
    assert response.headers["etag"].startswith('"')


@pytest.mark.parametrize("header", ["{}", "W/{}", '"other", {}'])
async def test_a_page_the_asker_has_is_not_sent_again(log, client, fill, header):
    await fill(log, 1)
    etag = (await client.get("/feed?after=-1")).headers["etag"]
    again = await client.get("/feed?after=-1", headers={"If-None-Match": header.format(etag)})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == etag


async def test_a_page_that_grew_is_sent_again(log, client, fill):
    await fill(log, 1)
    etag = (await client.get("/feed?after=-1")).headers["etag"]
    await fill(log, 1)
    again = await client.get("/feed?after=-1", headers={"If-None-Match": etag})
    assert again.status_code == 200
    assert len(lines(again)) == 4


async def test_an_erased_body_is_gone_and_says_by_which_event(log, client, fill):
    made = await fill(log, 3)
    etag = (await client.get("/feed?after=-1")).headers["etag"]
    async with log.database.write() as tx:
        gone = {"body": None, "salt": None, "erased_by": made[2].event_id}
        await tx.execute(update(ENTRIES).where(ENTRIES.c.event_id == made[1].event_id).values(gone))
    again = await client.get("/feed?after=-1", headers={"If-None-Match": etag})
    assert again.status_code == 200
    erased = lines(again)[1]
    assert erased.keys() == {"index", "leaf", "erased_by"}
    assert (unb64u(erased["leaf"]), erased["erased_by"]) == (made[1].leaf, made[2].event_id)


async def test_an_erased_entry_is_still_accepted_again(log, fill):
    made = await fill(log, 1)
    async with log.database.write() as tx:
        await tx.execute(update(ENTRIES).values(body=None, salt=None, erased_by=made[0].event_id))
    assert await log.append(made) == 1


@pytest.mark.parametrize("after", ["", "-2", "x", "1.5", "01", "+1", " 1", "1e3", "9" * 30, "0x1"])
async def test_a_position_that_cannot_be_is_refused(client, after):
    response = await client.get("/feed", params={"after": after})
    assert response.status_code == 400
    assert response.headers["content-type"] == "application/problem+json"
    assert "after is the index of the last entry you have" in response.json()["detail"]
