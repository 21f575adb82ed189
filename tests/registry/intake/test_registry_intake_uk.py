"""The register of licensed UK sponsors as it was published, staged whole and released in part."""

import csv
import gzip
import io
from pathlib import Path

import pytest

from registry.intake.model import alike

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data" / "uk"
NOVEMBER, SEPTEMBER = SHARED / "register_2021-11-02.csv.gz", SHARED / "register_2021-09-30.csv.gz"

pytestmark = pytest.mark.skipif(
    not NOVEMBER.is_file(), reason="shared data absent: ../shared/data/uk/register_2021-11-02.csv.gz"
)


def rows_of(path: Path) -> list[list[str]]:
    """The rows by a reader that is not ours, header excluded."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as text:
        return list(csv.reader(text))[1:]


async def test_every_row_of_the_real_register_has_an_outcome(office):
    data = NOVEMBER.read_bytes()
    before = await office.bodies()

    snapshot = await office.stage(data, file_name=NOVEMBER.name)

    rows = rows_of(NOVEMBER)
    assert snapshot.accepted + snapshot.held + snapshot.rejected == snapshot.rows == len(rows) == 48_684
    assert (snapshot.held, snapshot.rejected, snapshot.listings) == (8, 0, 40_228)
    assert await office.rows("select count(*) from staged_listings") == [(40_228,)]
    in_two_words = {rows[row - 1][0] for (row,) in await office.rows("select row from staged_rows")}
    assert len(in_two_words) == 3  # each of them stands there with two ratings
    assert await office.bodies() == before


async def test_a_part_of_it_is_released_and_compared_with_another_day(office, uk):
    first = uk(rows_of(NOVEMBER)[:600])
    staged = await office.stage(first)
    released = await office.release(staged)
    assert released.released_listings == staged.listings > 400
    assert len(await office.bodies()) == released.listings

    again = await office.stage(uk([[f" {name}  ", *more] for name, *more in rows_of(NOVEMBER)[:600]]))
    assert (again.unchanged, again.listings, again.absent) == (released.listings, 0, 0)


async def test_five_weeks_later_the_register_differs_in_what_really_changed(office, uk):
    """September and November 2021, the sponsors under "ac": some left, some came."""
    september, november = (
        [row for row in rows_of(day) if alike(row[0]).startswith("ac")] for day in (SEPTEMBER, NOVEMBER)
    )
    first = await office.release(await office.stage(uk(september)))
    assert (first.released, first.listed_before) == (228, 0)

    later = await office.stage(uk(november))

    assert later.difference == {"new": 16, "gone": 6, "back": 0, "changed": 0, "unchanged": 222, "held": 0}
    assert (later.absent, later.listed_before, later.misses_many) == (6, 228, True)
    done = await office.release(later, removes=later.absent)
    assert (
        done.released == done.to_release == sum(later.difference[kind] for kind in ("new", "gone", "back", "changed"))
    )
    assert (await office.stage(uk(november))).to_release == 0


def names_of(day: str) -> set[str]:
    """The names on the route of skilled workers on a day."""
    return {row[0] for row in rows_of(SHARED / f"skilled_worker_{day}.csv.gz") if row and row[0].strip()}


async def test_seven_thousand_flips_of_white_space_are_no_changes(office, uk):
    before, after = names_of("2026-02-27"), names_of("2026-03-04")
    same = {alike(name) for name in after}
    flipped = sorted(name for name in before - after if alike(name) in same)
    assert (len(before - after), len(flipped)) == (7_161, 6_992)
    assert len({alike(name) for name in before} - same) == 169  # left the register

    def listing(names) -> bytes:
        return uk([[name, "", "", "Worker (A rating)", "Skilled Worker"] for name in names])

    some = flipped[::20]
    await office.release(await office.stage(listing(some)))
    spelled = {alike(name): name for name in after}
    again = await office.stage(listing(spelled[alike(name)] for name in some))
    assert (again.unchanged, again.to_release, again.absent) == (len(some), 0, 0)


async def test_the_real_register_cut_off_is_refused(office):
    with gzip.open(NOVEMBER) as text:
        whole = text.read(1_000_000)
    before = await office.everything()
    for cut in (whole[:-1], gzip.compress(whole)[:-5], NOVEMBER.read_bytes()[:-1000]):
        with pytest.raises(Exception, match="was not staged"):
            await office.stage(io.BytesIO(cut).read())
    assert await office.everything() == before
