"""Every role and every kind of restricted data: who reads what, and which reads are noted; a matrix made from the table."""

import itertools

import pytest
from administration_world import OFFICIALS
from core_world import LABOUR, START, TRADE
from sqlalchemy import insert

from registry.access.model import STAFF, Role
from registry.access.reading import RESTRICTED, Kind, readers
from registry.access.service import add_member, grant_role
from registry.assessments.drafts import AnswerDraft, SelfAssessmentDraft
from registry.assessments.model import Answer
from registry.people.model import Draft
from registry.signals.drafts import ReportDraft
from registry.signals.model import Kind as SignalKind
from registry.tables import METADATA

READS = {  # a query for each kind, and where in the answer the data is
    Kind.UNLOGGED: ("query ($applied: String!) { it: accreditation(number: $applied) { number } }", lambda d: d["it"]),
    Kind.PROPOSALS: (
        "query ($proposal: ID!) { proposal(id: $proposal) { id } node(id: $proposal) { id } proposals { edges { cursor } } }",
        lambda d: d["proposal"] or d["node"] or d["proposals"]["edges"],
    ),
    Kind.LISTS: ("query ($list: ID!) { it: snapshot(id: $list) { id } }", lambda d: d["it"]),
    Kind.ERASURES: ("query ($erasure: ID!) { it: erasure(id: $erasure) { id } }", lambda d: d["it"]),
    Kind.PEOPLE: (
        "query ($one: ID!) { it: organisation(id: $one) { people { name } } }", lambda d: d["it"]["people"],
    ),
    Kind.ASSESSMENTS: (
        "query ($applied: String!) { selfAssessments(number: $applied) { id } }", lambda d: d["selfAssessments"],
    ),
    Kind.SIGNALS: (
        "query ($fee: ID!) { it: signal(id: $fee) { report { text } } }", lambda d: d["it"] and d["it"]["report"],
    ),
    Kind.SIGNALS_OF_ABUSE: (
        "query ($abuse: ID!) { it: signal(id: $abuse) { report { text } } }", lambda d: d["it"] and d["it"]["report"],
    ),
    Kind.REPORTERS: ("query ($fee: ID!) { it: signalReporter(signal: $fee) { name } }", lambda d: d["it"]),
    Kind.RESTRICTED_TEXTS: (
        "query ($granted: String!) { it: accreditation(number: $granted) { decisions { edges { node { restrictedText } } } } }",
        lambda d: any(edge["node"]["restrictedText"] for edge in d["it"]["decisions"]["edges"]),
    ),
    Kind.SUSPECTED_SUCCESSORS: (
        "query ($one: ID!) { it: organisation(id: $one) { relations { id } } }", lambda d: d["it"]["relations"],
    ),
    Kind.ACCESS_LOG: (
        'query { it: accessLog(authorityId: "aut_labour") { edges { cursor } } }', lambda d: d["it"] is not None,
    ),
}  # fmt: skip
PUBLIC = "query ($granted: String!) { it: accreditation(number: $granted) { standing { standing } decisions { edges { node { act } } } } }"


class Files:
    """A register with something restricted of every kind at the labour office."""

    def __init__(self, offices):
        self.register = offices.register
        self.variables = {}

    async def fill(self):
        register = self.register
        async with register.database.write() as tx:
            await add_member(tx, "elsewhere", "Everything, at another authority", now=START)
            for role in set(Role) - {Role.REGULATOR}:
                await grant_role(tx, TRADE, "elsewhere", role)
            await add_member(tx, "regulator-elsewhere", "A regulator of another authority", now=START)
            await grant_role(tx, TRADE, "regulator-elsewhere", Role.REGULATOR)
            row = {"id": "snp_" + "0" * 32, "authority_id": LABOUR, "layout": "x", "basis": "feed", "file_name": "x",
                   "file_hash": "x", "state": "STAGED", "uploaded_by": "pema", "uploaded_at": START}  # fmt: skip
            await tx.execute(insert(METADATA.tables["snapshots"]).values(**row))
        granted = await register.granted(restricted_text="Seen by the inspector.")
        one, other = await register.organisation("One"), await register.organisation("Other")
        await register.related(one, "suspected-successor-of", other, member="regulator-here")
        await register.people.add(await register.actor("rita"), Draft(one, "Sita Tamang", "licensee"), key="person")
        await register.logged()
        event = next(row[1] for row in (await register.snapshot())["events"] if row[2] == "organisation")
        erasure = await register.erasures.request(await register.actor("ada"), [event], "By order", key="erasure")
        applied = await register.applied(name="Applicant")
        rita, offices = await register.actor("rita"), register.app.state.services
        answers = [AnswerDraft("NO-FEES", Answer.CONFORMS)]
        await offices.assessments.file(rita, SelfAssessmentDraft(applied, "1", answers), key="filed")
        for name, about in (("fee", SignalKind.FEE_DEMANDED), ("abuse", SignalKind.SEXUAL_EXPLOITATION_OR_ABUSE)):
            draft = ReportDraft(about, "What happened", one, name="Maya Gurung")
            self.variables[name] = await offices.signals.report(rita, draft, key=name)
        register.clock.forward(seconds=1)
        proposal, _ = await register.proposed(applied, "grant")
        self.variables |= {"applied": applied, "granted": granted, "one": one, "erasure": erasure, "proposal": proposal,
                          "list": row["id"]}  # fmt: skip

    async def read(self, kind, member):
        """Whether a member is shown data of a kind."""
        query, there = READS[kind]
        given = {name: value for name, value in self.variables.items() if f"${name}:" in query}
        answer = (await self.register.post(query, member, **given)).json()
        codes = {error["extensions"]["code"] for error in answer.get("errors", ())}
        assert codes <= {"ROLE_NEEDED", "NOT_SIGNED_IN", "NOT_FOUND"}
        return bool(there(answer["data"]))

    async def noted(self, since):
        rows = (await self.register.snapshot())["access_log"]
        return {(row[5], row[1], row[6]) for row in rows[since:]}, len(rows)


@pytest.fixture
async def files(offices):
    made = Files(offices)
    await made.fill()
    return made


async def test_every_role_and_every_kind_of_restricted_data(files):
    wrong, since = {}, 0
    for kind, role in itertools.product(Kind, Role):
        member = f"{role}-here"
        got = await files.read(kind, member)
        if got is not (role in readers(kind)):
            wrong[str(kind), str(role)] = got
        notes, since = await files.noted(since)
        noted = (
            {(str(kind), member, LABOUR)}
            if got and next(one for one in RESTRICTED if one.kind is kind).noted
            else set()
        )
        if notes != noted:
            wrong[str(kind), str(role), "notes"] = notes
    assert wrong == {}


async def test_the_public_a_subscriber_and_staff_of_another_authority_see_what_everybody_sees(files):
    public = await files.register.ask(PUBLIC, granted=files.variables["granted"])
    assert public["it"]["standing"]["standing"] == "ACTIVE"

    for member in (None, "nobody", "subscriber-here", "elsewhere"):
        assert not [kind for kind in Kind if await files.read(kind, member)], member
        assert await files.register.ask(PUBLIC, member, granted=files.variables["granted"]) == public
    seen = [kind for kind in Kind if await files.read(kind, "regulator-elsewhere")]
    assert seen == [Kind.SUSPECTED_SUCCESSORS], "whoever succeeds somebody elsewhere does so to get away"


def test_the_table_is_whole_and_every_role_has_somebody_in_the_matrices():
    assert [one.kind for one in RESTRICTED] == list(Kind) == list(READS)
    assert {f"{role}-here" for role in Role} <= set(OFFICIALS)
    opened = set().union(*(one.readers for one in RESTRICTED))
    assert opened == set(Role) - {Role.SUBSCRIBER}, "a subscriber reads what everybody reads"
    assert {Role.REGULATOR, Role.SUBSCRIBER}.isdisjoint(STAFF)
