"""Cosignatures of outside witnesses: asked for before a checkpoint is published, and afterwards where they came late.

1. All witnesses are asked at once, and nobody is waited for longer than `wait`. The checkpoint is published in any
   case, with whatever cosignatures there are: what lowers trust never waits for a witness.
2. A witness that did not answer in time is not waited for again until it has; it is asked beside the sequencer.
3. What counts is the signature of a key in the policy that verifies; names and keys nobody knows are ignored.
4. A witness that has cosigned more entries than the database holds shows that the database is a restored backup:
   nothing is signed any more, because going on would fork the log. It is asked before the first signature of a start.
5. Cosignatures that come late join the published checkpoint. The note kept as a size's first stays what readers saw.
"""

import asyncio
from collections.abc import Sequence
from functools import cached_property

import httpx
import structlog
from sqlalchemy.exc import SQLAlchemyError

from audit import witness_memory as memory
from audit.asking import Heard, ask_all
from audit.database import Database
from audit.errors import AuditError, LogStopped
from audit.publication import CHECKPOINT, Publication
from audit.reader import Snapshot
from audit.store import Store
from audit.waiting import first_of
from audit.witness_client import Cosigned, askable
from goodstanding.note import Note, Signature
from goodstanding.policy import MAX_OF_A_KIND, Policy, Witness

WAIT_SECONDS = 2.0
"""How long a publication waits for witnesses, unless set otherwise."""

LATE_SECONDS = 5.0
"""Time between two rounds to the witnesses whose cosignature is missing."""

LATE_WAIT_SECONDS = 10.0
"""How long such a round waits."""

CLIENT_SECONDS = 30.0
"""Longest life of a question to a witness; whoever asks stops listening earlier."""

CLIENT_LIMITS = httpx.Limits(max_connections=2 * MAX_OF_A_KIND, max_keepalive_connections=MAX_OF_A_KIND)

_log = structlog.get_logger("audit.cosigning")


class Cosigning:
    """Collects cosignatures of the witnesses a policy gives addresses for. LogError for an address that is none."""

    def __init__(
        self,
        policy: Policy | None,
        *,
        database: Database,
        store: Store,
        publication: Publication,
        wait: float = WAIT_SECONDS,
    ) -> None:
        self.policy = policy
        self.troubles: dict[str, str] = {}  # witness -> why its newest cosignature is missing
        self._witnesses = askable(policy)
        self._late: set[Witness] = set()
        self._database = database
        self._store = store
        self._publication = publication
        self._wait = wait

    @cached_property
    def _client(self) -> httpx.AsyncClient:
        """Made when there is a witness to ask: it reads whom this machine trusts."""
        return httpx.AsyncClient(timeout=CLIENT_SECONDS, limits=CLIENT_LIMITS, trust_env=False)

    async def close(self) -> None:
        """Close the connections to witnesses."""
        if "_client" in self.__dict__:
            await self._client.aclose()

    async def probe(self) -> None:
        """Ask whether a witness has seen more than the database holds (rule 4); LogStopped if so."""
        if self._witnesses:
            note = await asyncio.to_thread(self._publication.current_or_empty)
            snapshot = Snapshot(self._store, note)
            heard = await self._round(self._witnesses, snapshot, self._wait, probing=True)
            await self._forbid_fork(heard)

    async def cosigned(self, note: bytes) -> bytes:
        """Return a note about to be published with the cosignatures it gets; LogStopped (rule 4), Unavailable."""
        prompt = [witness for witness in self._witnesses if witness not in self._late]
        if not prompt:
            return note
        snapshot = Snapshot(self._store, note)
        heard = await self._round(prompt, snapshot, self._wait)
        await self._forbid_fork(heard)
        new, said = self._publication.with_lines(note, _lines(heard)), _said(heard)
        if said or new != note:
            async with self._database.write() as tx:
                await memory.remember(tx, said)
                if new != note:
                    await memory.replace_note(tx, snapshot.checkpoint.size, note, new)
        return new

    async def run(self, stop: asyncio.Event) -> None:
        """Look for what is missing every `LATE_SECONDS` until `stop` is set."""
        while self._witnesses and not stop.is_set():
            try:
                await self.late()
            except (AuditError, OSError, SQLAlchemyError) as error:
                _log.warning("witnesses could not be asked", why=str(getattr(error, "orig", error)))
            await first_of(stop, seconds=LATE_SECONDS)

    async def late(self) -> int:
        """Add what is missing under the published checkpoint (rule 5); return how many lines came.

        Raises LogStopped (rule 4), after which nothing is signed, Unavailable and OSError.
        """
        note = await asyncio.to_thread(self._store.read, CHECKPOINT)
        missing = [] if note is None else self.missing(note)
        if note is None or not missing:
            return 0
        snapshot = Snapshot(self._store, note)
        heard = await self._round(missing, snapshot, LATE_WAIT_SECONDS)
        async with self._publication.lock:
            await self._forbid_fork(heard)
            if said := _said(heard):
                async with self._database.write() as tx:
                    await memory.remember(tx, said)
            if not (lines := _lines(heard)):
                return 0
            added = await asyncio.to_thread(self._publication.add, Note.parse(note).text, lines)
        return len(lines) if added else 0

    def missing(self, note: bytes) -> list[Witness]:
        """The witnesses that can be asked and have not cosigned a note."""
        signed = {(line.name, line.key_id) for line in Note.parse(note).signatures}
        return [each for each in self._witnesses if (each.key.name, each.key.key_id) not in signed]

    async def _round(
        self, witnesses: Sequence[Witness], snapshot: Snapshot, wait: float, *, probing: bool = False
    ) -> list[Heard]:
        """Ask these witnesses at once; a probe asks from the size itself, which needs no proof."""
        async with self._database.read() as tx:
            known = await memory.sizes(tx)
        size = snapshot.checkpoint.size
        from_sizes = {
            witness: size if probing else min(known.get(witness.key.public_key, 0), size) for witness in witnesses
        }
        heard = await ask_all(self._client, snapshot, from_sizes, wait)
        for each in heard:
            in_time = each.seconds is not None and each.seconds <= self._wait
            (self._late.discard if in_time else self._late.add)(each.witness)
        if not probing:
            self._tell(heard)
        return heard

    def _tell(self, heard: Sequence[Heard]) -> None:
        for each in heard:
            name, why = ascii(each.witness.name)[1:-1], each.trouble
            if self.troubles.get(name, "") != why:
                _log.warning("a witness", name=name, trouble=why or None)
            self.troubles[name] = why

    async def _forbid_fork(self, heard: Sequence[Heard]) -> None:
        """Rule 4."""
        async with self._database.read() as tx:
            ours = await memory.tree_size(tx)
        for each in heard:
            if each.size is not None and each.size > ours:
                why = (
                    f"the database ends at size {ours}, but the witness {each.witness.name!a} has cosigned size "
                    f"{each.size}: the database was restored from an older backup. Going on would fork the log. "
                    "Restore a newer backup; if the witness is wrong, take it out of the policy"
                )
                self._publication.halt(why)
                raise LogStopped(why)


def _said(heard: Sequence[Heard]) -> dict[bytes, int]:
    return {each.witness.key.public_key: each.size for each in heard if each.size is not None}


def _lines(heard: Sequence[Heard]) -> list[Signature]:
    return [each.answer.line for each in heard if isinstance(each.answer, Cosigned)]
