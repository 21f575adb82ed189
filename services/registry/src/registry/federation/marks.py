"""Trust marks of organisations: which are issued, and what has become of one (OpenID Federation 1.0, sections 7 and 8).

Rules
1. No proof, no mark: only an accreditation whose generation in force has a released record gets one, while its status
   list says 0. Suspicion of its issuer and an overdue list stand in that list, so they count here too.
2. A mark ends at the latest with the record, after 7 days, and at the next instant at which something changes by itself.
3. Every mark carries the delegation of the scheme's owner, also where the owner issues it itself.
4. What has become of a mark is what its status list says now: 0 active, 1 revoked, 2 suspended. 3, nothing can be
   concluded, is told as suspended: the mark does not count now, and may count again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from goodstanding.clock import Clock
from goodstanding.jws import max_bytes_of, read_jws
from goodstanding.standing import Decision, boundaries
from goodstanding.status_list import TYP as LIST_TYP
from goodstanding.status_list import StatusList
from goodstanding.trust_mark import TrustMark
from registry.clock import not_before
from registry.database import Database
from registry.federation import repository, statements
from registry.federation.model import Accredited, Names, Signed
from registry.federation.tokens import SignedTokens
from registry.issuance import ledger
from registry.issuance.lists import StatusLists
from registry.issuance.records import logged_generation

ACTIVE, EXPIRED, INVALID = "active", "expired", "invalid"
OF_CODES: Final = {0: ACTIVE, 1: "revoked", 2: "suspended", 3: "suspended"}


@dataclass(frozen=True, slots=True)
class Marks:
    """The trust marks of this register."""

    database: Database
    tokens: SignedTokens
    lists: StatusLists
    clock: Clock
    names: Names

    async def of(self, organisation_id: str, authority_id: str | None = None) -> dict[str, Signed]:
        """By type: the marks of an organisation, of one authority or of all; made where they are absent."""
        now = self.clock()
        async with self.database.read() as tx:
            found = await repository.accredited(tx, now, authority=authority_id, organisation=organisation_id)
            found = [one for one in found if self.names.federates(one.number)]
            owners = {
                one.authority_id: await repository.owners_above(tx, one.authority_id, now) for one in found
            }  # at most 16
            histories = await ledger.history(tx, [one.number for one in found])
        marks = {}
        for one in found:
            owner = owners[one.authority_id].get(one.scheme_id)
            if owner is not None and (mark := await self._mark(one, owner, histories, now)) is not None:
                marks[self.names.mark_type(one.scheme_id)] = mark
        return marks

    async def issued(self, authority_id: str, scheme_id: str | None) -> set[str]:
        """The organisations with a mark of this authority that was issued and counts now, at most 10,000."""
        async with self.database.read() as tx:
            marked = await repository.marked(tx, authority_id, scheme_id, self.clock())
        lists = {list_id: await self._codes(list_id) for list_id in {list_id for _, list_id, _ in marked}}
        return {one for one, list_id, idx in marked if _code(lists[list_id], idx) == 0}

    async def status(self, mark: TrustMark) -> str:
        """What has become of a mark that this register signed (rule 4)."""
        if mark.exp <= self.clock():
            return EXPIRED
        uri, idx = mark.status or ("", 0)
        code = _code(await self._codes(uri.rpartition("/")[2]), idx)
        return INVALID if code is None else OF_CODES[code]

    async def _mark(
        self, one: Accredited, owner: str, histories: Mapping[str, Sequence[Decision]], now: datetime
    ) -> Signed | None:
        """Rules 1 to 3."""
        history = histories[one.number]
        at = not_before(history, now)
        in_force = logged_generation(history, at)
        ends = min([one.exp, *(turn for turn in boundaries(history) if turn > at)])
        good = in_force is not None and in_force[0].event_id == one.event_id and in_force[1] == 0
        if not good or ends <= now.replace(microsecond=0) or _code(await self._codes(one.list_id), one.idx) != 0:
            return None
        delegation = await self.tokens.current(
            statements.of_delegation(self.names, owner, one.authority_id, one.scheme_id)
        )
        uri = f"{self.names.origin}/status-lists/{one.list_id}"
        return await self.tokens.current(statements.of_mark(self.names, one, uri, delegation.token, ends))

    async def _codes(self, list_id: str) -> StatusList | None:
        """What the status list says that is served now; None where there is no such list."""
        if (signed := await self.lists.current(list_id)) is None:
            return None
        payload = read_jws(signed.token.decode(), max_bytes=max_bytes_of(LIST_TYP)).payload
        return StatusList.decode(payload["status_list"]["lst"])


def _code(codes: StatusList | None, idx: int) -> int | None:
    return codes.get(idx) if codes is not None and 0 <= idx < len(codes) else None
