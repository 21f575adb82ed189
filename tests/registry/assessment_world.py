"""Assessing in the register of `core_world`: its assessors, a scheme of two criteria, and the acts by short names."""

from datetime import timedelta

from core_world import LABOUR, LICENCE, OWNER, TRADE

from registry.access.model import Role
from registry.access.service import add_member, grant_role
from registry.assessments import repository
from registry.assessments.drafts import (
    AnswerDraft,
    ConclusionDraft,
    FindingDraft,
    FindingsDraft,
    OpeningDraft,
    PlanDraft,
    SelfAssessmentDraft,
)
from registry.assessments.model import Answer, Grade, Kind, Recommendation
from registry.schemes.service import scheme_with_criteria, store_scheme_change

FEES, PAPERS = "FEES", "PAPERS"
ASSESSORS = {  # id -> (client, roles)
    "sita": (False, [(LABOUR, Role.ASSESSOR)]),
    "three": (False, [(LABOUR, Role.ASSESSOR), (LABOUR, Role.PROPOSER), (LABOUR, Role.APPROVER)]),
    "robot": (True, [(LABOUR, Role.ASSESSOR)]),
    "elsewhere": (False, [(TRADE, Role.ASSESSOR)]),
}


class Bureau:
    """Acts of assessing in one register."""

    def __init__(self, register):
        self.register = register
        self.acts = register.app.state.services.assessments
        self.surveillance = register.app.state.services.surveillance

    async def found(self):
        """Appoint the assessors, and publish version 2 of the licence's criteria."""
        async with self.register.database.write() as tx:
            for member, (client, roles) in ASSESSORS.items():
                await add_member(tx, member, f"Name of {member}", client=client, now=self.register.clock())
                for authority, role in roles:
                    await grant_role(tx, authority, member, role)
        await self.publish("2")

    async def publish(self, version, *, required=False):
        """Another version of the licence's criteria."""
        criteria = [{"code": code, "title": f"About {code.lower()}"} for code in (FEES, PAPERS)]
        async with self.register.database.write() as tx:
            made = await scheme_with_criteria(
                tx, LICENCE, version=version, criteria=criteria, assessment_required=required
            )
            assert made.owner_id == OWNER
            await store_scheme_change(tx, made, now=self.register.clock())

    async def filed(self, number, member="rita", version="2", answers=None):
        answers = answers or [AnswerDraft(code, Answer.CONFORMS, "We do.") for code in (FEES, PAPERS)]
        draft = SelfAssessmentDraft(number, version, answers)
        return await self.acts.file(await self.register.actor(member), draft, key=self.register.key())

    async def opened(self, number, kind=Kind.INITIAL, assessor="sita", member="rita", **more):
        more = {"due_at": self.register.clock() + timedelta(days=30)} | more
        draft = OpeningDraft(number, kind, assessor, **more)
        return await self.acts.open(await self.register.actor(member), draft, key=self.register.key())

    async def recorded(self, assessment, member="sita", **grades):
        """Findings by code: a grade, or a finding."""
        findings = [
            one if isinstance(one, FindingDraft) else FindingDraft(code, one, "Seen.") for code, one in grades.items()
        ]
        draft = FindingsDraft(assessment, findings)
        return await self.acts.record(await self.register.actor(member), draft, key=self.register.key())

    async def concluded(self, assessment, recommendation=Recommendation.GRANT, member="sita"):
        draft = ConclusionDraft(assessment, recommendation, "All seen.")
        return await self.acts.conclude(await self.register.actor(member), draft, key=self.register.key())

    async def assessed(self, number, kind=Kind.INITIAL, recommendation=Recommendation.GRANT, assessor="sita", **more):
        """The id of an assessment that found nothing wrong."""
        assessment = await self.opened(number, kind, assessor, **more)
        await self.recorded(assessment, assessor, FEES=Grade.CONFORMS, PAPERS=Grade.OBSERVATION)
        return await self.concluded(assessment, recommendation, assessor)

    async def planned(self, number, member="rita", **more):
        return await self.surveillance.plan(
            await self.register.actor(member), PlanDraft(number, **more), key=self.register.key()
        )

    async def assessment(self, assessment):
        async with self.register.database.read() as tx:
            return (await repository.by_ids(tx, [assessment]))[assessment]
