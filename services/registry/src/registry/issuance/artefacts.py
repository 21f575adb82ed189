"""Finds what may be published about a number, and says why where there is nothing."""

from collections.abc import Mapping
from typing import Any

from goodstanding.clock import Clock
from goodstanding.evidence import Bundle
from goodstanding.record import parse_record
from registry.database import Database
from registry.errors import NotFound
from registry.issuance import proofs, repository
from registry.issuance.errors import LogUnavailable
from registry.issuance.key_rows import RECORD
from registry.issuance.keys import KeyStore
from registry.issuance.lists import SignedList, StatusLists
from registry.issuance.log_client import LogClient
from registry.issuance.policy import Policy
from registry.issuance.repository import FeedLine, ReleasedRecord


class Artefacts:
    """Records, proofs, status lists and keys as outsiders get them."""

    def __init__(self, database: Database, keys: KeyStore, log: LogClient, clock: Clock, policy: Policy) -> None:
        self._database = database
        self._keys = keys
        self._log = log
        self._policy = policy
        self._lists = StatusLists(database, keys, policy, clock)

    async def record(self, number: str) -> ReleasedRecord:
        """The newest record of a checked number. NotFound says why there is none."""
        async with self._database.read() as tx:
            if (found := await repository.newest_record(tx, number)) is not None:
                return found
            if not await repository.accreditation_known(tx, number):
                raise NotFound(f"No accreditation {number} was ever recorded here.", code="UNKNOWN_NUMBER")
            pending, erased = await repository.waits_for_log(tx, number), await repository.erased(tx, number)
        if erased:
            raise NotFound(f"What was recorded about {number} has been erased.", code="ERASED")
        why = (
            "a decision is not in the log yet; try again shortly"
            if pending
            else "it was not granted, or not for a time that has begun"
        )
        raise NotFound(f"Nothing has been released about {number}: {why}.", code="NOTHING_RELEASED")

    async def proof(self, number: str) -> bytes:
        """The `.tlog-proof` of the event that the newest record rests on. NotFound, LogUnavailable, LogLied."""
        return await self._proof(await self.record(number))

    async def evidence(self, number: str) -> tuple[Bundle, SignedList]:
        """Everything an offline verifier needs, and the list in it. NotFound, or an error of issuance."""
        found = await self.record(number)
        claims: Mapping[str, Any] = parse_record(found.token).payload
        signed = await self.status_list(str(claims["status"]["status_list"]["uri"]).rpartition("/")[2])
        bundle = Bundle(
            record=found.token,
            tlog_proof=(await self._proof(found)).decode(),
            status_list=signed.token.decode(),
            issuer_keys=tuple(await self.issuer_keys(str(claims["iss"]).rpartition("/")[2])),
        )
        return bundle, signed

    async def status_list(self, list_id: str) -> SignedList:
        """A status list as it is served now. NotFound, ListBetweenTimes."""
        if (signed := await self._lists.current(list_id)) is None:
            raise NotFound("There is no such status list; /status-lists names all.", code="UNKNOWN_LIST")
        return signed

    async def list_uris(self) -> list[str]:
        """The URIs of all status lists."""
        async with self._database.read() as tx:
            return await repository.list_uris(tx)

    async def issuer_keys(self, authority_id: str) -> list[dict[str, Any]]:
        """The keys that verify an authority's records: every one not revoked. NotFound for an unknown authority."""
        async with self._database.read() as tx:
            known = await repository.authority_known(tx, authority_id)
        if not known:
            raise NotFound(f"There is no authority {authority_id[:200]!r} here.", code="UNKNOWN_AUTHORITY")
        return await self._keys.public_keys(authority_id, RECORD)

    async def records_after(self, after: int, limit: int) -> list[FeedLine]:
        """A page of released records, in the order in which they were made."""
        async with self._database.read() as tx:
            return await repository.records_after(tx, after, limit)

    async def _proof(self, found: ReleasedRecord) -> bytes:
        proof = await self._log.tlog_proof(found.log_index)
        if proof is None:
            raise LogUnavailable("the log does not have an entry it proved before")
        proofs.check_single(proof, found.leaf, found.log_index, self._policy)
        return proof
