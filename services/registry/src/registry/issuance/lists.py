"""Signed status lists: made on request, once for all who ask, and kept until a code changes or the token nears its end.

Rules
1. A token is stored before it is shown; the stored bytes are what everyone gets.
2. It is made anew when the list's version has changed, at its ``exp``, or shortly before where only age ends it.
3. ``exp`` ≤ ``iat`` + lifetime and ≤ the next instant at which any entry changes by itself. Instants that have passed
   without the due worker acting on them are acted on first: a dead worker makes no list wrong.
4. Building a list happens in a thread, from one view of the database.
5. While an authority is suspect, or its list overdue, what it says is good cannot be concluded: 3 instead of 0, decided
   as the list is built.
"""

import asyncio
import gzip
from dataclasses import dataclass, replace
from datetime import datetime
from weakref import WeakValueDictionary

from goodstanding.clock import Clock
from goodstanding.keys import Signer
from goodstanding.mandates import next_turn
from goodstanding.status_list import StatusList, sign_status_list, status_list_payload
from goodstanding.verdict import ISSUER_SUSPECT
from registry.clock import moment
from registry.database import Database, ReadTx
from registry.issuance import publication, repository
from registry.issuance.doubt import doubted_entries
from registry.issuance.errors import ListBetweenTimes
from registry.issuance.keys import KeyStore
from registry.issuance.ledger import batches
from registry.issuance.overdue import overdue_entries
from registry.issuance.policy import Policy
from registry.issuance.repository import ListContent, ListState
from registry.schemes import repository as schemes

KEPT = 64  # tokens kept in memory, 150 KB each at most
RENEW_BEFORE = 2  # times the ttl: who keeps a token for its ttl never keeps an expired one


@dataclass(frozen=True, slots=True)
class SignedList:
    """A status list token as it is served."""

    token: bytes
    zipped: bytes  # the same, gzip
    state: ListState


class StatusLists:
    """The registry's status lists, signed when needed."""

    def __init__(self, database: Database, keys: KeyStore, policy: Policy, clock: Clock) -> None:
        self._database = database
        self._keys = keys
        self._policy = policy
        self._clock = clock
        self._kept: dict[str, SignedList] = {}  # oldest first
        self._signing: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def current(self, list_id: str) -> SignedList | None:
        """The list as it must be served now; None when there is no such list. ListBetweenTimes, KeyRefused."""
        async with self._database.read() as tx:
            state = await repository.list_state(tx, list_id)
        if state is None:
            return None
        if self._serves(state):
            return await self._load(list_id, state)
        lock = self._signing.setdefault(list_id, asyncio.Lock())
        async with lock:  # whoever waited here finds the work done
            async with self._database.read() as tx:
                state = await repository.list_state(tx, list_id) or state
            return await (self._load(list_id, state) if self._serves(state) else self._sign(list_id))

    def _serves(self, state: ListState) -> bool:
        """Rule 2."""
        if state.signed_version != state.version or state.iat is None or state.exp is None:
            return False
        aged = state.exp - state.iat == self._policy.list_lifetime
        end = state.exp - RENEW_BEFORE * self._policy.list_ttl if aged else state.exp
        return self._clock() < end

    async def _load(self, list_id: str, state: ListState) -> SignedList:
        kept = self._kept.get(list_id)
        if kept is None or (kept.state.signed_version, kept.state.iat) != (state.signed_version, state.iat):
            async with self._database.read() as tx:
                token, state = await repository.list_token(tx, list_id)
            kept = self._keep(list_id, await asyncio.to_thread(_served, token, state))
        return kept

    def _keep(self, list_id: str, signed: SignedList) -> SignedList:
        self._kept.pop(list_id, None)
        self._kept[list_id] = signed
        if len(self._kept) > KEPT:
            self._kept.pop(next(iter(self._kept)))
        return signed

    async def _sign(self, list_id: str) -> SignedList:
        now = moment(self._clock)
        await self._catch_up(list_id, now)
        async with self._database.read() as tx:
            content = await self._content(tx, list_id, now)
        iat = now.replace(microsecond=0)
        exp = min(end for end in (iat + self._policy.list_lifetime, content.next_change) if end).replace(microsecond=0)
        if exp <= iat:
            raise ListBetweenTimes(
                f"an entry of status list {list_id} changes within this second; ask again in a second"
            )
        signer = await self._keys.status_signer()
        token = await asyncio.to_thread(_build, content, iat, exp, self._policy, signer)
        async with self._database.write() as tx:
            await repository.store_list(tx, list_id, content.version, token, iat, exp)
        state = ListState(content.version, content.version, iat, exp)
        return self._keep(list_id, await asyncio.to_thread(_served, token, state))

    async def _content(self, tx: ReadTx, list_id: str, now: datetime) -> ListContent:
        """What the list says, with the 0 of a suspect issuer and of an overdue list as a 3 (rule 5)."""
        content = await repository.list_content(tx, list_id, now)
        under = {scheme: lists for (_, scheme), lists in (await schemes.lists_of(tx, {content.authority})).items()}
        overdue = await overdue_entries(tx, list_id, content.authority, under, now)
        mandates = await schemes.mandate_events_of_kin(tx, {content.authority})
        turn = next_turn((event for events in mandates.values() for event in events), now)
        doubted = await doubted_entries(tx, list_id, mandates, now)
        return replace(
            content,
            codes=[*content.codes, *((idx, ISSUER_SUSPECT) for idx in {*doubted, *overdue.indices})],
            next_change=min((at for at in (content.next_change, turn, overdue.next_turn) if at), default=None),
        )

    async def _catch_up(self, list_id: str, now: datetime) -> None:
        """Rule 3: bring the codes up to date where a due time has passed unnoticed."""
        async with self._database.read() as tx:
            late = await repository.overdue_numbers(tx, list_id, now)
        for some in batches(late):
            async with self._database.write() as tx:
                await publication.refresh(tx, some, now=now)


def _build(content: ListContent, iat: datetime, exp: datetime, policy: Policy, signer: Signer) -> str:
    codes = StatusList.of_size(content.capacity)
    for idx, code in content.codes:
        codes.set(idx, code)
    payload = status_list_payload(
        uri=content.uri,
        lst=codes.encode(),
        iat=iat,
        exp=exp,
        ttl=int(policy.list_ttl.total_seconds()),
        aggregation_uri=f"{policy.origin}/status-lists",
    )
    return sign_status_list(payload, signer)


def _served(token: str, state: ListState) -> SignedList:
    plain = token.encode()
    return SignedList(plain, gzip.compress(plain, mtime=0), state)
