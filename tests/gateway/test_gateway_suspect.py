"""An authority whose mandate ended: what the edge answers about what it had decided, live, in the past, after a restart."""

from datetime import timedelta

import pytest
from feed_simulator import START
from gateway_simulator import BOARD, NUMBER, OTHER, SCHEME

from goodstanding.canonical import format_time

BEGAN = START - timedelta(days=900)
GOOD, OPEN, BAD = "IN_GOOD_STANDING", "CANNOT_CONCLUDE", "NOT_IN_GOOD_STANDING"


def told(verdict):
    """The verdict, and the reasons that are not always there."""
    return verdict["verdict"], [r["code"] for r in verdict["reasons"] if r["code"] not in ("UNWITNESSED", "SAMPLE")]


@pytest.fixture
async def granted(register, gateway):
    """Granted under a mandate; two days have passed."""
    register.mandate(BEGAN)
    register.grant()
    register.clock.pass_(days=2)
    register.publish()
    await gateway.follow()


async def after(register, gateway, *changes, number=NUMBER, **asked):
    for change in changes:
        change()
        register.publish()
        register.clock.pass_(seconds=2)
    register.list_token = None
    await gateway.follow()
    return told(await gateway.verify(number, **asked))


async def test_an_expired_mandate_leaves_what_was_decided_as_it_is(register, gateway, granted):
    def end():
        register.mandate(BEGAN, end="expired", until=register.clock())

    assert await after(register, gateway, end) == (GOOD, ["ACTIVE"])


async def test_a_withdrawn_one_leaves_it_in_doubt_from_the_stated_time_on(register, gateway, granted):
    since = register.clock() - timedelta(hours=1)
    before = {"asOf": format_time(since - timedelta(seconds=1))}
    known = {"knownAt": format_time(register.clock())}

    def end():
        register.mandate(BEGAN, end="withdrawn", until=register.clock(), suspect_from=since, code=3)

    register.clock.pass_(seconds=2)
    assert await after(register, gateway, end) == (OPEN, ["ACTIVE", "ISSUER_SUSPECT"])
    assert await after(register, gateway, **before) == (GOOD, ["ACTIVE"])
    assert await after(register, gateway, asOf=format_time(since)) == (OPEN, ["ACTIVE", "ISSUER_SUSPECT"])
    assert await after(register, gateway, **known) == (GOOD, ["ACTIVE"])  # what was known then

    def given_again():
        register.mandate(BEGAN, code=0)

    assert await after(register, gateway, given_again) == (GOOD, ["ACTIVE"])


async def test_another_authority_and_another_scheme_are_not_concerned(register, gateway, granted):
    register.grant(OTHER, organisation="org_other", authority=BOARD)

    def end():
        register.mandate(BEGAN, end="withdrawn", until=register.clock(), suspect_from=START)
        register.mandate(BEGAN, BOARD, "sch_another", end="withdrawn", until=register.clock(), suspect_from=START)

    assert await after(register, gateway, end, number=OTHER) == (GOOD, ["ACTIVE"])
    assert (await after(register, gateway))[0] == OPEN


async def test_what_was_worse_stays_what_it_is(register, gateway, granted):
    def end():
        register.mandate(BEGAN, end="withdrawn", until=register.clock(), suspect_from=START)

    assert await after(register, gateway, register.suspend, end) == (BAD, ["SUSPENDED"])
    assert await after(register, gateway, register.revoke) == (BAD, ["REVOKED"])


@pytest.mark.parametrize(("days", "verdict"), [(3, GOOD), (-1, OPEN), (None, OPEN)])
async def test_after_a_compromised_key_it_counts_when_a_decision_was_first_logged(
    register, gateway, granted, days, verdict
):
    since = None if days is None else START + timedelta(days=days)
    register.clock.pass_(days=5)

    def end():
        register.mandate(BEGAN, end="key_compromised", until=register.clock(), suspect_from=since)

    assert (await after(register, gateway, end))[0] == verdict


async def test_a_suspension_lifted_after_the_key_was_lost_is_in_doubt_until_the_next_mandate(
    register, gateway, granted
):
    suspension = register.suspend()
    register.publish()
    lost = register.clock() + timedelta(minutes=1)
    register.clock.pass_(days=1)

    def lift():
        register.end_suspension(suspension)

    def end():
        register.mandate(BEGAN, end="key_compromised", until=register.clock(), suspect_from=lost)

    def next_one():
        register.mandate(register.clock())

    assert await after(register, gateway, lift, end) == (OPEN, ["ACTIVE", "ISSUER_SUSPECT"])
    assert await after(register, gateway, next_one) == (OPEN, ["ACTIVE", "ISSUER_SUSPECT"])
    register.grant(OTHER, organisation="org_other", scheme=SCHEME)  # under the mandate given anew
    assert await after(register, gateway, number=OTHER) == (GOOD, ["ACTIVE"])


async def test_before_the_log_has_it_the_list_says_so(register, gateway, granted):
    register.log.publishes = False
    register.mandate(BEGAN, end="withdrawn", until=register.clock(), suspect_from=START, code=3)

    assert await after(register, gateway) == (OPEN, ["ISSUER_SUSPECT", "PENDING_LOG"])


async def test_mandates_are_kept_in_the_snapshot(register, gateway, granted):
    def end():
        register.mandate(BEGAN, end="withdrawn", until=register.clock(), suspect_from=START)

    assert (await after(register, gateway, end))[0] == OPEN
    keeper = gateway.app.state.edge._keeper
    from_json = type(keeper.copy.projection.names).from_json
    names = keeper.copy.projection.names

    assert from_json(names.to_json()) == names
    assert [len(events) for events in names.mandates.values()] == [2]
