"""A reader who holds a record, and asks the status list that it names."""

from datetime import timedelta

from breaker import Death
from facts import Probe
from fault_house import House
from invariants import GOOD
from sqlalchemy import select
from sqlmodel import col
from write_points import Meets

from goodstanding.status_list import verify_status_list
from registry.accreditations import events
from registry.issuance.tables import KeyRow

ATTEMPTS = 5


class ListReader:
    """`probes` is what the reader was told."""

    def __init__(self, house: House) -> None:
        self.probes: list[Probe] = []
        self._house = house

    async def read(self, number: str) -> None:
        """Look the number up in the status list that its record names, as whoever holds the record does."""
        self._house.clock.forward(timedelta(seconds=1))
        asked = self._house.clock().timestamp()
        uri, idx = await self._place(number)
        for _ in range(ATTEMPTS):
            try:
                answer = await self._house.parts.door.get(uri)
            except Death:
                await self._house.crash()
                continue
            if answer.status_code == 200:
                code = (await self._verified(answer.text, uri)).get(idx)
                self.probes.append(Probe(number, asked, GOOD if code == 0 else f"code {code}"))
                return
            self._house.met[Meets.READER] += 1
            self._house.clock.forward(timedelta(seconds=1))
        raise AssertionError(f"the status list of {number} was asked for {ATTEMPTS} times in vain")

    async def _place(self, number: str) -> tuple[str, int]:
        """Where the record's status is; from the registry's ledger, because the record may not be out yet."""
        async with self._house.parts.database.read() as tx:
            decisions = (await events.decisions_of(tx, [number]))[number]
        status = next(decision.body["status"] for decision in decisions if "status" in decision.body)
        return status["uri"], status["idx"]

    async def _verified(self, token: str, uri: str):
        async with self._house.parts.database.read() as tx:
            keys = await tx.execute(select(col(KeyRow.kid), col(KeyRow.jwk)).where(col(KeyRow.role) == "status"))
            known = {row.kid: row.jwk for row in keys}
        return verify_status_list(token, uri=uri, keys=known, now=self._house.clock()).list
