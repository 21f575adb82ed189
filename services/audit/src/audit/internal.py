"""Routes for services of the same house: append, erase and proofs. They carry the service token as a bearer token."""

import asyncio
import hmac

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from audit.entries import MAX_BATCH
from audit.entry import Submission
from audit.errors import EntryRefused
from audit.problems import BadRequest
from audit.reader import MAX_LOOKUP
from audit.requests import parse, read_body
from audit.service import Log
from goodstanding.canonical import b64u, unb64u
from goodstanding.errors import EventError

MAX_ENTRIES_BYTES = 16 * 1024 * 1024
MAX_PROOFS_BYTES = 64 * 1024


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


class EntryIn(_Strict):
    """One entry; leaf, body and salt in base64url without padding."""

    event_id: str = Field(max_length=36)
    leaf: str = Field(max_length=1_000)
    body: str = Field(max_length=14_000)
    salt: str = Field(max_length=100)


class EntriesIn(_Strict):
    """A batch to append."""

    entries: list[EntryIn] = Field(max_length=MAX_BATCH)


class ErasureIn(_Strict):
    """Events whose bodies are to be erased, and the published event that says so."""

    erasure: str = Field(max_length=36)
    event_ids: list[str] = Field(max_length=MAX_LOOKUP)


class ProofsIn(_Strict):
    """Events whose inclusion proofs are wanted."""

    event_ids: list[str] = Field(max_length=MAX_LOOKUP)


def routes(log: Log, service_token: str, sdl: str) -> APIRouter:
    """Return the internal routes; `service_token` is what callers must send, `sdl` the subgraph's schema."""

    async def authorise(request: Request) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(token.encode(), service_token.encode()):
            raise BadRequest(401, "Unauthorized", "Send the service token as a bearer token.")

    router = APIRouter(prefix="/internal", dependencies=[Depends(authorise)])

    @router.post("/entries")
    async def append(request: Request) -> Response:
        data = await read_body(request, MAX_ENTRIES_BYTES)
        # Decoding megabytes of base64 would hold up everyone else on the event loop.
        submissions = await asyncio.to_thread(_submissions, data)
        return JSONResponse({"accepted": await log.append(submissions)})

    @router.post("/erasures")
    async def erase(request: Request) -> Response:
        asked = parse(ErasureIn, await read_body(request, MAX_PROOFS_BYTES))
        return JSONResponse({"erased": await log.erasures.erase(asked.erasure, asked.event_ids)})

    @router.post("/proofs")
    async def proofs(request: Request) -> Response:
        wanted = parse(ProofsIn, await read_body(request, MAX_PROOFS_BYTES))
        snapshot = await log.reader.snapshot()
        entries = await log.reader.by_event(snapshot, wanted.event_ids)
        proven = await log.reader.prove(snapshot, entries.values())
        found = {
            event_id: {"index": entries[event_id].index, "hashes": [b64u(item) for item in proof]}
            for event_id, proof in proven.items()
        }
        return JSONResponse({"checkpoint": snapshot.note.decode(), "proofs": found})

    @router.get("/tlog-proof/{index}")
    async def tlog_proof(index: str) -> Response:
        if not (index.isascii() and index.isdigit() and len(index) <= 15):
            raise BadRequest(400, "Bad request", "The index of an entry is a whole number, 0 or more.")
        snapshot = await log.reader.snapshot()
        entry = await log.reader.by_index(snapshot, int(index))
        return PlainTextResponse(await asyncio.to_thread(snapshot.tlog_proof, entry))

    @router.get("/subgraph")
    async def subgraph() -> Response:
        return PlainTextResponse(sdl)

    return router


def _submissions(data: bytes) -> list[Submission]:
    return [_submission(entry) for entry in parse(EntriesIn, data).entries]


def _submission(entry: EntryIn) -> Submission:
    try:
        return Submission(entry.event_id, unb64u(entry.leaf), unb64u(entry.body), unb64u(entry.salt))
    except EventError as error:
        raise EntryRefused(entry.event_id, f"event {entry.event_id} is refused: {error}") from error
