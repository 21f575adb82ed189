"""An authority whose mandate ended: what the register shows beside its standings, and what its status lists say."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from administration_world import BEGAN, mandate
from core_world import LABOUR, START

from goodstanding.status_list import verify_status_list
from registry.schemes.model import DECIDING_ACTS

STANDING = """query ($n: String!, $a: DateTime, $k: DateTime) { accreditation(number: $n) {
  standing(asOf: $a, knownAt: $k) { standing overlays { code since } } } }"""


async def listed(offices, *numbers):
    """The codes of the newest generation of each number, from the signed list as it is served."""
    register, codes = offices.register, {}
    register.clock.forward(seconds=1)
    key = (await register.keys.status_signer()).public_jwk
    lists = {row.id: row.uri for row in await offices.rows("status_lists")}
    for row in sorted(await offices.rows("status_entries"), key=lambda row: row.event_id):
        uri = lists[row.list_id]
        token = (await register.client.get(urlsplit(uri).path)).text
        found = verify_status_list(token, uri=uri, keys={key["kid"]: key}, now=register.clock())
        codes[row.number] = found.list.get(row.idx)
    return [codes[number] for number in numbers]


async def beside(offices, number, **asked):
    """(standing, codes of what stands beside it) as the public sees it."""
    shown = (await offices.register.ask(STANDING, n=number, **asked))["accreditation"]["standing"]
    return shown["standing"], [overlay["code"] for overlay in shown["overlays"]]


@pytest.fixture
async def three(offices):
    """A good one, a suspended one and a revoked one, all logged."""
    register = offices.register
    numbers = [await register.granted() for _ in range(3)]
    await register.decided(numbers[1], "suspend", measure="preventive")
    await register.decided(numbers[2], "revoke")
    await register.logged()
    register.clock.forward(days=2)
    assert await listed(offices, *numbers) == [0, 2, 1]
    return numbers


@pytest.mark.both_backends
async def test_withdrawn_it_leaves_only_what_was_good_in_doubt_at_commit_and_until_the_lift_is_logged(offices, three):
    register = offices.register
    since = register.clock() - timedelta(hours=1)
    await offices.end("withdrawn", since)

    assert await listed(offices, *three) == [3, 2, 1]  # at commit: nothing was logged yet
    assert await beside(offices, three[0]) == ("ACTIVE", ["ISSUER_SUSPECT"])
    assert await beside(offices, three[1]) == ("SUSPENDED", ["ISSUER_SUSPECT"])
    await register.logged()
    assert await listed(offices, *three) == [3, 2, 1]
    before = (since - timedelta(minutes=1)).isoformat()
    assert await beside(offices, three[0], a=before) == ("ACTIVE", [])

    await offices.done(mandate(authority=LABOUR, valid_from=BEGAN))
    assert await listed(offices, *three) == [3, 2, 1]  # what raises trust waits for the log
    assert await beside(offices, three[0]) == ("ACTIVE", ["ISSUER_SUSPECT"])
    await register.logged()
    assert await listed(offices, *three) == [0, 2, 1]
    assert await beside(offices, three[0]) == ("ACTIVE", [])


async def test_expired_it_leaves_everything_as_it_is(offices, three):
    await offices.end("expired")
    await offices.register.logged()

    assert await listed(offices, *three) == [0, 2, 1]
    assert await beside(offices, three[0]) == ("ACTIVE", [])


async def test_another_scheme_is_not_concerned(offices, three):
    (other,) = await offices.mandates(scheme="sch_standard")
    await offices.end("withdrawn", START, mandate=other)

    assert await listed(offices, *three) == [0, 2, 1]


async def test_after_a_compromised_key_it_counts_when_a_decision_was_first_logged(offices, three):
    register = offices.register
    lost = register.clock()
    register.clock.forward(days=1)
    late = await register.granted()
    await register.logged()
    numbers = [*three, late]
    register.clock.forward(minutes=5)
    await offices.end("key_compromised", lost)
    await register.logged()

    assert await listed(offices, *numbers) == [0, 2, 1, 3]
    assert await beside(offices, three[0]) == ("ACTIVE", [])
    assert await beside(offices, late) == ("ACTIVE", ["ISSUER_SUSPECT"])

    await offices.end("key_compromised", START - timedelta(days=1))  # it was lost earlier than was thought
    assert await listed(offices, *numbers) == [3, 2, 1, 3]


async def test_without_a_time_a_compromised_key_leaves_nothing_out(offices, three):
    await offices.end("key_compromised")

    assert await listed(offices, *three) == [3, 2, 1]
    assert await beside(offices, three[0]) == ("ACTIVE", ["ISSUER_SUSPECT"])


async def test_a_mandate_to_come_lifts_a_withdrawal_on_its_day_and_no_list_outlives_it(offices, three):
    register = offices.register
    await offices.end("withdrawn", START)
    comes = register.clock() + timedelta(minutes=10)
    await offices.done(mandate(authority=LABOUR, acts=["grant"], valid_from=comes))
    await register.logged()
    assert await listed(offices, three[0]) == [3]
    assert all(row.exp <= comes for row in await offices.rows("status_lists") if row.exp)

    register.clock.now = comes
    assert await listed(offices, three[0]) == [0]
    assert await beside(offices, three[0]) == ("ACTIVE", [])


async def test_what_was_known_earlier_is_answered_as_it_was(offices, three):
    register = offices.register
    earlier = register.clock().isoformat()
    register.clock.forward(minutes=1)
    await offices.end("withdrawn", START)
    await register.logged()

    assert await beside(offices, three[0]) == ("ACTIVE", ["ISSUER_SUSPECT"])
    assert await beside(offices, three[0], k=earlier) == ("ACTIVE", [])
    assert await beside(offices, three[0], k=register.clock().isoformat()) == ("ACTIVE", ["ISSUER_SUSPECT"])


@pytest.mark.both_backends
async def test_the_next_mandate_vouches_for_what_comes_after_it_and_not_for_what_a_stolen_key_wrote(offices, three):
    register = offices.register
    lost = register.clock()
    register.clock.forward(days=1)
    forged = await register.granted()
    await register.logged()
    register.clock.forward(minutes=5)
    await offices.end("key_compromised", lost)
    register.clock.forward(minutes=5)
    await offices.done(mandate(authority=LABOUR, acts=DECIDING_ACTS, valid_from=register.clock()))
    register.clock.forward(minutes=5)
    after = await register.granted()
    await register.logged()

    assert await listed(offices, *three, forged, after) == [0, 2, 1, 3, 0]
    assert await beside(offices, forged) == ("ACTIVE", ["ISSUER_SUSPECT"])
    assert await beside(offices, after) == ("ACTIVE", [])

    grant = next(row.event_id for row in await offices.rows("decisions") if (row.number, row.act) == (forged, "grant"))
    await register.decided(forged, "correct", corrects=[grant], legal_basis="The key was stolen.")
    await register.decided(forged, "grant")
    await register.logged()
    assert await listed(offices, forged) == [3]  # the application came from that key as well
