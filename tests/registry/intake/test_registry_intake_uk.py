"""The register of licensed UK sponsors as it was published, staged whole and released in part."""

import csv
import gzip
import io
from pathlib import Path

import pytest

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

    earlier = await office.stage(uk(rows_of(SEPTEMBER)[:600]))
    assert earlier.accepted + earlier.held + earlier.rejected == 600
    assert earlier.unchanged > 300
    assert earlier.absent > 0


async def test_the_real_register_cut_off_is_refused(office):
    with gzip.open(NOVEMBER) as text:
        whole = text.read(1_000_000)
    before = await office.everything()
    for cut in (whole[:-1], gzip.compress(whole)[:-5], NOVEMBER.read_bytes()[:-1000]):
        with pytest.raises(Exception, match="was not staged"):
            await office.stage(io.BytesIO(cut).read())
    assert await office.everything() == before
