"""Decisions that cite an assessment: what they carry, and why its assessor takes no part in them."""

import asyncio
import hashlib
from dataclasses import replace
from itertools import product

import pytest
from core_world import LICENCE, START
from sqlalchemy import select

from goodstanding.canonical import b64u
from goodstanding.transitions import TRANSITIONS, Standing
from registry.access.idempotency import plain
from registry.accreditations.drafts import DecisionDraft
from registry.accreditations.service import _stated
from registry.assessments.citing import need_assessed
from registry.assessments.model import Assessment, Kind, Recommendation
from registry.errors import Conflict, Forbidden, Invalid, NotFound
from registry.schemes.model import Scheme
from registry.tables import METADATA

SEEN = hashlib.sha256(b"a photograph").digest()
CITED = "query ($id: ID!) { proposal(id: $id) { act assessment } }"
SCHEME = "query ($id: ID!) { scheme(id: $id) { version assessmentRequired } }"


async def evidence_of(register, event_id):
    table = METADATA.tables["decisions"]
    async with register.database.read() as tx:
        return (await tx.execute(select(table.c.evidence).where(table.c.event_id == event_id))).scalar_one()


async def test_the_digest_of_what_is_cited_is_among_the_evidence_and_bound_by_the_proposal(bureau):
    register, number = bureau.register, await bureau.register.applied()
    assessment = await bureau.assessed(number)
    digest = (await bureau.assessment(assessment)).digest

    with_it, bound = await register.proposed(number, "grant", assessment=assessment, evidence=[SEEN])
    without, other = await register.proposed(number, "grant", evidence=[SEEN])
    assert bound != other
    assert (await register.ask(CITED, "anil", id=with_it))["proposal"] == {"act": "grant", "assessment": assessment}
    assert (await register.ask(CITED, "anil", id=without))["proposal"]["assessment"] is None

    event_id = await register.acts.approve(await register.actor("anil"), with_it, bound, key="yes")
    assert await evidence_of(register, event_id) == sorted([digest, b64u(SEEN)])
    await register.logged()
    assert all(digest not in repr(one.body) for one in register.log.events.values()), "evidence is not for everyone"


async def test_whoever_assessed_neither_proposes_nor_approves_what_cites_it(bureau):
    """`three` is assessor, proposer and approver: any of it, but not two of it about one decision."""
    register, number = bureau.register, await bureau.register.applied()
    assessment = await bureau.assessed(number, assessor="three")

    with pytest.raises(Forbidden) as refusal:
        await register.proposed(number, "grant", member="three", assessment=assessment)
    assert refusal.value.code == "IMPARTIALITY"
    proposal_id, digest = await register.proposed(number, "grant", assessment=assessment)
    before = await register.snapshot()
    with pytest.raises(Forbidden) as refusal:
        await register.acts.approve(await register.actor("three"), proposal_id, digest, key="1")
    assert refusal.value.code == "IMPARTIALITY"
    assert await register.snapshot() == before
    await register.acts.approve(await register.actor("anil"), proposal_id, digest, key="2")

    other = await register.applied()
    assert await register.proposed(other, "grant", member="three"), "nothing is cited that they assessed"


async def test_what_can_be_cited_is_concluded_counts_and_is_about_the_same_number(bureau):
    register, number = bureau.register, await bureau.register.applied()
    under_way = await bureau.opened(number)
    elsewhere = await bureau.assessed(await register.applied())

    with pytest.raises(Conflict) as refusal:
        await register.proposed(number, "grant", assessment=under_way)
    assert (refusal.value.code, refusal.value.blocked_by) == ("NOT_CONCLUDED", under_way)
    for unknown in (elsewhere, "asm_" + "0" * 32, "", "x" * 500):
        with pytest.raises(NotFound):
            await register.proposed(number, "grant", assessment=unknown)


async def test_what_was_superseded_after_the_proposal_is_not_approved(bureau):
    register, number = bureau.register, await bureau.register.applied()
    assessment = await bureau.assessed(number)
    proposal_id, digest = await register.proposed(number, "grant", assessment=assessment)
    newer = await bureau.opened(number, supersedes=assessment)

    with pytest.raises(Conflict) as refusal:
        await register.acts.approve(await register.actor("anil"), proposal_id, digest, key="1")
    assert (refusal.value.code, refusal.value.blocked_by) == ("NOT_CONCLUDED", newer)


@pytest.mark.both_backends
async def test_of_approving_and_superseding_at_once_one_wins(bureau):
    register, number = bureau.register, await bureau.register.applied()
    assessment = await bureau.assessed(number)
    proposal = await register.proposed(number, "grant", assessment=assessment)
    approving = register.acts.approve(await register.actor("anil"), *proposal, key="1")
    superseding = bureau.opened(number, supersedes=assessment)

    codes = [getattr(one, "code", None) for one in await asyncio.gather(approving, superseding, return_exceptions=True)]
    assert codes in ([None, "WRONG_STANDING"], ["NOT_CONCLUDED", None])


async def test_a_decision_that_takes_one_person_may_cite_too(bureau):
    register, number = bureau.register, await bureau.register.applied()
    assessment = await bureau.assessed(number, recommendation=Recommendation.REFUSE)
    event_id = await register.recorded(number, "defer", assessment=assessment)
    assert await evidence_of(register, event_id) == [(await bureau.assessment(assessment)).digest]


@pytest.mark.parametrize("act", ["grant", "grant_provisionally"])
async def test_criteria_may_say_that_nothing_is_granted_without_an_assessment(bureau, act):
    register, number = bureau.register, await bureau.register.applied()
    early = await bureau.assessed(number)
    await bureau.publish("3", required=True)
    assert await register.ask(SCHEME, id=LICENCE) == {"scheme": {"version": "3", "assessmentRequired": True}}

    for cites in (None, early):  # none, and one against criteria that are no longer in force
        with pytest.raises(Invalid) as refusal:
            await register.decided(number, act, assessment=cites)
        assert (refusal.value.code, refusal.value.field) == ("ASSESSMENT_NEEDED", "assessment")
    assessment = await bureau.assessed(number, supersedes=early)
    await register.decided(number, act, assessment=assessment)

    refused = await register.applied()
    await register.decided(refused, "refuse")  # to be refused takes no assessment
    if act == "grant_provisionally":
        register.clock.forward(seconds=1)
        await register.decided(number, "grant")


async def test_it_is_asked_again_at_the_approval(bureau):
    register, number = bureau.register, await bureau.register.applied()
    proposal_id, digest = await register.proposed(number, "grant")
    await bureau.publish("3", required=True)
    with pytest.raises(Invalid) as refusal:
        await register.acts.approve(await register.actor("anil"), proposal_id, digest, key="1")
    assert refusal.value.code == "ASSESSMENT_NEEDED"


async def test_who_publishes_criteria_says_whether_they_require_one(offices):
    propose = """mutation ($i: ProposeCriteriaInput!) { proposeCriteria(input: $i) {
      ... on ProposalDone { proposal { id digest content } } ... on DomainError { code message } } }"""
    given = {"scheme": LICENCE, "criteria": [{"code": "A", "title": "About a"}], "reason": "NEW"}
    for version, required in (("2", True), ("3", None)):
        more = {"version": version, "idempotencyKey": version, "assessmentRequired": required}
        made = (await offices.register.ask(propose, "olga", i=given | more))["proposeCriteria"]["proposal"]
        assert ("assessment_required" in made["content"]) == bool(required)
        await offices.approved("omar", made["id"], made["digest"])
        found = (await offices.register.ask(SCHEME, id=LICENCE))["scheme"]
        assert found == {"version": version, "assessmentRequired": bool(required)}


async def test_a_request_that_cites_nothing_is_the_request_it_was_before(bureau):
    draft = DecisionDraft("TEST-7K3M9QXR-23", "grant", "OK")
    assert _stated(draft) == {name: value for name, value in plain(draft).items() if name != "assessment"}
    cites = DecisionDraft("TEST-7K3M9QXR-23", "grant", "OK", assessment="asm_1")
    assert _stated(cites) == plain(cites)


async def test_a_special_assessment_admits_as_well(bureau):
    register, number = bureau.register, await bureau.register.applied()
    await bureau.publish("3", required=True)
    special = await bureau.assessed(number, Kind.SPECIAL)
    await register.decided(number, "grant", assessment=special)


def test_what_requires_an_assessment_and_what_admits():
    """Every act, standing and kind: only rows 5 and 6 from an application ask, and only these two kinds answer."""
    scheme = Scheme(LICENCE, "The licence", "3", "aut_council", assessment_required=True)
    for row, standing in product(TRANSITIONS, Standing):
        asks = row.act in ("grant", "grant_provisionally") and standing is Standing.APPLIED
        assert refused(scheme, row.act, standing, None) == asks
    for kind, version in product(Kind, ("2", "3")):
        found = Assessment("asm_", "TEST", "aut_labour", version, (), kind, "sita", START, START)
        admits = kind in (Kind.INITIAL, Kind.SPECIAL) and version == "3"
        assert refused(scheme, "grant", Standing.APPLIED, found) == (not admits)
    assert not refused(replace(scheme, assessment_required=False), "grant", Standing.APPLIED, None)


def refused(*case):
    try:
        need_assessed(*case)
    except Invalid:
        return True
    return False
