from datetime import date

import pytest

from goodstanding_standalone.errors import StandaloneError
from goodstanding_standalone.register import open_register
from goodstanding_standalone.sample.model import Size
from goodstanding_standalone.sample.seed import seed
from goodstanding_standalone.sample.state import FILE, SampleState
from goodstanding_standalone.settings import StandaloneSettings
from registry.accreditations.repository import Filter, count

TINY = Size(organisations=40, accreditations=16, listed=2)


class Cut(Exception):
    """The seed is cut short."""


async def test_a_seed_that_was_cut_short_goes_on_and_does_nothing_twice(tmp_path):
    settings = StandaloneSettings(var=tmp_path)

    def cut(what: str, done: int, _: int) -> None:
        if what == "applications decided" and done == 5:
            raise Cut

    async with open_register(settings) as register:
        with pytest.raises(Cut):
            await seed(register, tmp_path, cut, size=TINY)
    async with open_register(settings) as register:
        made = await seed(register, tmp_path, lambda *_: None, size=Size(2_000))  # the size begun with counts
        again = await seed(register, tmp_path, lambda *_: pytest.fail("there is nothing left to do"))
        async with register.database.read() as tx:
            accreditations = await count(tx, Filter(staff_of=["aut_fair-departures", "aut_work-overseas",
                                                              "aut_labour-journeys"]))  # fmt: skip

    assert made == again
    assert made.organisations == 40
    assert accreditations == made.decided + made.listed
    assert set(made.numbers) == {"APPLIED", "ACTIVE", "SUSPENDED", "REVOKED", "LAPSED", "UNRECOGNISED"}


def test_a_state_that_cannot_be_read_is_refused_with_the_way_out(tmp_path):
    (tmp_path / FILE).write_text("{")

    with pytest.raises(StandaloneError, match=r"sample\.json cannot be read"):
        SampleState.load(tmp_path)


def test_a_state_is_read_as_it_was_stored(tmp_path):
    state = SampleState(1, date(2026, 5, 4), TINY)
    state.store(tmp_path)

    assert SampleState.load(tmp_path) == state
