"""The next list of the same source: what is a change, what is none, and what is only counted."""

import pytest


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


async def test_another_word_is_held(listed, uk):
    rows = [org(at) for at in range(59)] + [org(59, "Worker (B rating)"), org(59, "Worker (B rating)")]
    again = await listed.stage(uk(rows))
    assert (again.accepted, again.held, again.listings, again.unchanged, again.absent) == (59, 2, 0, 59, 0)
    (reason,) = {reason for (reason,) in await listed.rows("select reason from staged_rows")}
    assert reason.startswith('already listed as "Worker (A rating)" under TEST-')
    assert reason.endswith('now "Worker (B rating)"; changing a listed word comes with relisting')


async def test_what_is_absent_is_counted_and_never_revoked(listed, uk):
    one = await listed.stage(uk([org(at) for at in range(1, 60)]))
    assert (one.absent, one.misses_many) == (1, False)  # 1 of 60 is below 2 %
    two = await listed.stage(uk([org(at) for at in range(2, 60)]))
    assert (two.absent, two.listed_before, two.misses_many) == (2, 60, True)
    cut_off = await listed.stage(uk([org(at) for at in range(30)]))
    assert (cut_off.absent, cut_off.misses_many) == (30, True)
    await listed.release(cut_off)
    assert await listed.rows("select count(*) from accreditations where standing = 'ACTIVE'") == [(60,)]
    assert await listed.rows("select count(*) from listed") == [(60,)]


async def test_held_rows_are_not_absent(listed, uk):
    rows = [org(at) for at in range(60)] + [org(5, "Worker (B rating)")]
    again = await listed.stage(uk(rows))
    assert (again.held, again.absent, again.unchanged) == (2, 0, 59)


async def test_new_ones_are_listed_beside_the_old(listed, uk):
    again = await listed.release(await listed.stage(uk([org(at) for at in range(70)])))
    assert (again.unchanged, again.listings, again.released_listings) == (60, 10, 10)
    assert len(await listed.bodies()) == 70
