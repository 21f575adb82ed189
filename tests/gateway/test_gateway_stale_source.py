"""A list that should have come out again: what the edge answers about those it names, by time alone."""

from datetime import timedelta

import pytest
from gateway_simulator import BOARD, LISTED_SCHEME, NUMBER, OTHER

from goodstanding.canonical import format_time

GOOD, OPEN, BAD = "IN_GOOD_STANDING", "CANNOT_CONCLUDE", "NOT_IN_GOOD_STANDING"


async def told(register, gateway, number=NUMBER, **asked):
    register.list_token = None
    register.publish()
    await gateway.follow()
    verdict = await gateway.verify(number, **asked)
    return verdict["verdict"], [r["code"] for r in verdict["reasons"] if r["code"] not in ("UNWITNESSED", "SAMPLE")]


@pytest.fixture
async def listed(register, gateway):
    """Two sponsors of a list that comes out every seven days, one with a word that is good and one that is not."""
    register.map_words(good="ACTIVE", bad="REVOKED", cadence=7)
    register.list_row(NUMBER, "good")
    register.list_row(OTHER, "bad", organisation="org_other")
    return register.clock()


async def test_it_answers_until_the_next_list_is_due_and_again_once_it_is_there(register, gateway, listed):
    register.clock.pass_(days=6, hours=23)
    assert await told(register, gateway) == (GOOD, ["ACTIVE", "TRANSCRIBED"])
    register.clock.now = listed + timedelta(days=7, seconds=-5)
    assert await told(register, gateway) == (GOOD, ["ACTIVE", "TRANSCRIBED"])
    assert (await gateway.verify(NUMBER))["freshUntil"] == format_time(listed + timedelta(days=7))

    register.clock.now = listed + timedelta(days=7)  # nothing happens but time
    assert await told(register, gateway) == (OPEN, ["ACTIVE", "SOURCE_STALE", "TRANSCRIBED"])
    assert await told(register, gateway, OTHER) == (BAD, ["REVOKED", "SOURCE_STALE", "TRANSCRIBED"])
    before = format_time(listed + timedelta(days=1))
    assert await told(register, gateway, asOf=before) == (GOOD, ["ACTIVE", "TRANSCRIBED"])

    register.release_list("Another publisher")  # of another list
    assert (await told(register, gateway))[0] == OPEN
    register.release_list()  # no row has changed
    assert await told(register, gateway) == (GOOD, ["ACTIVE", "TRANSCRIBED"])
    register.clock.pass_(days=7)
    assert (await told(register, gateway))[0] == OPEN


async def test_the_registrys_own_3_is_not_taken_for_more_than_that(register, gateway, listed):
    register.clock.pass_(days=7)
    register.set_code(NUMBER, 3)

    assert await told(register, gateway) == (OPEN, ["ACTIVE", "SOURCE_STALE", "TRANSCRIBED"])


async def test_without_a_cadence_and_for_what_was_decided_no_list_is_ever_stale(register, gateway, listed):
    register.grant(organisation="org_granted", number="TEST-00000000-72", authority=BOARD, scheme=LISTED_SCHEME)
    register.clock.pass_(days=60)
    assert (await told(register, gateway, "TEST-00000000-72"))[0] == GOOD

    register.map_words(version="2", good="ACTIVE")  # the scheme's newest event says no cadence
    assert await told(register, gateway) == (GOOD, ["ACTIVE", "TRANSCRIBED"])


async def test_cadence_and_days_of_lists_are_kept_in_the_snapshot(register, gateway, listed):
    register.release_list()
    await told(register, gateway)
    names = gateway.app.state.edge._keeper.copy.projection.names

    assert type(names).from_json(names.to_json()) == names
    assert [len(kept) for kept in (*names.cadences.values(), *names.releases.values())] == [1, 1]
