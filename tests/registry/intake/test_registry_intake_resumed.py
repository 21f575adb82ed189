"""A release of changes that is killed, taken over, or done twice at once: the same as one that was left alone."""

import asyncio
from collections import Counter

import pytest

from registry.errors import Conflict
from registry.intake import repository

pytestmark = pytest.mark.both_backends

STAYS, GONE, BACK, CHANGED, NEW = range(4), range(4, 7), range(7, 10), range(10, 13), range(13, 16)
DONE = {"list": 16, "unlist": 6, "relist": 6}  # over all lists


def org(at: int, word: str = "Worker (A rating)") -> list[str]:
    return [f"Org {at:02}", "Leeds", "", word, "Skilled Worker"]


@pytest.fixture
async def waiting(office, uk):
    """A list that waits for release: three gone, three back, three with another word, three new."""
    await office.follow(uk([org(at) for at in range(13)]))
    await office.follow(uk([org(at) for at in range(13) if at not in BACK]))
    rows = [
        org(at, "Worker (B rating)" if at in CHANGED else "Worker (A rating)") for at in range(16) if at not in GONE
    ]
    snapshot = await office.stage(uk(rows))
    assert snapshot.difference == {"new": 3, "gone": 3, "back": 3, "changed": 3, "unchanged": 4, "held": 0}
    return snapshot


class Killed(BaseException):
    """Stands for the process ending here; nothing catches it."""


async def everything_is_done_once(office, snapshot) -> None:
    bodies = await office.bodies()
    assert Counter(body["act"] for body in bodies) == DONE
    assert Counter(body["act"] for body in bodies if body["snapshot"] == snapshot.id) == {
        "list": 3, "unlist": 3, "relist": 6,
    }  # fmt: skip
    assert await office.rows("select standing, count(*) from accreditations group by 1 order by 1") == [
        ("ACTIVE", 10), ("CONDITIONAL", 3), ("NOT_ASSERTED", 3),
    ]  # fmt: skip
    assert await office.rows("select count(*) from listed where unlisted_in is null") == [(13,)]
    assert await office.rows("select count(*), count(distinct event_id) from status_entries") == [(22, 22)]


@pytest.mark.parametrize("at", [0, 1, 2], ids=["first batch", "second batch", "last batch"])
async def test_killed_half_way_it_goes_on_where_it_stopped_by_another_approver(office, waiting, monkeypatch, at):
    calls = []
    marking = repository.mark_released

    async def die(*arguments: object) -> None:
        calls.append(None)
        if len(calls) == at + 1:
            raise Killed
        await marking(*arguments)

    monkeypatch.setattr(repository, "mark_released", die)
    with pytest.raises(Killed):
        await office.intake(batch=5).release(office.people["ben"], waiting.id, removes=3)
    monkeypatch.undo()
    left = await office.intake().show(office.people["ben"], waiting.id)
    assert (left.state, left.released, left.to_release) == ("RELEASING", 5 * at, 12)

    with pytest.raises(Conflict, match="--removes 3"):  # who takes over says it, too
        await office.intake(batch=5).release(office.people["cam"], waiting.id)
    done = await office.intake(batch=5).release(office.people["cam"], waiting.id, removes=3)

    assert (done.state, done.released, done.to_release, done.released_by) == ("RELEASED", 12, 12, "cam")
    await everything_is_done_once(office, waiting)
    approved = dict(await office.rows("select approver, count(*) from decisions group by 1"))
    assert approved == {"ben": 16 + 5 * at} | {"cam": 12 - 5 * at}


async def test_released_twice_at_once_each_change_is_made_once(office, waiting):
    both = [office.intake(batch=2).release(office.people["ben"], waiting.id, removes=3) for _ in range(2)]
    results = await asyncio.gather(*both, return_exceptions=True)
    assert all(isinstance(result, Conflict) or result.state == "RELEASED" for result in results), results
    await everything_is_done_once(office, waiting)


async def test_two_lists_with_the_same_changes_released_at_once_make_them_once(office, waiting, uk):
    rows = [
        org(at, "Worker (B rating)" if at in CHANGED else "Worker (A rating)") for at in range(16) if at not in GONE
    ]
    same = await office.stage(uk(reversed(rows)), "cam")
    one, other = await asyncio.gather(
        *(office.intake(batch=3).release(office.people["ben"], each.id, removes=3) for each in (waiting, same))
    )
    assert one.released + other.released == 12
    assert (one.unchanged + other.unchanged, one.held_gone + other.held_gone) == (17, 0)
    assert Counter(body["act"] for body in await office.bodies()) == DONE
