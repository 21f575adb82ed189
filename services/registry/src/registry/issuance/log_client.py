"""How the registry speaks to the log: submit, erase, ask for proofs, fetch one proof. What comes back is not believed here.

Answers of the log service, and what they become::

    200                              the answer, read within a bound
    409, 422 naming an event_id      LogConflict: this entry is refused for good
    404 for a single proof           None: no published checkpoint covers it yet
    anything else, or no answer      LogUnavailable: try again later
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import httpx

from goodstanding.canonical import b64u, parse_json, unb64u
from goodstanding.errors import EventError
from goodstanding.events import SealedEvent
from registry.issuance.errors import LogConflict, LogUnavailable

MAX_BATCH = 1000  # entries or event ids in one request
MAX_ANSWER = 8 * 1024 * 1024  # bytes: 1,000 proofs of 63 hashes each are 3 MB
TIMEOUT = 15.0  # seconds


@dataclass(frozen=True, slots=True)
class Inclusion:
    """Where an entry is said to be, and the 32-byte hashes that should prove it."""

    index: int
    hashes: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Proofs:
    """A published checkpoint, and proofs against it of those events it covers (event id -> proof). Unverified."""

    checkpoint: bytes
    inclusions: Mapping[str, Inclusion]


class LogClient(Protocol):
    """The log as the registry needs it."""

    async def submit(self, events: Sequence[SealedEvent]) -> None:
        """Hand over at most 1,000 events; the same events again are accepted again. LogConflict, LogUnavailable."""

    async def proofs(self, event_ids: Sequence[str]) -> Proofs:
        """Proofs for those of at most 1,000 events that a published checkpoint covers. LogUnavailable."""

    async def erase(self, erasure: str, event_ids: Sequence[str]) -> None:
        """Have the bodies of at most 1,000 events deleted for a logged erasure event; again changes nothing.

        LogConflict when the log refuses for good, LogUnavailable also while it has not published the erasure event.
        """

    async def tlog_proof(self, index: int) -> bytes | None:
        """The `.tlog-proof` of one entry against the published checkpoint; None when it covers no such entry."""


class HttpLogClient:
    """The log service over HTTP; `client` carries its base address, `token` is the service token."""

    def __init__(self, client: httpx.AsyncClient, token: str) -> None:
        self._client = client
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    async def submit(self, events: Sequence[SealedEvent]) -> None:
        """See `LogClient.submit`."""
        entries = [
            {"event_id": e.event_id, "leaf": b64u(e.leaf), "body": b64u(e.body), "salt": b64u(e.salt)} for e in events
        ]
        await self._ask("POST", "/internal/entries", {"entries": entries})

    async def proofs(self, event_ids: Sequence[str]) -> Proofs:
        """See `LogClient.proofs`."""
        answer = await self._ask("POST", "/internal/proofs", {"event_ids": list(event_ids)})
        try:
            value = parse_json(answer or b"", max_bytes=MAX_ANSWER)
            inclusions = {event_id: _inclusion(proof) for event_id, proof in value["proofs"].items()}
            return Proofs(value["checkpoint"].encode(), inclusions)
        except (EventError, LookupError, TypeError, AttributeError, UnicodeError) as error:
            raise LogUnavailable("the log answered something that is no list of proofs") from error

    async def erase(self, erasure: str, event_ids: Sequence[str]) -> None:
        """See `LogClient.erase`."""
        await self._ask("POST", "/internal/erasures", {"erasure": erasure, "event_ids": list(event_ids)})

    async def tlog_proof(self, index: int) -> bytes | None:
        """See `LogClient.tlog_proof`."""
        return await self._ask("GET", f"/internal/tlog-proof/{index}")

    async def _ask(self, method: str, path: str, body: Any = None) -> bytes | None:
        content = None if body is None else json.dumps(body, separators=(",", ":")).encode()
        try:
            async with self._client.stream(
                method, path, content=content, headers=self._headers, timeout=TIMEOUT
            ) as response:
                answer = await _bounded(response)
        except httpx.HTTPError as error:
            raise LogUnavailable(f"the log did not answer: {type(error).__name__}") from error
        if response.status_code == httpx.codes.OK:
            return answer
        if response.status_code == httpx.codes.NOT_FOUND and method == "GET":
            return None
        raise _refusal(response.status_code, answer)


async def _bounded(response: httpx.Response) -> bytes:
    answer = bytearray()
    async for chunk in response.aiter_bytes():
        answer += chunk
        if len(answer) > MAX_ANSWER:
            raise LogUnavailable(f"the log answered more than {MAX_ANSWER} bytes")
    return bytes(answer)


def _inclusion(proof: Mapping[str, Any]) -> Inclusion:
    if type(proof["index"]) is not int:
        raise TypeError("an index is a whole number")
    return Inclusion(proof["index"], tuple(map(unb64u, proof["hashes"])))


def _refusal(status: int, answer: bytes) -> LogConflict | LogUnavailable:
    try:
        problem = json.loads(answer)
        event_id, detail = problem.get("event_id"), str(problem.get("detail", ""))[:300]
    except (ValueError, AttributeError):
        event_id, detail = None, ""
    if status in (httpx.codes.CONFLICT, httpx.codes.UNPROCESSABLE_ENTITY) and isinstance(event_id, str):
        return LogConflict(detail or f"the log refuses event {event_id}", event_id)
    return LogUnavailable(f"the log answered {status}: {detail or 'no reason given'}")
