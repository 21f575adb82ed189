"""Assessments: what the applicant says, what the assessor finds, what may be recommended, and who reads it."""

import asyncio
import json
from datetime import timedelta

import pytest
from assessment_world import FEES, PAPERS
from core_world import LABOUR, STANDARD, code_of, opaque
from sqlalchemy.exc import IntegrityError

from goodstanding.standing import fold
from registry.access.model import Role
from registry.access.repository import delete_role
from registry.access.service import add_member, grant_role
from registry.assessments import enums, model
from registry.assessments.drafts import AnswerDraft, FindingDraft
from registry.assessments.model import Answer, Grade, Kind, Recommendation, State
from registry.errors import Conflict, Invalid, NotFound
from registry.issuance import ledger
from registry.tables import METADATA

SECRET = "The owner's cousin signs the receipts"
ALL_WELL = {FEES: Grade.CONFORMS, PAPERS: Grade.CONFORMS}
OPEN = """mutation ($i: OpenAssessmentInput!) { openAssessment(input: $i) { __typename
  ... on AssessmentDone { assessment { id state assessor criteria criteriaVersion overdue accreditation { number } } }
  ... on DomainError { code message } } }"""
RECORD = """mutation ($i: RecordFindingsInput!) { recordFindings(input: $i) { __typename
  ... on AssessmentDone { assessment { findings { criterion grade text closed } } } ... on DomainError { code message } } }"""
CONCLUDE = """mutation ($i: ConcludeAssessmentInput!) { concludeAssessment(input: $i) { __typename
  ... on AssessmentDone { assessment { state recommendation summary digest } } ... on DomainError { code message } } }"""
SUBMIT = """mutation ($i: SubmitSelfAssessmentInput!) { submitSelfAssessment(input: $i) { __typename
  ... on SelfAssessmentDone { selfAssessment } ... on DomainError { code message } } }"""
FILED = """query ($n: String!) { selfAssessments(number: $n) {
  criteriaVersion answers { criterion answer statement evidence } } }"""
ONE = "query ($id: ID!) { assessment(id: $id) { state summary findings { text } } }"
LIST = """query ($a: ID!, $f: AssessmentFilter, $first: Int, $after: String) {
  assessments(authorityId: $a, filter: $f, first: $first, after: $after) {
    edges { cursor node { id } } pageInfo { hasNextPage } } }"""


async def history(register, number):
    async with register.database.read() as tx:
        return (await ledger.history(tx, [number]))[number]


# --- what the applicant says


async def test_an_applicant_answers_every_criterion_of_the_version_in_force(bureau):
    register, number = bureau.register, await bureau.register.applied()
    answers = [
        {"criterion": FEES, "answer": "PARTLY", "statement": SECRET},
        {"criterion": PAPERS, "answer": "CONFORMS"},
    ]
    given = {"idempotencyKey": "1", "number": number, "criteriaVersion": "2", "answers": answers}

    done = (await register.ask(SUBMIT, "rita", i=given))["submitSelfAssessment"]
    assert done["selfAssessment"].startswith("sas_")
    assert (await register.ask(SUBMIT, "rita", i=given))["submitSelfAssessment"] == done, "repeating it changes nothing"

    await bureau.publish("3")
    kept = (await register.ask(FILED, "anil", n=number))["selfAssessments"]
    assert kept == [
        {
            "criteriaVersion": "2",
            "answers": [
                {"criterion": FEES, "answer": "PARTLY", "statement": SECRET, "evidence": []},
                {"criterion": PAPERS, "answer": "CONFORMS", "statement": "", "evidence": []},
            ],
        }
    ]
    for outsider in (None, "other"):
        assert (await register.ask(FILED, outsider, n=number))["selfAssessments"] == []


async def test_answers_that_do_not_fit_the_criteria(bureau):
    number = await bureau.register.applied()
    before = await bureau.register.snapshot()
    for named, version, field, code in (
        ([FEES], "2", "answers", "INVALID"),
        ([FEES, FEES, PAPERS], "2", "answers[1].criterion", "INVALID"),
        ([FEES, "NO-FEES"], "2", "answers[1].criterion", "INVALID"),
        ([FEES, PAPERS], "1", None, "STALE_CRITERIA"),
    ):
        with pytest.raises((Invalid, Conflict)) as refusal:
            await bureau.filed(number, version=version, answers=[AnswerDraft(one, Answer.CONFORMS) for one in named])
        assert (getattr(refusal.value, "field", None), refusal.value.code) == (field, code)
    assert await bureau.register.snapshot() == before


async def test_an_applicant_assesses_itself_while_an_application_is_open(bureau):
    number = await bureau.register.granted()
    assert await code_of(bureau.filed(number)) == "WRONG_STANDING"


async def test_texts_are_bounded_and_no_refusal_repeats_them(bureau):
    number = await bureau.register.applied()
    for draft in (
        AnswerDraft(FEES, Answer.PARTLY, SECRET + "x" * 9_000),
        AnswerDraft(FEES, Answer.PARTLY, SECRET + "\x00"),
        AnswerDraft(FEES, Answer.PARTLY, SECRET, [b"short"]),
    ):
        with pytest.raises(Invalid) as refusal:
            await bureau.filed(number, answers=[draft])
        assert SECRET not in refusal.value.message


# --- what the assessor finds


async def test_from_opening_to_a_recommendation(bureau):
    register, number = bureau.register, await bureau.register.applied()
    due = (register.clock() + timedelta(days=30)).isoformat()
    given = {"idempotencyKey": "1", "number": number, "kind": "INITIAL", "assessor": "sita", "dueAt": due}
    opened = (await register.ask(OPEN, "pema", i=given))["openAssessment"]["assessment"]
    assessment = opened.pop("id")
    assert opened == {
        "state": "OPEN", "assessor": "sita", "criteria": [FEES, PAPERS], "criteriaVersion": "2", "overdue": False,
        "accreditation": {"number": number},
    }  # fmt: skip

    async def record(key, **finding):
        given = {"idempotencyKey": key, "assessment": assessment, "findings": [finding]}
        return (await register.ask(RECORD, "sita", i=given))["recordFindings"]

    async def conclude(key, recommendation):
        given = {"idempotencyKey": key, "assessment": assessment, "recommendation": recommendation, "summary": SECRET}
        return (await register.ask(CONCLUDE, "sita", i=given))["concludeAssessment"]

    await record("2", criterion=FEES, grade="MAJOR_NONCONFORMITY", text=SECRET)
    assert (await conclude("3", "REFUSE"))["code"] == "FINDINGS_MISSING"
    await record("4", criterion=PAPERS, grade="CONFORMS")
    assert (await conclude("5", "GRANT"))["code"] == "MAJOR_NONCONFORMITY_OPEN"
    assert (await conclude("6", "MAINTAIN"))["code"] == "INVALID", "nothing is maintained on an application"
    done = await record("7", criterion=FEES, grade="MAJOR_NONCONFORMITY", text="Paid back", closed=True)
    assert done["assessment"]["findings"] == [
        {"criterion": FEES, "grade": "MAJOR_NONCONFORMITY", "text": "Paid back", "closed": True},
        {"criterion": PAPERS, "grade": "CONFORMS", "text": "", "closed": False},
    ]
    concluded = (await conclude("8", "GRANT"))["assessment"]
    assert (concluded["state"], concluded["recommendation"], concluded["summary"]) == ("CONCLUDED", "GRANT", SECRET)
    assert len(concluded["digest"]) == 44

    kept = await register.snapshot()
    assert (await record("9", criterion=FEES, grade="CONFORMS"))["code"] == "ASSESSMENT_CLOSED"
    assert (await conclude("10", "REFUSE"))["code"] == "ASSESSMENT_CLOSED"
    assert await register.snapshot() == kept, "a concluded assessment stays as it is"


def test_what_findings_bear():
    """Every kind, every recommendation, over a nonconformity that is open."""
    finding = {"criterion": FEES, "text": "", "evidence": (), "recorded_at": None}
    major = [model.Finding(grade=Grade.MAJOR_NONCONFORMITY, closed=False, **finding)]
    refused = {}
    for kind, terms in model.TERMS.items():
        about = model.Assessment("asm_", "TEST", LABOUR, "2", (FEES,), kind, "sita", None, None)
        for one in terms.recommendations:
            try:
                model.need_conclusive(about, major, one)
            except Conflict:
                refused.setdefault(kind, set()).add(one)
    assert refused == {kind: terms.recommendations & model.FAVOURABLE for kind, terms in model.TERMS.items()}
    assert all(terms.recommendations - model.FAVOURABLE for terms in model.TERMS.values()), "something can be said"


async def test_findings_that_cannot_be(bureau):
    assessment = await bureau.opened(await bureau.register.applied())
    for finding, field in (
        (FindingDraft("OTHER", Grade.CONFORMS), "findings[0].criterion"),
        (FindingDraft(FEES, Grade.MINOR_NONCONFORMITY), "findings[0].text"),
        (FindingDraft(FEES, Grade.OBSERVATION, "Seen", closed=True), "findings[0].closed"),
        (FindingDraft(FEES, Grade.CONFORMS, evidence=[b"no hash"]), "findings[0].evidence[0]"),
    ):
        with pytest.raises(Invalid) as refusal:
            await bureau.recorded(assessment, FEES=finding)
        assert refusal.value.field == field


@pytest.mark.both_backends
async def test_one_of_a_kind_is_under_way_and_another_supersedes_it(bureau):
    number = await bureau.register.applied()
    outcomes = await asyncio.gather(*(code_of(bureau.opened(number)) for _ in range(3)))
    assert sorted(map(str, outcomes)) == ["None", "UNDER_WAY", "UNDER_WAY"]

    special = await bureau.opened(number, Kind.SPECIAL)
    second = await bureau.opened(number, Kind.SPECIAL, "three", supersedes=special)
    assert await code_of(bureau.recorded(special, **ALL_WELL)) == "ASSESSMENT_CLOSED"
    await bureau.recorded(second, "three", **ALL_WELL)
    await bureau.concluded(second, Recommendation.MAINTAIN, "three")
    concluded = await bureau.assessment(second)
    third = await bureau.opened(number, Kind.SPECIAL, supersedes=second)

    kept = await bureau.assessment(second)
    assert (kept.state, kept.superseded_by, kept.digest) == (State.SUPERSEDED, third, concluded.digest)
    for wrong, code in ((special, "ALREADY_SUPERSEDED"), ("asm_" + "0" * 32, "NOT_FOUND"), ("x", "NOT_FOUND")):
        assert await code_of(bureau.opened(number, Kind.SPECIAL, supersedes=wrong)) == code


async def test_the_database_keeps_conclusions_whole(bureau):
    assessment = await bureau.opened(await bureau.register.applied())
    table = METADATA.tables["assessments"]
    with pytest.raises(IntegrityError):
        async with bureau.register.database.write() as tx:
            await tx.execute(table.update().where(table.c.id == assessment).values(recommendation="GRANT"))


async def test_an_assessor_is_a_person_with_the_role_at_the_authority(bureau):
    number = await bureau.register.applied()
    for assessor in ("robot", "elsewhere", "rita", "nobody"):
        with pytest.raises(Invalid) as refusal:
            await bureau.opened(number, assessor=assessor)
        assert refusal.value.field == "assessor"


async def test_only_the_assessor_it_was_given_to_writes_it_and_only_while_in_the_role(bureau):
    register, assessment = bureau.register, await bureau.opened(await bureau.register.applied())

    assert await code_of(bureau.recorded(assessment, "three", **ALL_WELL)) == "NOT_ASSIGNED"
    assert await code_of(bureau.recorded(assessment, "robot", **ALL_WELL)) == "PERSON_NEEDED"
    assert await code_of(bureau.recorded(assessment, "elsewhere", **ALL_WELL)) == "NOT_FOUND"
    actor = await register.actor("sita")
    async with register.database.write() as tx:
        await delete_role(tx, LABOUR, "sita", Role.ASSESSOR)
    register.actor = lambda _: asyncio.sleep(0, actor)  # a token from before
    assert await code_of(bureau.recorded(assessment, **ALL_WELL)) == "ROLE_NEEDED"


async def test_a_kind_fits_how_the_accreditation_stands(bureau):
    applied, granted = await bureau.register.applied(), await bureau.register.granted()
    for number, kinds in ((applied, {Kind.INITIAL, Kind.SPECIAL}), (granted, set(Kind) - {Kind.INITIAL})):
        opened = {kind for kind in Kind if await code_of(bureau.opened(number, kind)) is None}
        assert opened == kinds
    late = bureau.register.clock() - timedelta(days=1)
    assert await code_of(bureau.opened(applied, due_at=late)) == "INVALID"


# --- every role and every act


async def test_every_role_and_every_act(bureau):
    """The matrix: who may do what, and nobody else; each with one role at the authority."""
    register = bureau.register
    async with register.database.write() as tx:
        for role in Role:
            await add_member(tx, f"the-{role}", f"The {role}", now=register.clock())
            await grant_role(tx, LABOUR, f"the-{role}", role)
    assessor = f"the-{Role.ASSESSOR}"
    applied, live = await register.applied(), await register.granted()
    recorded = await bureau.opened(await register.applied(), assessor=assessor)
    concluded = await bureau.opened(await register.applied(), assessor=assessor)
    await bureau.recorded(concluded, assessor, **ALL_WELL)
    acts = {
        "file": lambda member: bureau.filed(applied, member),
        "open": lambda member: bureau.opened(applied, member=member),
        "record": lambda member: bureau.recorded(recorded, member, **ALL_WELL),
        "conclude": lambda member: bureau.concluded(concluded, member=member),
        "plan": lambda member: bureau.planned(live, member, every_days=365),
    }
    clerks = {Role.REGISTRAR, Role.PROPOSER}
    expected = {"file": clerks, "open": clerks, "plan": clerks, "record": {Role.ASSESSOR}, "conclude": {Role.ASSESSOR}}
    outcomes = {name: {role: await code_of(act(f"the-{role}")) for role in Role} for name, act in acts.items()}
    done = {name: {role for role, code in row.items() if code in (None, "UNDER_WAY")} for name, row in outcomes.items()}

    assert done == expected
    refused = {code for row in outcomes.values() for code in row.values()} - {None, "UNDER_WAY"}
    assert refused == {"ROLE_NEEDED", "NOT_FOUND"}, "who looks on does not even learn that there is one"


async def test_who_reads_assessments(bureau):
    register, number = bureau.register, await bureau.register.applied()
    assessment = await bureau.opened(number)
    await bureau.recorded(assessment, FEES=FindingDraft(FEES, Grade.OBSERVATION, SECRET))
    regulator = await register.regulator()

    for member in ("sita", "anil", regulator):
        (finding,) = (await register.ask(ONE, member, id=assessment))["assessment"]["findings"]
        assert finding["text"] == SECRET
        edges = (await register.ask(LIST, member, a=LABOUR))["assessments"]["edges"]
        assert [edge["node"]["id"] for edge in edges] == [assessment]
    for member in (None, "other"):
        assert (await register.ask(ONE, member, id=assessment))["assessment"] is None
        (error,) = await register.errors(LIST, member, a=LABOUR)
        assert error["extensions"]["code"] in ("NOT_SIGNED_IN", "ROLE_NEEDED")


async def test_a_list_of_assessments_is_paged_and_narrowed(bureau):
    register = bureau.register
    first = await bureau.opened(await register.applied())
    register.clock.forward(seconds=1)
    second = await bureau.opened(await register.applied())
    register.clock.forward(seconds=1)
    done = await bureau.assessed(await register.applied())

    async def ids(after=None, first=None, **wanted):
        found = (await register.ask(LIST, "rita", a=LABOUR, f=wanted, first=first, after=after))["assessments"]
        return [edge["node"]["id"] for edge in found["edges"]], found["pageInfo"]["hasNextPage"]

    assert await ids(first=2) == ([first, second], True)
    assert await ids(after=opaque(second)) == ([done], False)
    assert await ids(state="CONCLUDED") == ([done], False)
    assert await ids(kind="RENEWAL") == ([], False)
    assert await ids(number=(await bureau.assessment(first)).number) == ([first], False)


async def test_assessing_writes_no_event_and_changes_no_standing(bureau):
    register = bureau.register
    number = await register.applied()
    before, events = await history(register, number), (await register.snapshot())["events"]
    await bureau.filed(number, answers=[AnswerDraft(one, Answer.PARTLY, SECRET) for one in (FEES, PAPERS)])
    assessment = await bureau.opened(number)
    findings = {code: FindingDraft(code, Grade.MAJOR_NONCONFORMITY, SECRET) for code in (FEES, PAPERS)}
    await bureau.recorded(assessment, **findings)
    await bureau.concluded(assessment, Recommendation.REFUSE)
    register.clock.forward(days=400)
    await register.logged()

    assert len((await register.snapshot())["events"]) == len(events)
    assert fold(await history(register, number), register.clock()) == fold(before, register.clock())
    assert SECRET not in json.dumps([repr(one.body) for one in register.log.events.values()])


async def test_erasing_a_decision_erases_what_was_assessed(bureau):
    register = bureau.register
    await register.admins()
    number = await register.applied()
    await bureau.filed(number)
    await bureau.assessed(number)
    event_id = await register.decided(number, "grant")
    await bureau.planned(number, every_days=100)
    await register.logged()
    await register.erased(event_id)
    await register.logged()

    rows = await register.snapshot()
    for table in ("self_assessments", "assessments", "assessment_findings", "surveillance"):
        assert rows[table] == [], table


async def test_a_scheme_without_criteria_cannot_be_assessed(bureau):
    table = METADATA.tables["schemes"]
    async with bureau.register.database.write() as tx:
        await tx.execute(table.update().where(table.c.id == STANDARD).values(criteria=[]))
    number = await bureau.register.applied(scheme=STANDARD)
    assert await code_of(bureau.opened(number)) == "NO_CRITERIA"


def test_the_enumerations_are_those_of_the_model():
    for public, ours in (
        (enums.AssessmentKind, Kind), (enums.AssessmentState, State), (enums.SelfAssessmentAnswer, Answer),
        (enums.FindingGrade, Grade), (enums.Recommendation, Recommendation),
    ):  # fmt: skip
        assert [one.name for one in public] == [one.name for one in ours]


async def test_nobody_learns_of_an_unknown_one(bureau):
    for unknown in ("asm_" + "0" * 32, "", "x" * 500):
        with pytest.raises(NotFound):
            await bureau.recorded(unknown, **ALL_WELL)
        with pytest.raises(NotFound):
            await bureau.concluded(unknown)
