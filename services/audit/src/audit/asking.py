"""One round of questions to several witnesses at once, and what each of them said in time."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from audit import witness_wire as wire
from audit.errors import AuditError
from audit.reader import Snapshot
from audit.witness_client import Answer, At, Cosigned, Refused, Silent, ask
from goodstanding.note import Note
from goodstanding.policy import Witness


@dataclass(frozen=True, slots=True)
class Heard:
    """What one witness said, the size it says it has cosigned, and after how many seconds: None for never."""

    witness: Witness
    answer: Answer
    size: int | None
    seconds: float | None

    @property
    def trouble(self) -> str:
        """Why there is no cosignature, empty when there is one."""
        match self.answer:
            case Cosigned():
                return ""
            case At(size):
                return f"it has cosigned size {size}, and not this checkpoint"
            case Refused(why) | Silent(why):
                return why


async def ask_all(
    client: httpx.AsyncClient, snapshot: Snapshot, from_sizes: Mapping[Witness, int], wait: float
) -> list[Heard]:
    """Ask each witness to cosign what goes on from its size, and stop listening after `wait` seconds."""
    tasks = {asyncio.create_task(_ask(client, witness, snapshot, old)): witness for witness, old in from_sizes.items()}
    try:
        done, _ = await asyncio.wait(tasks, timeout=wait)
        silent = Silent(f"it did not answer within {wait:g} s")
        return [
            task.result() if task in done else Heard(witness, silent, None, None) for task, witness in tasks.items()
        ]
    finally:
        for task in tasks:
            task.cancel()


async def _ask(client: httpx.AsyncClient, witness: Witness, snapshot: Snapshot, old: int) -> Heard:
    """Ask one witness, once more where it has cosigned another size than we knew."""
    begun = asyncio.get_running_loop().time()
    size, said = snapshot.checkpoint.size, None
    answer = await _once(client, witness, snapshot, old)
    if isinstance(answer, At):
        said = answer.size
        if old != said <= size:
            answer = await _once(client, witness, snapshot, said)
    said = size if isinstance(answer, Cosigned) else answer.size if isinstance(answer, At) else said
    seconds = asyncio.get_running_loop().time() - begun
    return Heard(witness, answer, said, None if isinstance(answer, Silent) else seconds)


async def _once(client: httpx.AsyncClient, witness: Witness, snapshot: Snapshot, old: int) -> Answer:
    try:
        extends = 0 < old < snapshot.checkpoint.size
        proof = await asyncio.to_thread(snapshot.consistency, old, None) if extends else []
    except (AuditError, OSError) as error:
        return Refused(f"it was not asked: {error}")
    body = wire.request(old, proof, snapshot.note)
    return await ask(client, witness, body, Note.parse(snapshot.note).text)
