"""Assessments, findings and plans, for one request; only those of authorities whose files the reader may see."""

from collections.abc import Sequence

from registry.access.model import Actor
from registry.access.service import authorities_where
from registry.assessments import due, repository
from registry.assessments.model import READERS, Assessment, Due, Finding, SelfAssessment
from registry.database import ReadTx
from registry.loaders import Loader, Reader, loader


class AssessmentLoaders:
    """What resolvers load about assessments."""

    def __init__(self, reader: Reader, actor: Actor) -> None:
        self._by = actor
        self.assessments: Loader[str, Assessment] = loader(reader, self._assessments)
        self.findings: Loader[str, list[Finding]] = loader(reader, repository.findings)
        self.self_assessments: Loader[str, list[SelfAssessment]] = loader(reader, self._filed)
        self.due_of: Loader[str, list[Due]] = loader(reader, self._due_of)

    async def _assessments(self, tx: ReadTx, ids: Sequence[str]) -> dict[str, Assessment]:
        files = await authorities_where(tx, self._by, READERS)
        return {key: one for key, one in (await repository.by_ids(tx, ids)).items() if one.authority_id in files}

    async def _filed(self, tx: ReadTx, numbers: Sequence[str]) -> dict[str, list[SelfAssessment]]:
        files = await authorities_where(tx, self._by, READERS)
        found = await repository.filed(tx, numbers)
        return {number: [one for one in these if one.authority_id in files] for number, these in found.items()}

    async def _due_of(self, tx: ReadTx, numbers: Sequence[str]) -> dict[str, list[Due]]:
        files = await authorities_where(tx, self._by, READERS)
        found = await due.of_number(tx, numbers)
        return {number: [one for one in these if one.authority_id in files] for number, these in found.items()}
