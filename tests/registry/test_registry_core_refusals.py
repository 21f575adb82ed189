"""Bad input: each a typed error that says what was wrong, and a database without a trace of it."""

from datetime import timedelta

import pytest
from core_world import LABOUR, LICENCE, OWNER, STANDARD, START, TRADE
from test_registry_core_walk import APPLY, APPROVE, PROPOSE, REGISTER, REJECT

from goodstanding.number import make_number

UNKNOWN = make_number("TEST", "ZZZZZZZZ")
LONG = "x" * 200_000


async def refused(register, mutation, member, given, **expected):
    """Send input that is refused; the database must be exactly as before."""
    await register.keys.token_signer()
    before = await register.snapshot()
    given = {"idempotencyKey": register.key()} | given
    (result,) = (await register.ask(mutation, member, input=given)).values()
    assert await register.snapshot() == before
    assert expected.items() <= result.items(), result
    assert result["message"].endswith(".")
    assert len(result["message"]) > 20
    return result


FROM_APPLIED = ["defer", "refuse", "withdraw_application", "grant_provisionally", "grant", "correct"]
PROPOSALS = [
    ({"act": "suspend"}, {"__typename": "NotAllowed", "allowedActs": FROM_APPLIED}),
    ({"act": "apply"}, {"__typename": "NotAllowed", "allowedActs": FROM_APPLIED}),
    ({"act": "abolish"}, {"__typename": "NotAllowed", "allowedActs": FROM_APPLIED}),
    ({"act": LONG[:10_000]}, {"__typename": "NotAllowed", "allowedActs": FROM_APPLIED}),
    ({"number": UNKNOWN}, {"__typename": "NotFound", "code": "UNKNOWN_NUMBER"}),
    ({"number": "TEST-ZZZZZZZZ-00"}, {"__typename": "Invalid", "code": "BAD_NUMBER", "field": "number"}),
    ({"number": LONG}, {"__typename": "Invalid", "code": "BAD_NUMBER", "field": "number"}),
    ({"reason": "two words"}, {"__typename": "Invalid", "field": "reason"}),
    ({"reason": ""}, {"__typename": "Invalid", "field": "reason"}),
    ({"closes": "0197c000-0000-7000-8000-000000000001"}, {"__typename": "Invalid", "field": "closes"}),
    ({"corrects": ["0197c000-0000-7000-8000-000000000001"]}, {"__typename": "Invalid", "field": "corrects"}),
    ({"suspensive": True}, {"__typename": "Invalid", "field": "suspensive"}),
    ({"measure": "preventive"}, {"__typename": "Invalid", "field": "measure"}),
    ({"effectiveUntil": "2026-06-01T00:00:00Z"}, {"__typename": "Invalid", "field": "effectiveUntil"}),
    ({"effectiveFrom": "2026-05-01T00:00:00Z"}, {"__typename": "Invalid", "code": "RETROACTIVE"}),
    ({"validFrom": "2026-06-02", "validUntil": "2026-06-01"}, {"__typename": "Invalid", "field": "validUntil"}),
    ({"validUntil": "2026-05-03"}, {"__typename": "Invalid", "field": "validUntil"}),
    ({"publicText": "x" * 1025}, {"__typename": "Invalid", "field": "publicText"}),
    ({"publicText": LONG}, {"__typename": "Invalid", "field": "publicText"}),
    ({"publicText": "all\u0000clear"}, {"__typename": "Invalid", "field": "publicText"}),
    ({"publicText": "right \u202e to left"}, {"__typename": "Invalid", "field": "publicText"}),
    ({"legalBasis": "x" * 401}, {"__typename": "Invalid", "field": "legalBasis"}),
    ({"restrictedText": "x" * 20_001}, {"__typename": "Invalid", "field": "restrictedText"}),
    ({"restrictedText": "a\u0000b"}, {"__typename": "Invalid", "field": "restrictedText"}),
    ({"evidence": ["c2hvcnQ="]}, {"__typename": "Invalid", "field": "evidence[0]"}),
    ({"scope": {"activities": ["x" * 121]}}, {"__typename": "Invalid", "field": "scope.activities[0]"}),
    ({"scope": {"activities": ["w"] * 101}}, {"__typename": "Invalid", "field": "scope.activities"}),
    (
        {"scope": {"corridors": [{"origin": "Nepal", "destination": "QA"}]}},
        {"__typename": "Invalid", "field": "scope.corridors[0].origin"},
    ),
    ({"conditions": [{"code": "no code!", "text": "t"}]}, {"__typename": "Invalid", "field": "conditions[0].code"}),
    ({"conditions": [{"code": "C", "text": "t"}] * 51}, {"__typename": "Invalid", "field": "conditions"}),
    ({"conditions": [{"code": f"C{n}", "text": "t" * 1000} for n in range(12)]}, {"__typename": "Invalid"}),
    ({"idempotencyKey": ""}, {"__typename": "Invalid", "field": "idempotencyKey"}),
    ({"idempotencyKey": "k" * 201}, {"__typename": "Invalid", "field": "idempotencyKey"}),
]


async def test_proposals_that_cannot_be(register):
    number = await register.applied()

    for given, expected in PROPOSALS:
        await refused(register, PROPOSE, "pema", {"number": number, "act": "grant", "reason": "OK"} | given, **expected)


async def test_a_proposal_by_somebody_without_the_role(register):
    number = await register.applied()
    given = {"number": number, "act": "grant", "reason": "OK"}

    await refused(register, PROPOSE, None, given, __typename="Forbidden", code="NOT_SIGNED_IN")
    for member in ("anil", "rita", "other"):
        await refused(register, PROPOSE, member, given, __typename="Forbidden", code="ROLE_NEEDED")


async def test_a_role_withdrawn_after_the_token_was_issued_is_gone(register):
    number = await register.applied()
    token = await register.token("pema")
    async with register.database.write() as tx:
        await tx.exec_driver_sql("DELETE FROM member_roles WHERE member_id = 'pema'")

    given = {"idempotencyKey": "k", "number": number, "act": "grant", "reason": "OK"}
    response = await register.client.post(
        "/graphql",
        json={"query": PROPOSE, "variables": {"input": given}},
        headers={"Authorization": f"Bearer {token}"},
    )

    assert response.json()["data"]["proposeDecision"]["code"] == "ROLE_NEEDED"


async def test_an_act_outside_the_mandate(register):
    number = await register.applied(scheme=STANDARD)
    register.clock.forward(seconds=1)
    await register.decided(number, "grant")
    register.clock.forward(seconds=1)

    given = {"number": number, "act": "suspend", "reason": "OK"}
    result = await refused(register, PROPOSE, "pema", given, __typename="Forbidden", code="NO_MANDATE")

    assert "covers only apply, grant" in result["message"]


async def test_a_mandate_that_ended_before_the_approval(register):
    number = await register.applied()
    register.clock.forward(days=399)
    proposal_id, digest = await register.proposed(number, "grant")
    register.clock.forward(days=2)

    given = {"proposal": proposal_id, "digest": digest}
    await refused(register, APPROVE, "anil", given, __typename="Forbidden", code="NO_MANDATE")


STRANGERS = [
    (None, {"__typename": "Forbidden", "code": "NOT_SIGNED_IN"}),
    ("pema", {"__typename": "Forbidden", "code": "FOUR_EYES"}),
    ("rita", {"__typename": "Forbidden", "code": "ROLE_NEEDED"}),
    ("hr-key", {"__typename": "Forbidden", "code": "PERSON_NEEDED"}),
    ("other", {"__typename": "NotFound"}),
]


async def test_a_proposal_decided_by_somebody_who_may_not(register):
    number = await register.applied()
    proposal_id, digest = await register.proposed(number, "grant")

    for member, expected in STRANGERS:
        await refused(register, APPROVE, member, {"proposal": proposal_id, "digest": digest}, **expected)
        await refused(register, REJECT, member, {"proposal": proposal_id, "reason": "no"}, **expected)


@pytest.mark.parametrize("mutation", [APPROVE, REJECT], ids=["approve", "reject"])
async def test_whoever_proposed_does_not_decide(register, mutation):
    number = await register.applied()
    proposal_id, digest = await register.proposed(number, "grant", member="both")

    how = {"digest": digest} if mutation is APPROVE else {"reason": "no"}
    given = {"proposal": proposal_id} | how
    await refused(register, mutation, "both", given, __typename="Forbidden", code="FOUR_EYES")


async def test_a_digest_of_something_else(register):
    number = await register.applied()
    proposal_id, _ = await register.proposed(number, "grant")
    _, other = await register.proposed(number, "grant", reason="ANOTHER")

    given = {"proposal": proposal_id, "digest": other}
    await refused(register, APPROVE, "anil", given, __typename="Conflict", code="STALE_DIGEST")


async def test_a_proposal_that_expired(register):
    number = await register.applied()
    proposal_id, digest = await register.proposed(number, "grant")
    register.clock.forward(days=14)

    given = {"proposal": proposal_id, "digest": digest}
    await refused(register, APPROVE, "anil", given, __typename="Conflict", code="PROPOSAL_EXPIRED")
    state = await register.ask("query ($id: ID!) { proposal(id: $id) { state } }", "anil", id=proposal_id)
    assert state == {"proposal": {"state": "EXPIRED"}}


async def test_a_proposal_whose_effect_passed_while_it_waited(register):
    number = await register.applied()
    proposal_id, digest = await register.proposed(number, "grant", effective_from=START + timedelta(days=1))
    register.clock.forward(days=2)

    given = {"proposal": proposal_id, "digest": digest}
    await refused(register, APPROVE, "anil", given, __typename="Invalid", code="RETROACTIVE")


async def test_a_proposal_that_another_decision_has_made_impossible(register):
    number = await register.applied()
    register.clock.forward(seconds=1)
    first, second = await register.proposed(number, "grant"), await register.proposed(number, "grant", reason="AGAIN")
    await register.acts.approve(await register.actor("anil"), *first, key=register.key())
    register.clock.forward(seconds=1)

    given = {"proposal": second[0], "digest": second[1]}
    result = await refused(register, APPROVE, "anil", given, __typename="NotAllowed")

    assert result["allowedActs"] == [
        "impose_conditions", "change_scope", "suspend", "give_notice", "revoke", "surrender", "terminate", "merge",
        "split", "correct", "renew", "continue_renewal", "lodge_appeal",
    ]  # fmt: skip


async def test_an_unknown_proposal(register):
    for proposal in ("prp_" + "0" * 32, "prp_x", "", "x\u0000", LONG):
        await refused(register, APPROVE, "anil", {"proposal": proposal, "digest": "d"}, __typename="NotFound")


async def test_ending_a_suspension_without_saying_which(register):
    number = await register.granted()
    event_id = await register.decided(number, "suspend")
    register.clock.forward(seconds=1)

    given = {"number": number, "act": "end suspension", "reason": "OK"}
    result = await refused(register, PROPOSE, "pema", given, __typename="Invalid", field="closes")

    assert event_id in result["message"]


async def test_the_same_key_with_other_input(register):
    number = await register.applied()
    given = {"idempotencyKey": "same", "number": number, "act": "grant", "reason": "ONE"}
    await register.ask(PROPOSE, "pema", input=given)

    await refused(register, PROPOSE, "pema", given | {"reason": "TWO"}, __typename="Conflict", code="KEY_REUSED")


APPLICATIONS = [
    ({"organisation": "org_" + "0" * 32}, {"__typename": "NotFound"}),
    ({"organisation": "nobody\u0000"}, {"__typename": "NotFound"}),
    ({"authority": "aut_nowhere"}, {"__typename": "NotFound"}),
    ({"scheme": "sch_nothing"}, {"__typename": "NotFound"}),
    ({"authority": TRADE}, {"__typename": "Forbidden", "code": "ROLE_NEEDED"}),
    ({"authority": OWNER}, {"__typename": "Forbidden", "code": "ROLE_NEEDED"}),
    ({"scope": {"corridors": [{"origin": "NP", "destination": ""}]}}, {"__typename": "Invalid"}),
    ({"scope": {"sectors": ["care\u202e"]}}, {"__typename": "Invalid", "field": "scope.sectors[0]"}),
]


async def test_applications_that_cannot_be(register):
    organisation = await register.organisation()

    for given, expected in APPLICATIONS:
        application = {"organisation": organisation, "authority": LABOUR, "scheme": LICENCE, "scope": {}}
        await refused(register, APPLY, "rita", application | given, **expected)


async def test_an_application_without_a_mandate(register):
    organisation = await register.organisation()

    application = {"organisation": organisation, "authority": TRADE, "scheme": LICENCE, "scope": {}}
    await refused(register, APPLY, "other", application, __typename="Forbidden", code="NO_MANDATE")


async def test_a_second_application_beside_an_open_one(register):
    organisation = await register.organisation()
    application = {"organisation": organisation, "authority": LABOUR, "scheme": LICENCE, "scope": {}}
    first = await register.ask(APPLY, "rita", input=application | {"idempotencyKey": "first"})
    number = first["applyForAccreditation"]["accreditation"]["number"]

    await refused(register, APPLY, "rita", application, __typename="Conflict", code="ALREADY_OPEN", blockedBy=number)


ORGANISATIONS = [
    ({"names": []}, "names"),
    ({"names": [{"text": "Kestrel", "kind": "trading"}]}, "names"),
    ({"names": [{"text": "Kestrel", "kind": "nickname"}]}, "names[0]"),
    ({"names": [{"text": "", "kind": "legal"}]}, "names[0]"),
    ({"names": [{"text": "Kes\u0000trel", "kind": "legal"}]}, "names[0].text"),
    ({"names": [{"text": "Kestrel\n", "kind": "legal"}]}, "names[0].text"),
    ({"names": [{"text": "Kes\u202etrel", "kind": "legal"}]}, "names[0].text"),
    ({"names": [{"text": "Kes\u200btrel", "kind": "legal"}]}, "names[0].text"),
    ({"names": [{"text": LONG, "kind": "legal"}]}, "names[0]"),
    ({"names": [{"text": "Kestrel", "kind": "legal", "script": "Cyrl"}]}, "names[0].script"),
    ({"names": [{"text": f"Kestrel {n}", "kind": "legal"} for n in range(21)]}, "names"),
    ({"names": [{"text": f"{n}" * 590, "kind": "legal"} for n in range(10, 21)]}, None),
    ({"names": [{"text": "Kеstrel", "kind": "legal"}]}, "names[0].text"),  # a Cyrillic е
    ({"names": [{"text": "Kestrel", "kind": "legal", "validFrom": "2026-02-01", "validUntil": "2026-01-31"}]},
     "names[0].validUntil"),
    ({"jurisdiction": "Nepal"}, "jurisdiction"),
    ({"identifiers": [{"scheme": "lei", "value": "5493001KJTIIGC8Y1R13"}]}, "identifiers[0].value"),
    ({"identifiers": [{"scheme": "in-gstin", "value": "27AAPFU0939F1ZW"}]}, "identifiers[0].value"),
    ({"identifiers": [{"scheme": "two words", "value": "1"}]}, "identifiers[0]"),
    ({"identifiers": [{"scheme": "np", "value": "1\u0000"}]}, "identifiers[0].value"),
    ({"domains": ["localhost"]}, "domains[0]"),
    ({"domains": ["https://example.com"]}, "domains[0]"),
    ({"domains": ["-bad-.example"]}, "domains[0]"),
    ({"domains": ["a" * 64 + ".example"]}, "domains[0]"),
    ({"domains": ["10.0.0.1"]}, "domains[0]"),
]  # fmt: skip


async def test_organisations_that_cannot_be(register):
    for given, field in ORGANISATIONS:
        draft = {"kind": "RECRUITER", "jurisdiction": "NP", "names": [{"text": "Kestrel", "kind": "legal"}]}
        result = await refused(register, REGISTER, "rita", draft | given, __typename="Invalid")
        assert (result["field"] or "").startswith(field or ""), result


@pytest.mark.parametrize(("member", "code"), [(None, "NOT_SIGNED_IN"), ("anil", "ROLE_NEEDED")])
async def test_an_organisation_registered_by_somebody_who_may_not(register, member, code):
    draft = {"kind": "EMPLOYER", "jurisdiction": "NP", "names": [{"text": "Kestrel", "kind": "legal"}]}

    await refused(register, REGISTER, member, draft, __typename="Forbidden", code=code)
