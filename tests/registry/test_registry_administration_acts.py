"""What each act on the register itself does, once two persons agreed."""

import json
from datetime import timedelta

import pytest
from administration_world import BEGAN, criteria, mandate, role
from core_world import LABOUR, LICENCE, OWNER, START, TRADE

from goodstanding.canonical import format_time
from registry.access.model import Role
from registry.accreditations.drafts import DecisionDraft
from registry.errors import Conflict, Forbidden


async def events(offices, kind):
    return [json.loads(row.body) for row in sorted(await offices.rows("events"), key=lambda row: row.seq)
            if row.kind == kind]  # fmt: skip


async def test_a_mandate_lets_an_authority_act_and_is_logged(offices):
    await offices.done(mandate(valid_until=START + timedelta(days=10)))

    assert (await events(offices, "mandate"))[-1]["data"] == {
        "authority": TRADE, "scheme": LICENCE, "acts": ["apply", "grant"], "from": "2026-05-04T09:00:00.000Z",
        "until": "2026-05-14T09:00:00.000Z",
    }  # fmt: skip
    assert (await events(offices, "mandate"))[-1]["authority"] == OWNER
    register = offices.register
    await register.logged()
    assert len(register.log.events) == len(await offices.rows("events"))


@pytest.mark.parametrize("end", ["expired", "withdrawn", "key_compromised"])
async def test_a_mandate_that_ended_yesterday_refuses_new_acts(offices, end):
    register = offices.register
    number, waiting = await register.granted(), await register.applied(name="Another")
    await offices.end(end)
    register.clock.forward(days=1)

    for act, about in (("suspend", number), ("grant", waiting)):
        with pytest.raises(Forbidden) as refusal:
            await register.proposed(about, act, **({"measure": "preventive"} if act == "suspend" else {}))
        assert refusal.value.code == "NO_MANDATE"
    with pytest.raises(Forbidden, match="not current"):
        await register.applied(name="A third")


async def test_a_decision_proposed_under_a_mandate_is_not_approved_after_its_end(offices):
    register = offices.register
    number = await register.applied()
    register.clock.forward(seconds=1)
    proposal = await register.proposed(number, "grant")
    await offices.end("expired")

    with pytest.raises(Forbidden, match="not current"):
        await register.acts.approve(await register.actor("anil"), *proposal, key="late")


async def test_a_mandate_ends_worse_when_more_is_known_and_can_be_given_again(offices):
    (first,) = await offices.mandates()
    await offices.end("expired")
    await offices.end("withdrawn", START - timedelta(days=3))
    await offices.end("key_compromised")
    with pytest.raises(Conflict, match="key_compromised already"):
        await offices.end("key_compromised")
    await offices.end("expired")  # it was a false alarm
    await offices.done(mandate(authority=LABOUR, valid_from=BEGAN))

    assert await offices.mandates() == [first]  # the same one
    stated = [(data.get("end"), data.get("suspect_from")) for data in
              (event["data"] for event in await events(offices, "mandate")) if data["from"] == format_time(BEGAN)
              and (data["authority"], data["scheme"]) == (LABOUR, LICENCE)]  # fmt: skip
    assert stated == [
        (None, None), ("expired", None), ("withdrawn", "2026-05-01T09:00:00.000Z"), ("key_compromised", None),
        ("expired", None), (None, None),
    ]  # fmt: skip
    await offices.register.applied(name="Once more")


async def test_criteria_get_a_version_that_decisions_cite(offices):
    register = offices.register
    number = await register.applied()
    await offices.done(criteria())

    query = "{ scheme(id: %s) { version criteria { code title indicators } mandates { id end authority { id } } } }"
    found = (await register.ask(query % json.dumps(LICENCE)))["scheme"]
    assert (found["version"], [one["code"] for one in found["criteria"]]) == ("2", ["REMEDY"])
    assert found["mandates"] == [{"id": (await offices.mandates())[0], "end": None, "authority": {"id": LABOUR}}]
    register.clock.forward(seconds=1)
    event_id = await register.decided(number, "grant")
    cited = {body["event_id"]: body["scheme_version"] for body in await events(offices, "decision")}
    assert cited == {event_id: "2", min(cited): "1"}
    with pytest.raises(Conflict, match="version '1'"):
        await offices.proposed("olga", criteria(version="1"))


async def test_a_role_counts_from_the_approval_to_the_withdrawal(offices):
    register = offices.register
    draft = role("nobody", Role.PROPOSER)
    number = await register.applied()
    with pytest.raises(Forbidden):
        await register.proposed(number, "grant", member="nobody")

    await offices.done(draft)
    register.clock.forward(seconds=1)
    await register.proposed(number, "grant", member="nobody")
    with pytest.raises(Conflict, match="already"):
        await offices.proposed("ada", draft)

    held = await register.actor("nobody")
    await offices.done(role("nobody", Role.PROPOSER, withdraw=True))
    with pytest.raises(Forbidden):  # also with a token from before
        await register.acts.propose(held, DecisionDraft(number, "grant", "OK"), key="old token")
    with pytest.raises(Conflict, match="is not proposer"):
        await offices.proposed("ada", role("nobody", Role.PROPOSER, withdraw=True))


async def test_an_admin_makes_no_owner_of_another_authority(offices):
    with pytest.raises(Forbidden):
        await offices.proposed("ada", role("pema", Role.SCHEME_OWNER, authority=OWNER))
    await offices.done(role("pema", Role.SCHEME_OWNER))  # at the ministry, which owns no scheme

    with pytest.raises(Forbidden):
        await offices.proposed("pema", mandate())


async def test_two_who_administer_an_authority_stay(offices):
    for member in ("authority-admin-here", "abel"):
        draft = role(member, Role.AUTHORITY_ADMIN, withdraw=True)
        if member == "abel":
            with pytest.raises(Conflict, match="fewer than 2 persons"):
                await offices.proposed("ada", draft)
        else:
            await offices.done(draft)
