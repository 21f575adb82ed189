"""A whole licensing life: every act that an authority or a tribunal brings, what it shows, and what it issues."""

from datetime import date, datetime, timedelta

import pytest
from core_world import START

from registry.accreditations.drafts import ConditionDraft, ScopeDraft
from registry.errors import Conflict, Forbidden, Invalid, NotAllowed, NotFound

RULING = bytes(range(32))
TRAINING = ConditionDraft("TRAINING", "Train every sub-agent", date(2026, 6, 30))
READ = """
query ($n: String!, $at: DateTime) { accreditation(number: $n) {
  standing(asOf: $at) { standing since until overlays { code note } }
  validFrom validUntil scope { sectors } conditions { code met deadline } record
  decisions(first: 100) { edges { node { act } } } } }
"""


class Life:
    """One accreditation, a day between two acts."""

    def __init__(self, register, number):
        self.register, self.number = register, number

    async def decide(self, act, **more):
        self.register.clock.forward(days=1)
        return await self.register.decided(self.number, act, **more)

    async def record(self, act, **more):
        self.register.clock.forward(days=1)
        return await self.register.recorded(self.number, act, **more)

    async def seen(self, at=None):
        await self.register.logged()
        given = {} if at is None else {"at": at.isoformat()}
        return (await self.register.ask(READ, n=self.number, **given))["accreditation"]

    async def shows(self, standing, *overlays):
        """Standing and overlays as the public sees them."""
        view = (await self.seen())["standing"]
        assert (view["standing"], [one["code"] for one in view["overlays"]]) == (standing, list(overlays))

    async def codes(self):
        """The status codes of its generations in the order in which they were opened."""
        await self.register.logged()
        rows = (await self.register.snapshot())["status_entries"]
        return [row[4] for row in sorted(rows, key=lambda row: row[3])]


@pytest.fixture
async def life(register):
    return Life(register, await register.applied())


@pytest.fixture
async def active(life):
    """Granted for a year, for two sectors."""
    await life.decide("grant", valid_until=date(2027, 5, 4), scope=ScopeDraft(sectors=["care", "farming"]))
    return life


async def test_an_application_is_deferred_resumed_and_granted_in_two_steps(life):
    await life.record("defer", effective_until=START + timedelta(days=3))
    await life.shows("DEFERRED")
    life.register.clock.forward(days=3)
    await life.shows("DEFERRED", "DEADLINE_PASSED")
    await life.record("resume")
    await life.shows("APPLIED")
    await life.decide("grant_provisionally", valid_until=date(2026, 12, 31))
    await life.shows("PROVISIONAL")
    await life.decide("grant", valid_until=date(2027, 5, 4))
    await life.shows("ACTIVE")
    assert await life.codes() == [1, 0]  # the provisional record is void, the other one good


@pytest.mark.parametrize("act", ["refuse", "withdraw_application"])
async def test_an_application_that_ends_makes_room_for_another(life, act):
    await (life.decide if act == "refuse" else life.record)(act)
    await life.shows("REFUSED" if act == "refuse" else "WITHDRAWN_APPLICATION")
    assert await life.codes() == []


async def test_conditions_are_imposed_met_and_lifted(active):
    imposed = await active.decide("impose_conditions", conditions=[TRAINING])
    await active.shows("CONDITIONAL")
    seen = await active.seen()
    assert seen["conditions"] == [{"code": "TRAINING", "met": False, "deadline": "2026-06-30"}]
    assert (seen["validUntil"], seen["scope"]["sectors"]) == ("2027-05-04", ["care", "farming"])  # taken over
    active.register.clock.forward(days=60)
    await active.shows("CONDITIONAL", "DEADLINE_PASSED")
    await active.decide("lift_conditions", closes=imposed)
    await active.shows("ACTIVE")
    assert (await active.seen())["conditions"] == []
    assert await active.codes() == [1, 1, 0]


async def test_the_scope_changes_and_everything_else_stays(active):
    before = await active.seen()
    await active.decide("change_scope", scope=ScopeDraft(sectors=["care"]))
    after = await active.seen()
    assert after["scope"]["sectors"] == ["care"]
    assert (after["validFrom"], after["validUntil"]) == (before["validFrom"], before["validUntil"])
    assert after["record"] != before["record"]


async def test_a_notice_comes_before_a_revocation_and_may_be_withdrawn(active):
    notice = await active.decide("give_notice")
    await active.shows("ACTIVE", "REVOCATION_NOTICE")
    with pytest.raises(NotAllowed):
        await active.decide("surrender")
    await active.record("withdraw_notice", closes=notice)
    await active.shows("ACTIVE")
    await active.decide("surrender")
    await active.shows("SURRENDERED")
    assert await active.codes() == [1]


async def test_a_revocation_is_stayed_and_quashed_by_a_tribunal(active):
    revocation = await active.decide("revoke")
    await active.shows("REVOKED")
    stay = await active.decide("stay", ruling_hash=RULING)
    await active.shows("ACTIVE", "STAY")
    await active.decide("end_stay", closes=stay, ruling_hash=RULING)
    await active.shows("REVOKED")
    await active.decide("restore", closes=revocation, ruling_hash=RULING)
    await active.shows("ACTIVE")
    assert await active.codes() == [1, 1, 0]  # as granted, under stay, restored
    assert (await active.seen())["validUntil"] == "2027-05-04"


async def test_a_suspensive_appeal_holds_a_revocation_and_the_registry_issues_anew(active):
    await active.decide("revoke")
    await active.shows("REVOKED")
    appeal = await active.decide("lodge_appeal", suspensive=True)
    await active.shows("ACTIVE", "APPEAL")
    seen = await active.seen()
    assert [edge["node"]["act"] for edge in seen["decisions"]["edges"]][-1] == "reissue"
    assert seen["record"] is not None
    assert await active.codes() == [1, 0]
    await active.decide("decide_appeal", closes=appeal, ruling_hash=RULING)
    await active.shows("REVOKED")
    assert await active.codes() == [1, 1]


async def test_an_appeal_without_suspensive_effect_changes_nothing_but_is_seen(active):
    await active.decide("revoke")
    appeal = await active.decide("lodge_appeal")
    await active.shows("REVOKED", "APPEAL")
    await active.decide("withdraw_appeal", closes=appeal)
    await active.shows("REVOKED")


async def test_a_bar_ends_by_its_date(active):
    await active.decide("revoke")
    with pytest.raises(Invalid) as refusal:
        await active.decide("bar")
    assert refusal.value.field == "effectiveUntil"
    await active.decide("bar", effective_until=active.register.clock() + timedelta(days=90))
    await active.shows("BARRED")
    active.register.clock.forward(days=90)
    await active.shows("REVOKED")


async def test_renewals_in_time_pending_and_late(active):
    with pytest.raises(Invalid) as refusal:
        await active.decide("renew")
    assert refusal.value.field == "validUntil"
    await active.decide("continue_renewal", valid_until=date(2026, 7, 1))
    await active.shows("ACTIVE", "PENDING_RENEWAL")
    await active.decide("renew", valid_until=date(2026, 9, 1))
    await active.shows("ACTIVE")
    active.register.clock.now = datetime.fromisoformat("2026-10-01T00:00:00+00:00")
    await active.shows("LAPSED")
    await active.decide("renew_late", valid_until=date(2027, 5, 4))
    await active.shows("ACTIVE")
    gap = datetime.fromisoformat("2026-09-20T00:00:00+00:00")
    assert (await active.seen(gap))["standing"]["standing"] == "LAPSED"  # the gap stays


async def test_a_merger_points_to_the_number_that_goes_on(active):
    other = await active.register.granted()
    for wrong, error in (("TEST-ZZZZZZZZ-00", Invalid), (active.number, Invalid), ("TEST-00000000-72", NotFound)):
        with pytest.raises(error):
            await active.decide("merge", redirect=wrong)
    await active.decide("merge", redirect=other)
    await active.shows("TERMINATED", "MERGED")
    assert (await active.seen())["standing"]["overlays"] == [{"code": "MERGED", "note": other}]


async def test_a_correction_takes_back_a_revocation_that_should_not_have_been(active):
    at = active.register.clock() + timedelta(days=1)
    revocation = await active.decide("revoke")
    await active.shows("REVOKED")
    await active.decide("correct", corrects=[revocation])
    await active.shows("ACTIVE")
    assert (await active.seen(at))["standing"]["standing"] == "ACTIVE"  # it never was
    assert await active.codes() == [1, 0]


async def test_a_correction_must_not_leave_later_decisions_without_ground(active):
    suspension = await active.decide("suspend", measure="preventive")
    end = await active.decide("end_suspension", closes=suspension)
    with pytest.raises(Conflict) as refusal:
        await active.decide("correct", corrects=[suspension])
    assert refusal.value.blocked_by == end
    await active.decide("correct", corrects=[suspension, end])
    await active.shows("ACTIVE")


async def test_an_application_entered_by_mistake_is_voided_and_leaves_room(register, life):
    event_id = (await register.snapshot())["decisions"][0][0]
    await life.decide("correct", corrects=[event_id])
    assert await life.seen() is None  # the public never hears of it
    assert await register.applied(by=(await register.snapshot())["accreditations"][0][2])


async def test_a_revoked_accreditation_does_not_come_back_beside_a_new_one(register, active):
    revocation = await active.decide("revoke")
    await register.logged()
    held = (await register.snapshot())["accreditations"][0]
    again = await register.applied(by=held[2])
    with pytest.raises(Conflict) as refusal:
        await active.decide("restore", closes=revocation)
    assert refusal.value.blocked_by == again


async def test_a_tribunal_act_takes_its_registrar_and_the_ruling(active):
    await active.decide("revoke")
    with pytest.raises(Forbidden, match="adjudication-registrar"):
        await active.register.proposed(active.number, "stay", ruling_hash=RULING)
    with pytest.raises(Invalid) as refusal:
        await active.register.proposed(active.number, "stay", member="tara")
    assert refusal.value.field == "rulingHash"


async def test_what_takes_two_persons_is_not_recorded_by_one(active):
    with pytest.raises(Forbidden, match="propose it"):
        await active.record("suspend", measure="preventive")
