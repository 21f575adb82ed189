"""A ministry is merged into another one: who decides from then on, under which name, and who decided before."""

import json
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from administration_world import mandate, succession
from core_world import LABOUR, OWNER, TRADE
from statement_count import counted

from goodstanding.record import parse_record
from goodstanding.status_list import verify_status_list
from registry.access.model import Role
from registry.access.service import grant_role
from registry.accreditations.drafts import DecisionDraft
from registry.errors import Conflict, Forbidden, Invalid
from registry.schemes.model import DECIDING_ACTS

SEEN = """query ($n: String!) { accreditation(number: $n) { number authority { id } record
  standing { standing overlays { code } }
  decisions { edges { node { act authority { id } } } } scheme { mandates { succeeds { id } } } } }"""


class Merging:
    """Labour's mandate has ended, trade has one and two persons; neither has taken over yet."""

    def __init__(self, offices):
        self.offices, self.register = offices, offices.register

    async def seen(self, number):
        """(who decides, standing, what stands beside it, [(act, who decided)])."""
        found = (await self.register.ask(SEEN, n=number))["accreditation"]
        acts = [(edge["node"]["act"], edge["node"]["authority"]["id"]) for edge in found["decisions"]["edges"]]
        beside = [one["code"] for one in found["standing"]["overlays"]]
        return found["authority"]["id"], found["standing"]["standing"], beside, acts

    async def decided(self, number, act, **said):
        proposal = await self.register.proposed(number, act, member="trade-owner", **said)
        return await self.register.acts.approve(await self.register.actor("other"), *proposal, key=self.register.key())

    async def issuer(self, number):
        """Who issued the newest record, and the code of its entry in that one's status list."""
        self.register.clock.forward(seconds=1)
        found = (await self.register.ask(SEEN, n=number))["accreditation"]
        payload = parse_record(found["record"]).payload
        place = payload["status"]["status_list"]
        key = (await self.register.keys.status_signer()).public_jwk
        token = (await self.register.client.get(urlsplit(place["uri"]).path)).text
        listed = verify_status_list(token, uri=place["uri"], keys={key["kid"]: key}, now=self.register.clock())
        return payload["iss"].rpartition("/")[2], listed.list.get(place["idx"])


@pytest.fixture
async def merging(offices):
    async with offices.register.database.write() as tx:
        await grant_role(tx, TRADE, "trade-owner", Role.PROPOSER)
    return Merging(offices)


async def ended(merging, end="expired", since=None):
    """Labour's mandate ends, and trade's begins a minute later; the id of trade's."""
    await merging.offices.end(end, since)
    merging.register.clock.forward(minutes=1)
    await merging.offices.done(mandate(acts=DECIDING_ACTS, valid_from=merging.register.clock()))
    (made,) = await merging.offices.mandates(TRADE)
    return made


@pytest.mark.both_backends
async def test_the_successor_acts_on_what_the_predecessor_decided_and_issues_the_next_generation(merging):
    register = merging.register
    number = await register.granted()
    await register.logged()
    made = await ended(merging)
    await merging.offices.done(succession(made))
    await register.logged()

    assert await merging.seen(number) == (TRADE, "ACTIVE", [], [("apply", LABOUR), ("grant", LABOUR)])
    assert await merging.issuer(number) == (LABOUR, 0)  # the generation in force keeps its issuer
    with pytest.raises(Forbidden, match=TRADE):
        await register.proposed(number, "suspend", measure="preventive")

    measure = await merging.decided(number, "suspend", measure="preventive")
    assert await merging.issuer(number) == (LABOUR, 2)
    await merging.decided(number, "end_suspension", closes=measure)
    register.clock.forward(seconds=1)
    await merging.decided(number, "change_scope")
    await register.logged()
    assert await merging.issuer(number) == (TRADE, 0)
    who, standing, _, acts = await merging.seen(number)
    assert (who, standing) == (TRADE, "ACTIVE")
    assert acts[2:] == [("suspend", TRADE), ("end_suspension", TRADE), ("change_scope", TRADE)]


async def test_accreditations_are_held_before_status_lists_as_by_every_other_act(merging):
    await merging.register.granted()
    await merging.register.logged()
    made = await ended(merging)

    with counted(merging.register.database) as statements:
        await merging.offices.done(succession(made))

    held = [
        next(at for at, one in enumerate(statements) if name in one)
        for name in ("UPDATE accreditations", "status_lists")
    ]
    assert held == sorted(held)


async def test_it_is_an_event_of_the_scheme_owner_and_what_it_hands_over_is_of_that_scheme_alone(merging):
    register = merging.register
    other = await register.applied(scheme="sch_standard")
    number = await register.granted()
    made = await ended(merging)
    await merging.offices.done(succession(made))

    rows = sorted(await merging.offices.rows("events"), key=lambda row: row.seq)
    mandates = [json.loads(row.body) for row in rows if row.kind == "mandate"]
    assert (mandates[-1]["authority"], mandates[-1]["data"]["succeeds"]) == (OWNER, [LABOUR])
    found = (await register.ask(SEEN, "rita", n=other))["accreditation"]
    assert found["authority"]["id"] == LABOUR
    shown = (await register.ask(SEEN, "other", n=number))["accreditation"]["scheme"]["mandates"]
    assert [[one["id"] for one in entry["succeeds"]] for entry in shown] == [[], [LABOUR]]


async def test_doubt_about_the_predecessor_goes_with_what_it_decided_and_with_nothing_else(merging):
    register, lost = merging.register, merging.register.clock()
    register.clock.forward(days=1)
    number = await register.granted()
    await register.logged()
    register.clock.forward(minutes=5)
    made = await ended(merging, "key_compromised", lost)
    own = await merging.offices.register.organisation(name="Their own")
    await merging.offices.done(succession(made))
    register.clock.forward(minutes=5)
    await merging.decided(number, "change_scope")
    await register.logged()

    assert await merging.issuer(number) == (TRADE, 3)  # a stolen key may have written the grant
    assert (await merging.seen(number))[2] == ["ISSUER_SUSPECT"]
    fresh = await register.applied_at(TRADE, "other", own)
    await merging.decided(fresh, "grant")
    await register.logged()
    assert await merging.issuer(fresh) == (TRADE, 0)
    assert (await merging.seen(fresh))[2] == []


async def test_a_withdrawn_predecessor_is_believed_again_with_its_successor(merging):
    number = await merging.register.granted()
    await merging.register.logged()
    made = await ended(merging, "withdrawn")
    await merging.register.logged()
    await merging.offices.done(succession(made))
    assert (await merging.seen(number))[2] == ["ISSUER_SUSPECT"]  # until it is logged
    await merging.register.logged()

    assert (await merging.seen(number))[2] == []
    assert await merging.issuer(number) == (LABOUR, 0)


async def test_a_proposal_from_before_is_made_again_by_the_successors_persons(merging):
    register = merging.register
    number = await register.granted()
    before = await register.proposed(number, "suspend", measure="preventive")
    await merging.offices.done(succession(await ended(merging)))

    with pytest.raises(Conflict, match="taken over") as refusal:
        await register.acts.approve(await register.actor("anil"), *before, key="late")
    assert refusal.value.code == "TAKEN_OVER"


async def test_nobody_takes_over_from_whom_may_still_act_or_twice_or_into_a_clash(merging):
    register, offices = merging.register, merging.offices
    organisation = await register.organisation()
    number = await register.applied(by=organisation)
    await offices.done(mandate(acts=DECIDING_ACTS, valid_from=register.clock()))
    (made,) = await offices.mandates(TRADE)
    for draft, refusal, code in (
        (succession(made), Conflict, "MANDATE_EXISTS"),
        (succession(made, TRADE), Invalid, None),
        (succession(made, "aut_nobody"), Invalid, None),
        (succession(made, "x" * 200_000), Invalid, None),
    ):
        with pytest.raises(refusal) as refused:
            await offices.proposed("olga", draft)
        assert code in (None, refused.value.code)

    await offices.end("expired")
    twice = await register.applied_at(TRADE, "other", organisation)
    with pytest.raises(Conflict, match="as well") as clash:
        await offices.proposed("olga", succession(made))
    assert clash.value.blocked_by == number
    await register.acts.record(
        await register.actor("other"), DecisionDraft(twice, "withdraw_application", "GONE"), key=register.key()
    )
    await offices.done(succession(made))
    with pytest.raises(Conflict, match="already"):
        await offices.proposed("olga", succession(made))
    await offices.end("expired", mandate=made)
    with pytest.raises(Conflict, match="not current"):
        await offices.proposed("olga", succession(made))


async def test_what_the_predecessor_decided_is_erased_by_the_successors_persons(merging):
    register = merging.register
    number = await register.granted()
    await register.logged()
    await merging.offices.done(succession(await ended(merging)))
    await register.logged()
    async with register.database.write() as tx:
        for member in ("other", "pema"):
            await grant_role(tx, TRADE, member, Role.AUTHORITY_ADMIN)
    events = [row.event_id for row in await merging.offices.rows("events") if row.number == number]

    with pytest.raises(Forbidden, match=TRADE):
        await register.erasures.request(await register.actor("ada"), events, "Why", key="1")
    asked = await register.erasures.request(await register.actor("other"), events, "Why", key="1")
    await register.erasures.approve(await register.actor("pema"), asked, key="1")
    await register.logged()
    assert len(register.log.erasures) == 1


async def test_what_was_known_before_the_take_over_is_answered_as_it_was(merging):
    register = merging.register
    number = await register.granted()
    await register.logged()
    made = await ended(merging)
    await merging.offices.done(succession(made))
    await register.logged()
    before = register.clock().isoformat()
    register.clock.forward(minutes=1)
    await merging.offices.end("withdrawn", register.clock() - timedelta(seconds=1), mandate=made)
    await register.logged()

    assert (await merging.seen(number))[2] == ["ISSUER_SUSPECT"]  # the successor vouches for it now
    query = "query ($n: String!, $k: DateTime) { accreditation(number: $n) { standing(knownAt: $k) { overlays { code } } } }"
    assert (await register.ask(query, n=number, k=before))["accreditation"]["standing"]["overlays"] == []
