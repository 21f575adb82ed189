"""Effects in the past and in the future, local days, and what was true and known when."""

from datetime import date, datetime, timedelta

import pytest
from core_world import LABOUR, LICENCE, START

from goodstanding.canonical import format_time
from registry.accreditations.service import ApplicationDraft
from registry.errors import Conflict, Invalid, NotAllowed

STANDING = """
query ($number: String!, $asOf: DateTime, $knownAt: DateTime) { accreditation(number: $number) {
  standing(asOf: $asOf, knownAt: $knownAt) { standing since until treeSize knownAt projected overlays { code } } } }
"""


async def standing(register, number, member=None, **when):
    when = {name: format_time(moment) for name, moment in when.items()}
    answer = await register.ask(STANDING, member, number=number, **when)
    return answer["accreditation"]["standing"]


async def test_a_retroactive_act_needs_a_legal_basis_and_then_changes_the_past(register):
    number = await register.granted()
    register.clock.forward(days=10)
    past = START + timedelta(days=3)

    with pytest.raises(Invalid, match="legal basis"):
        await register.proposed(number, "suspend", effective_from=past)
    await register.decided(number, "suspend", effective_from=past, legal_basis="Act 12, section 3")
    await register.logged()

    assert (await standing(register, number, asOf=past - timedelta(seconds=1)))["standing"] == "ACTIVE"
    assert (await standing(register, number, asOf=past))["standing"] == "SUSPENDED"
    assert (await standing(register, number))["since"] == format_time(past)


async def test_a_few_minutes_between_two_people_are_not_the_past(register):
    number = await register.granted()
    now = register.clock()
    proposal = await register.proposed(number, "suspend", effective_from=now)
    register.clock.forward(minutes=4)

    assert await register.acts.approve(await register.actor("anil"), *proposal, key="k")


async def test_nothing_takes_effect_before_the_application(register):
    number = await register.applied()
    register.clock.forward(days=1)

    with pytest.raises(NotAllowed) as refusal:
        await register.proposed(number, "grant", effective_from=START - timedelta(days=1), legal_basis="Act 12")

    assert refusal.value.allowed_acts == ("apply",)


async def test_an_act_in_the_way_of_a_later_one_is_refused_naming_it(register):
    number = await register.granted()
    register.clock.forward(days=5)
    suspension = await register.decided(number, "suspend")
    register.clock.forward(days=5)

    with pytest.raises(Conflict) as refusal:
        await register.proposed(
            number, "revoke", effective_from=START + timedelta(days=2), legal_basis="Act 12, section 3"
        )

    assert refusal.value.blocked_by == suspension
    assert "later suspend" in refusal.value.message


async def test_a_future_effect_is_seen_when_it_comes(register):
    number = await register.granted()
    comes = register.clock() + timedelta(days=7)
    await register.decided(number, "suspend", effective_from=comes, measure="administrative")
    await register.logged()

    assert (await standing(register, number))["standing"] == "ACTIVE"
    later = await standing(register, number, asOf=comes)
    assert (later["standing"], later["projected"]) == ("SUSPENDED", True)
    register.clock.forward(days=8)
    await register.logged()
    assert (await standing(register, number))["standing"] == "SUSPENDED"
    listed = await register.ask("{ accreditations(filter: {standing: [SUSPENDED]}) { edges { node { number } } } }")
    assert [edge["node"]["number"] for edge in listed["accreditations"]["edges"]] == [number]


async def test_a_measure_ends_by_itself(register):
    number = await register.granted()
    ends = register.clock() + timedelta(days=30)
    await register.decided(number, "suspend", effective_until=ends)
    await register.logged()

    during = await standing(register, number)
    assert (during["standing"], during["until"]) == ("SUSPENDED", format_time(ends))
    assert (await standing(register, number, asOf=ends))["standing"] == "ACTIVE"


async def test_what_was_known_when(register):
    number = await register.granted()
    await register.logged()
    known = register.clock()
    size = len(register.log.events)
    register.clock.forward(days=10)
    past = START + timedelta(days=3)
    await register.decided(number, "suspend", effective_from=past, legal_basis="Act 12, section 3")
    await register.logged()

    before = await standing(register, number, asOf=past, knownAt=known)
    assert (before["standing"], before["treeSize"]) == ("ACTIVE", size)
    assert before["knownAt"] == format_time(known.replace(microsecond=0))
    assert (await standing(register, number, asOf=past))["standing"] == "SUSPENDED"
    assert await standing(register, number, knownAt=START - timedelta(days=1)) is None


async def test_days_are_those_of_the_authority(register):
    number = await register.granted(valid_from=date(2026, 5, 4), valid_until=date(2026, 5, 10))
    await register.logged()
    midnight = datetime.fromisoformat("2026-05-11T00:00:00+05:45")

    days = await register.ask("query ($n: String!) { accreditation(number: $n) { validFrom validUntil } }", n=number)
    assert days["accreditation"] == {"validFrom": "2026-05-04", "validUntil": "2026-05-10"}
    assert (await standing(register, number, asOf=midnight - timedelta(milliseconds=1)))["standing"] == "ACTIVE"
    assert (await standing(register, number, asOf=midnight))["standing"] == "LAPSED"


async def test_a_lapsed_accreditation_is_listed_as_lapsed(register):
    number = await register.granted(valid_until=date(2026, 5, 10))
    await register.logged()
    register.clock.forward(days=8)
    await register.logged()

    listed = await register.ask("{ accreditations(filter: {standing: [LAPSED]}) { edges { node { number } } } }")
    assert [edge["node"]["number"] for edge in listed["accreditations"]["edges"]] == [number]


async def test_after_a_revocation_the_organisation_may_apply_anew(register):
    number = await register.granted()
    (organisation,) = [row[0] for row in (await register.snapshot())["organisations"]]
    draft, rita = ApplicationDraft(organisation, LABOUR, LICENCE), await register.actor("rita")
    with pytest.raises(Conflict):
        await register.acts.apply(rita, draft, key="too early")
    await register.decided(number, "revoke")

    assert await register.number_of(await register.acts.apply(rita, draft, key="anew")) != number
