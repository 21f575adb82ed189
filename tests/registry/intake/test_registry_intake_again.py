"""The next list of the same source: what is a change, what is none, and what is only counted."""

from datetime import timedelta

import pytest

from registry.errors import Conflict, Forbidden, NotFound


def org(at: int, word: str = "Worker (A rating)", name: str = "Org {}") -> list[str]:
    return [name.format(at), "Leeds", "", word, "Skilled Worker"]


@pytest.fixture
async def listed(office, uk):
    await office.release(await office.stage(uk([org(at) for at in range(60)])))
    return office


async def test_an_equal_list_changes_nothing(listed, uk):
    before = await listed.bodies()
    again = await listed.stage(uk([org(at) for at in reversed(range(60))]))
    assert (again.accepted, again.listings, again.unchanged, again.absent) == (60, 0, 60, 0)
    assert not again.misses_many
    assert (await listed.release(again)).state == "RELEASED"
    assert await listed.bodies() == before


@pytest.mark.parametrize("name", [" Org {}", "Org  {}", "Org {} ", "Org\u00a0{}", "\tOrg {}", "ORG {}"])
async def test_white_space_and_case_are_no_changes(listed, uk, name):
    again = await listed.stage(uk([org(at, "worker  (A RATING) ", name) for at in range(60)]))
    assert (again.accepted, again.held, again.listings, again.unchanged, again.absent) == (60, 0, 0, 60, 0)


async def test_an_ampersand_is_no_change(office, uk):
    await office.release(await office.stage(uk([org(1, name="Smith & Sons")])))
    again = await office.stage(uk([org(1, name="Smith and Sons")]))
    assert (again.unchanged, again.listings) == (1, 0)


async def test_the_schemes_own_spelling_of_a_word_is_kept(office, uk):
    await office.release(await office.stage(uk([org(1, "worker  (A RATING)"), org(2, "Worker  (Gold)")])))
    assert [body["local_word"] for body in await office.bodies()] == ["Worker (A rating)", "Worker (Gold)"]


async def test_a_list_that_misses_more_than_two_percent_is_held_as_a_whole(listed, uk):
    one = await listed.stage(uk([org(at) for at in range(1, 60)]))
    assert (one.gone, one.misses_many, one.held_because) == (1, False, None)  # 1 of 60 is below 2 %
    two = await listed.stage(uk([org(at) for at in range(2, 60)]))
    assert (two.absent, two.listed_before, two.misses_many) == (2, 60, True)
    assert two.held_because == (
        "it would remove 2 of the 60 listed before, which is more than 2%; the file may be cut off"
    )


async def test_a_list_cut_off_in_mid_alphabet_is_held_until_the_releaser_says_how_many_it_removes(listed, uk):
    cut_off = await listed.stage(uk([org(at) for at in range(30)]))
    before = await listed.everything()
    with pytest.raises(
        Conflict, match="would remove 30 of the 60 listed before.* release it with --removes 30"
    ) as held:
        await listed.release(cut_off)
    assert held.value.code == "REMOVES_MANY"
    with pytest.raises(Conflict, match="removes 30 accreditations, not 29"):
        await listed.release(cut_off, removes=29)
    with pytest.raises(Forbidden, match="role approver"):
        await listed.release(cut_off, "ana", removes=30)
    assert await listed.everything() == before

    done = await listed.release(cut_off, removes=30)
    assert (done.gone, done.released_changes, done.removals_confirmed, done.held_because) == (30, 30, 30, None)
    assert await listed.rows("select standing, count(*) from accreditations group by 1 order by 1") == [
        ("ACTIVE", 30), ("NOT_ASSERTED", 30),
    ]  # fmt: skip


async def test_a_list_does_not_wait_for_its_release_longer_than_a_proposal_would(listed, uk):
    waiting = await listed.stage(uk([org(at) for at in range(60)]))
    listed.clock.now += timedelta(days=14)

    with pytest.raises(Conflict, match="waited too long") as refusal:
        await listed.release(waiting)
    assert refusal.value.code == "SNAPSHOT_EXPIRED"
    await listed.release(await listed.stage(uk([org(at) for at in range(60)])))


async def test_a_list_is_rejected_by_whoever_might_have_released_it(listed, uk):
    staged = await listed.stage(uk([org(at) for at in range(60)]))
    intake, people = listed.intake(), listed.people
    for who in ("ana", "robot"):
        with pytest.raises(Forbidden):
            await intake.reject(people[who], staged.id, "Wrong file", key="1")
    with pytest.raises(NotFound):
        await intake.reject(people["nima"], staged.id, "Wrong file", key="1")

    for _ in range(2):
        assert (await intake.reject(people["ben"], staged.id, "Wrong file", key="1")).state == "REJECTED"
    with pytest.raises(Conflict, match="was rejected"):
        await listed.release(staged)
    with pytest.raises(Conflict, match="already rejected"):
        await intake.reject(people["ben"], staged.id, "Wrong file", key="2")
    again = await listed.stage(uk([org(at) for at in range(60)]))
    assert (again.id != staged.id, (await listed.release(again)).state) == (True, "RELEASED")
    with pytest.raises(Conflict, match="already released"):
        await intake.reject(people["ben"], again.id, "Too late", key="3")
    assert await listed.rows("select rejected_by, rejection from snapshots where state = 'REJECTED'") == [
        ("ben", "Wrong file")
    ]


async def test_held_rows_are_not_absent(listed, uk):
    rows = [org(at) for at in range(60)] + [org(5, "Worker (B rating)")]
    again = await listed.stage(uk(rows))
    assert (again.held, again.absent, again.unchanged) == (2, 0, 59)


async def test_rows_that_cannot_be_read_are_not_absent_either(listed, uk):
    unread = [org(5, "Tier 2 (A rating)")], [[*org(5)[:4], ""]]
    for rows in unread:
        again = await listed.stage(uk([org(at) for at in range(60) if at != 5] + rows))
        assert (again.held + again.rejected, again.absent, again.unchanged) == (1, 0, 59)


async def test_new_ones_are_listed_beside_the_old(listed, uk):
    again = await listed.release(await listed.stage(uk([org(at) for at in range(70)])))
    assert (again.unchanged, again.listings, again.released_listings) == (60, 10, 10)
    assert len(await listed.bodies()) == 70
