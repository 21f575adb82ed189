"""A listing that was erased: no table remembers the name, and the next list that names it makes a new accreditation."""

import pytest

from registry.erasure.dropping import drop

ERASURE = "0197c000-0000-7000-8000-000000000000"


def org(at: int) -> list[str]:
    return [f"Org {at} Ltd", "Leeds", "", "Worker (A rating)", "Skilled Worker"]


@pytest.fixture
async def erased(office, uk):
    """(number, organisation) of the one among three listings that was erased."""
    await office.release(await office.stage(uk([org(at) for at in range(3)])))
    body = next(body for body in await office.bodies() if "Org 1 Ltd" in str(body))
    async with office.database.write() as tx:
        await drop(tx, [body["event_id"]], ERASURE)
    return body["number"], body["organisation"]


async def test_no_table_remembers_it_and_the_others_are_as_they_were(office, erased):
    number, organisation = erased

    everything = await office.everything()
    assert [table for table, rows in everything.items() if "Org 1 Ltd" in str(rows)] == []
    assert {table for table, rows in everything.items() if "Org 2 Ltd" in str(rows)} >= {"organisations", "events"}
    (facts,) = await office.rows(f"select name, names from organisations where id = '{organisation}'")
    assert tuple(map(str, facts)) == ("", "[]")
    assert await office.rows(f"select standing, open from accreditations where number = '{number}'") == [
        ("ERASED", False)
    ]


async def test_the_next_list_that_names_it_lists_it_anew(office, uk, erased):
    number, organisation = erased

    again = await office.stage(uk([org(at) for at in range(3)]))
    assert (again.unchanged, again.listings, again.absent) == (2, 1, 0)
    await office.release(again)

    (row,) = await office.rows("select id from organisations where name = 'Org 1 Ltd'")
    assert row[0] != organisation
    listed = await office.rows("select number from listed")
    assert len(listed) == 3
    assert (number,) not in listed
