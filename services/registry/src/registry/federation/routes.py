"""The federation endpoints of every entity (OpenID Federation 1.0, sections 8 and 9).

Parameters that are not known are passed over, as the specification says; filters of a list are not: a reader who
filters must not take everything for what it asked for. Errors are JSON: `error` and `error_description`.
"""

from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any, Final
from urllib.parse import parse_qs

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute

from goodstanding import entity as entities
from goodstanding import trust_mark
from goodstanding.canonical import canonical_bytes
from goodstanding.clock import Clock
from goodstanding.jws import DEFAULT_MAX_BYTES
from registry.database import Database
from registry.errors import Unavailable
from registry.federation.errors import INVALID_REQUEST, NOT_FOUND, UNSUPPORTED_PARAMETER, FederationRefused
from registry.federation.model import AUTHORITIES, ORGANISATIONS, Entity, Signed
from registry.federation.resolution import HISTORY_TYP, RESOLVED_TYP, Resolver
from registry.federation.service import STATUS_TYP, Federation, Filters
from registry.issuance.answers import age, answer
from registry.issuance.errors import ListBetweenTimes
from registry.issuance.keys import KeyStore
from registry.issuance.policy import Policy
from registry.problems import note
from registry.settings import Settings

JSON: Final = "application/json"
MAX_AGE: Final = timedelta(seconds=60)
MAX_FORM: Final = DEFAULT_MAX_BYTES + 1024
FILTERS: Final = frozenset({"entity_type", "trust_marked", "trust_mark_type", "intermediate"})


class FederationRoute(APIRoute):
    """A route whose refusals are errors of the specification that any web page may read."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Translate what federations refuse, and what cannot be answered now."""
        handler = super().get_route_handler()

        async def translated(request: Request) -> Response:
            try:
                return await handler(request)
            except FederationRefused as error:
                status = 400 if error.error in (INVALID_REQUEST, UNSUPPORTED_PARAMETER) else 404
                return _error(status, error.error, error.description)
            except ListBetweenTimes as error:
                return _error(503, "temporarily_unavailable", f"{error}.")
            except Unavailable as error:
                note(error)
                return _error(503, "temporarily_unavailable", error.message)

        return translated


def federation_routes(database: Database, keys: KeyStore, clock: Clock, settings: Settings) -> APIRouter:
    """The routes; see "Public paths" of the wire formats."""
    federation = Federation(database, keys, Policy.of(settings), clock)
    resolver = Resolver(federation, keys, clock)
    router = APIRouter(route_class=FederationRoute)
    _statement_routes(router, federation, resolver, clock)
    _mark_routes(router, federation, clock)
    return router


def _statement_routes(router: APIRouter, federation: Federation, resolver: Resolver, clock: Clock) -> None:
    @router.get("/{kind}/{entity_id}/.well-known/openid-federation")
    async def configuration(request: Request, kind: str, entity_id: str) -> Response:
        found = await federation.configuration(_entity(kind, entity_id))
        return _signed(request, found, entities.MEDIA_TYPE, clock)

    @router.get("/federation/{kind}/{entity_id}/fetch")
    async def fetch(request: Request, kind: str, entity_id: str) -> Response:
        found = await federation.fetch(_entity(kind, entity_id), _one(request, "sub"))
        return _signed(request, found, entities.MEDIA_TYPE, clock)

    @router.get("/federation/{kind}/{entity_id}/list")
    async def subordinates(request: Request, kind: str, entity_id: str) -> Response:
        return _json(request, await federation.listing(_entity(kind, entity_id), _filters(request)))

    @router.get("/federation/{kind}/{entity_id}/resolve")
    async def resolve(request: Request, kind: str, entity_id: str) -> Response:
        sub, anchors = _one(request, "sub"), request.query_params.getlist("trust_anchor")
        if not anchors:
            raise FederationRefused(INVALID_REQUEST, "Say which trust_anchor you accept.")
        found = await resolver.resolve(_entity(kind, entity_id), sub, anchors)
        return _signed(request, found, f"application/{RESOLVED_TYP}", clock)

    @router.get("/federation/{kind}/{entity_id}/historical-keys")
    async def historical_keys(request: Request, kind: str, entity_id: str) -> Response:
        found = await resolver.historical_keys(_entity(kind, entity_id))
        return _signed(request, found, f"application/{HISTORY_TYP}", clock)


def _mark_routes(router: APIRouter, federation: Federation, clock: Clock) -> None:
    @router.get("/federation/{kind}/{entity_id}/trust-mark")
    async def mark(request: Request, kind: str, entity_id: str) -> Response:
        mark_type, sub = _one(request, "trust_mark_type"), _one(request, "sub")
        return _signed(
            request, await federation.mark(_entity(kind, entity_id), mark_type, sub), trust_mark.MEDIA_TYPE, clock
        )

    @router.get("/federation/{kind}/{entity_id}/trust-mark-list")
    async def mark_list(request: Request, kind: str, entity_id: str) -> Response:
        mark_type, sub = _one(request, "trust_mark_type"), request.query_params.get("sub")
        return _json(request, await federation.mark_list(_entity(kind, entity_id), mark_type, sub))

    @router.post("/federation/{kind}/{entity_id}/trust-mark-status")
    async def mark_status(request: Request, kind: str, entity_id: str) -> Response:
        found, _ = await federation.mark_status(_entity(kind, entity_id), await _form(request, "trust_mark"))
        headers = {"Cache-Control": "no-store", "Access-Control-Allow-Origin": "*"}
        return Response(found.token, headers=headers, media_type=f"application/{STATUS_TYP}")


def _entity(kind: str, entity_id: str) -> Entity:
    if kind not in (AUTHORITIES, ORGANISATIONS):
        raise FederationRefused(NOT_FOUND, f"Entities are {AUTHORITIES} and {ORGANISATIONS}.")
    return Entity(kind, entity_id)


def _one(request: Request, name: str) -> str:
    given = request.query_params.getlist(name)
    if len(given) != 1 or not given[0]:
        raise FederationRefused(INVALID_REQUEST, f"Give the parameter {name} once.")
    return given[0]


def _filters(request: Request) -> Filters:
    if unknown := sorted(set(request.query_params) - FILTERS):
        raise FederationRefused(
            UNSUPPORTED_PARAMETER, f"There is no filter {unknown[0][:60]!r}; use {', '.join(sorted(FILTERS))}."
        )
    query = request.query_params
    return Filters(
        entity_types=query.getlist("entity_type"), trust_marked=_flag(query.get("trust_marked"), "trust_marked"),
        trust_mark_type=query.get("trust_mark_type"), intermediate=_flag(query.get("intermediate"), "intermediate"),
    )  # fmt: skip


def _flag(value: str | None, name: str) -> bool | None:
    if value not in (None, "true", "false"):
        raise FederationRefused(INVALID_REQUEST, f"{name} is true or false.")
    return None if value is None else value == "true"


async def _form(request: Request, name: str) -> str:
    """The one value of a form's field; no more than `MAX_FORM` bytes are read."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FORM:
            raise FederationRefused(INVALID_REQUEST, f"The form has more than {MAX_FORM} bytes.")
    try:
        given = parse_qs(body.decode("ascii"), strict_parsing=True, max_num_fields=8).get(name, [])
    except ValueError:
        given = []
    if len(given) != 1:
        raise FederationRefused(INVALID_REQUEST, f"Post a form with the field {name}, once.")
    return given[0]


def _signed(request: Request, found: Signed, media_type: str, clock: Clock) -> Response:
    return answer(request, found.token.encode(), media_type, max_age=age(MAX_AGE, clock(), found.exp))


def _json(request: Request, value: list[str]) -> Response:
    return answer(request, canonical_bytes(value), JSON, max_age=int(MAX_AGE.total_seconds()))


def _error(status: int, error: str, description: str) -> Response:
    headers = {"Access-Control-Allow-Origin": "*", "Cache-Control": "no-store"}
    headers |= {"Retry-After": "1"} if status == 503 else {}
    return JSONResponse({"error": error, "error_description": description}, status, headers)
