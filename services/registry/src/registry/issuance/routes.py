"""What standards fix and all may fetch: records, proofs, evidence, status lists, issuer keys, type metadata, feed.

Reading signs nothing, except a status list that is out of date, once for all who ask.
"""

import json
from collections.abc import Callable, Coroutine
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Query, Request, Response
from fastapi.routing import APIRoute

from goodstanding import evidence, record, status_list
from goodstanding.canonical import canonical_bytes
from goodstanding.clock import Clock
from goodstanding.errors import KeyAway
from registry.checks import number as checked
from registry.database import Database
from registry.errors import DomainError, Unavailable
from registry.issuance.answers import age, answer
from registry.issuance.artefacts import Artefacts
from registry.issuance.credential_types import type_metadata
from registry.issuance.errors import ListBetweenTimes, LogLied, LogUnavailable
from registry.issuance.key_rows import REGISTRY, STATUS
from registry.issuance.keys import KeyStore
from registry.issuance.lists import SignedList
from registry.issuance.log_client import LogClient
from registry.issuance.policy import Policy
from registry.problems import domain_problem, problem, unavailable_problem
from registry.settings import Settings

JSON, NDJSON, PLAIN = "application/json", "application/x-ndjson", "text/plain; charset=utf-8"
MAX_PAGE = 1000  # records in one page of the feed
KEYS_AGE = 300  # seconds: keys and types change by rotation only, and a key is published before its use
FEED_AGE = 1  # seconds

_REFUSALS: dict[type[Exception], tuple[int, str, str]] = {
    LogUnavailable: (503, "LOG_UNAVAILABLE", "The log does not answer now, and nothing is shown without its proof."),
    LogLied: (502, "LOG_NOT_BELIEVED", "The log's answer does not verify; the operator must look into it."),
    KeyAway: (
        503,
        "KEY_AWAY",
        "This must be signed first, and the device with the key does not answer now; try again.",
    ),
    ListBetweenTimes: (503, "ASK_AGAIN", "An entry of this status list changes within this second; ask again in one."),
}

_log = structlog.get_logger("registry.issuance")


class ArtefactRoute(APIRoute):
    """A route whose refusals are problems that any web page may read."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Translate the errors of issuance, and of the domain."""
        handler = super().get_route_handler()

        async def translated(request: Request) -> Response:
            try:
                return await handler(request)
            except DomainError as error:
                refused: Response = domain_problem(error)
            except Unavailable as error:
                refused = unavailable_problem(error)
            except (LogUnavailable, LogLied, ListBetweenTimes, KeyAway) as error:
                if isinstance(error, KeyAway):
                    _log.warning("a key is away", why=str(error))
                status, code, detail = _REFUSALS[type(error)]
                refused = problem(status, code, detail, headers={"Retry-After": "1"} if status == 503 else None)
            refused.headers.update({"Access-Control-Allow-Origin": "*", "Cache-Control": "no-store"})
            return refused

        return translated


def artefact_routes(
    database: Database, keys: KeyStore, log_client: LogClient, clock: Clock, settings: Settings
) -> APIRouter:
    """The routes; see "Public paths" of the wire formats."""
    policy = Policy.of(settings)
    artefacts = Artefacts(database, keys, log_client, clock, policy)
    router = APIRouter(route_class=ArtefactRoute)
    _record_routes(router, artefacts, clock, policy.list_ttl)
    _list_routes(router, artefacts, clock, policy.list_ttl)
    _key_routes(router, artefacts, keys, policy)
    return router


def _record_routes(router: APIRouter, artefacts: Artefacts, clock: Clock, ttl: timedelta) -> None:
    @router.get("/records/{number}.tlog-proof")
    async def tlog_proof(request: Request, number: str) -> Response:
        proof = await artefacts.proof(checked(number))
        return answer(request, proof, PLAIN, max_age=age(ttl, clock()))

    @router.get("/records/{number}")
    async def newest_record(request: Request, number: str) -> Response:
        found = await artefacts.record(checked(number))
        return answer(request, found.token.encode(), record.MEDIA_TYPE, max_age=age(ttl, clock(), found.exp))

    @router.get("/evidence/{number}")
    async def bundle(request: Request, number: str) -> Response:
        parts, signed = await artefacts.evidence(checked(number))
        return answer(request, parts.encode(), evidence.MEDIA_TYPE, max_age=_list_age(signed, clock(), ttl))

    @router.get("/feed/records")
    async def feed(
        request: Request,
        after: Annotated[int, Query(ge=0, le=2**63 - 1)] = 0,
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = MAX_PAGE // 2,
    ) -> Response:
        page = await artefacts.records_after(after, limit)
        lines = b"".join(json.dumps(asdict(line), separators=(",", ":")).encode() + b"\n" for line in page)
        return answer(request, lines, NDJSON, max_age=FEED_AGE)


def _list_routes(router: APIRouter, artefacts: Artefacts, clock: Clock, ttl: timedelta) -> None:
    @router.get("/status-lists")
    async def aggregation(request: Request) -> Response:
        content = canonical_bytes({"status_lists": await artefacts.list_uris()})
        return answer(request, content, JSON, max_age=age(ttl, clock()))

    @router.get("/status-lists/{list_id}")
    async def one_list(request: Request, list_id: str) -> Response:
        signed = await artefacts.status_list(list_id)
        max_age = _list_age(signed, clock(), ttl)
        return answer(request, signed.token, status_list.MEDIA_TYPE, max_age=max_age, zipped=signed.zipped)


def _key_routes(router: APIRouter, artefacts: Artefacts, keys: KeyStore, policy: Policy) -> None:
    @router.get("/.well-known/jwt-vc-issuer/authorities/{authority_id}")
    async def issuer_metadata(request: Request, authority_id: str) -> Response:
        found = await artefacts.issuer_keys(authority_id)
        content = canonical_bytes({"issuer": policy.issuer(authority_id), "jwks": {"keys": found}})
        return answer(request, content, JSON, max_age=KEYS_AGE if found else 0)

    @router.get("/status-keys")
    async def status_keys(request: Request) -> Response:
        await keys.status_signer()  # made on first need, and whoever asks for its public half needs it
        content = canonical_bytes({"keys": await keys.public_keys(REGISTRY, STATUS)})
        return answer(request, content, "application/jwk-set+json", max_age=KEYS_AGE)

    def type_route(name: str) -> None:
        content = canonical_bytes(type_metadata(policy.origin, name))

        @router.get(f"/vct/{name}")
        async def metadata(request: Request) -> Response:
            return answer(request, content, JSON, max_age=KEYS_AGE)

    for name in (record.VCT, record.VCT_TRANSCRIBED):
        type_route(name)


def _list_age(signed: SignedList, now: datetime, ttl: timedelta) -> int:
    return age(ttl, now, signed.state.exp)
