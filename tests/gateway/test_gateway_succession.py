"""An authority that has taken over from another: whose accreditation the edge says it is, and whose doubt it carries."""

from datetime import timedelta

import pytest
from feed_simulator import START
from gateway_simulator import BOARD, MINISTRY, NUMBER, OTHER

from goodstanding.canonical import format_time

BEGAN = START - timedelta(days=900)
GOOD, OPEN = "IN_GOOD_STANDING", "CANNOT_CONCLUDE"


async def told(register, gateway, number=NUMBER, **asked):
    register.list_token = None
    register.publish()
    await gateway.follow()
    verdict = await gateway.verify(number, **asked)
    return verdict["verdict"], verdict["authority"], "ISSUER_SUSPECT" in [one["code"] for one in verdict["reasons"]]


async def asked_of(gateway, number, authority):
    query = "query ($n: String!, $a: ID) { verify(by: {number: $n}, scope: {authority: $a}) { verdict } }"
    answer = (await gateway.graphql(query, {"n": number, "a": authority})).json()
    return answer["data"]["verify"]["verdict"]


@pytest.fixture
async def merged(register, gateway):
    """The board's mandate has ended; the ministry has taken over what it had granted."""
    register.mandate(BEGAN, BOARD)
    register.grant(organisation="org_old", authority=BOARD)
    register.clock.pass_(days=1)
    register.mandate(BEGAN, BOARD, end="expired", until=register.clock())
    register.mandate(register.clock(), MINISTRY, succeeds=[BOARD])
    register.grant(OTHER, organisation="org_new", authority=MINISTRY)
    register.clock.pass_(seconds=2)


async def test_the_generation_in_force_names_its_issuer_and_the_next_one_the_successor(register, gateway, merged):
    before = register.clock() - timedelta(days=1)
    board, ministry = "वैदेशिक बोर्ड", "Ministry of Labour"
    assert await told(register, gateway) == (GOOD, board, False)

    register.renew(NUMBER, MINISTRY)
    assert await told(register, gateway) == (GOOD, ministry, False)
    assert (await told(register, gateway, asOf=format_time(before)))[1] == board
    for authority, verdict in ((BOARD, GOOD), (MINISTRY, GOOD), ("aut_third", OPEN)):  # asked by either name
        assert await asked_of(gateway, NUMBER, authority) == verdict
    assert await asked_of(gateway, OTHER, BOARD) == OPEN


async def test_doubt_about_the_predecessor_concerns_what_it_had_opened(register, gateway, merged):
    register.mandate(BEGAN, BOARD, end="key_compromised", until=register.clock())
    register.renew(NUMBER, MINISTRY)

    assert (await told(register, gateway))[::2] == (OPEN, True)
    assert (await told(register, gateway, OTHER))[::2] == (GOOD, False)


async def test_doubt_about_the_successor_concerns_all_of_it(register, gateway, merged):
    began = register.clock() - timedelta(seconds=2)
    known = format_time(register.clock())
    await told(register, gateway)
    register.clock.pass_(seconds=5)
    register.mandate(began, MINISTRY, succeeds=[BOARD], end="withdrawn", until=register.clock())

    assert [(await told(register, gateway, number))[0] for number in (NUMBER, OTHER)] == [OPEN, OPEN]
    assert (await told(register, gateway, knownAt=known))[0] == GOOD
    names = gateway.app.state.edge._keeper.copy.projection.names
    assert type(names).from_json(names.to_json()) == names
