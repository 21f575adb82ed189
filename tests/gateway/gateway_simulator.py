"""A registry and an audit service in memory, honest unless told otherwise, served as ASGI applications.

They share one log (`feed_simulator.FeedLog`). Decisions change status lists at commit; records are released once logged.
"""

import gzip
import hashlib
import json
from dataclasses import dataclass, field
from datetime import timedelta

import strawberry
from feed_simulator import FeedLog, SteppedClock, new_signer
from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from strawberry.federation import Schema

from goodstanding.bodies import as_set
from goodstanding.canonical import format_time, parse_time
from goodstanding.events import Leaf, new_subject
from goodstanding.jws import sign_jws
from goodstanding.number import make_number
from goodstanding.record import record_payload, sign_record
from goodstanding.status_list import StatusList, sign_status_list, status_list_payload
from goodstanding.trust import Trust

ORIGIN = "https://register.example"
MINISTRY, BOARD = "aut_labour", "aut_board"
SCHEME, LISTED_SCHEME = "sch_fair", "sch_sponsors"
NUMBER = make_number("TEST", "7K3M9QXR")
OTHER = make_number("TEST", "00000000")
LIST = f"{ORIGIN}/status-lists/1"


@dataclass
class Known:
    """What the simulated registry keeps of one accreditation."""

    number: str
    subject: bytes
    organisation: str
    authority: str = MINISTRY
    scheme: str = SCHEME
    generation: str | None = None
    idx: int | None = None


@dataclass
class Register:
    """Registry and audit service in one."""

    clock: SteppedClock = field(default_factory=SteppedClock)
    log: FeedLog = None
    witnesses: dict = field(default_factory=dict)  # members of the trusted log
    codes: StatusList = field(default_factory=lambda: StatusList.of_size(256))
    status_key: object = field(default_factory=new_signer)
    record_key: object = field(default_factory=new_signer)
    token_key: object = field(default_factory=new_signer)
    known: dict = field(default_factory=dict)
    released: list = field(default_factory=list)  # lines of the feed of records
    unreleased: list = field(default_factory=list)
    list_token: str | None = None
    list_life: timedelta = timedelta(hours=1)
    forwarded: list = field(default_factory=list)  # GraphQL requests as they arrived: (service, body, headers)
    asked: list = field(default_factory=list)  # other paths as they arrived: (path, headers)
    broken: dict = field(default_factory=dict)  # path -> response that takes its place

    def __post_init__(self):
        self.log = self.log or FeedLog(clock=self.clock)
        self.registry = _application(self, REGISTRY, REGISTRY_SCHEMA)
        self.audit = _application(self, AUDIT, AUDIT_SCHEMA)

    # ---- acts ------------------------------------------------------------------------------------------------

    def found(self):
        """The events everything else refers to: authorities and schemes."""
        for slug, name, zone in ((MINISTRY, "Ministry of Labour", "Asia/Kathmandu"), (BOARD, "वैदेशिक बोर्ड", "UTC")):
            data = {
                "id": slug, "name": name, "jurisdiction": "NP", "time_zone": zone, "kind": "ministry",
                "entity_id": f"{ORIGIN}/authorities/{slug}",
            }  # fmt: skip
            self._about("authority", slug, data)
        self._about("scheme", MINISTRY, {"id": SCHEME, "name": "Fair Recruitment", "version": "1", "owner": MINISTRY})
        self.publish()

    def map_words(self, version="1", cadence=None, **words):
        """Log the mapping of a scheme's local words, and within how many days its lists come out again."""
        mappings = as_set({"word": word, "standing": standing} for word, standing in words.items())
        data = {
            "id": LISTED_SCHEME, "name": "Sponsors", "version": "1", "owner": BOARD, "mapping_version": version,
            "mappings": mappings,
        }  # fmt: skip
        self._about("scheme", BOARD, data | ({"cadence_days": cadence} if cadence else {}))

    def release_list(self, source="A ministry"):
        """Log that a list of today was released, whatever has changed in it."""
        today = format_time(self.clock())
        data = {"authority": BOARD, "scheme": LISTED_SCHEME, "snapshot": "snp_1", "at": today, "source": source}
        self._about("list", BOARD, data)

    def mandate(self, begins, authority=MINISTRY, scheme=SCHEME, *, code=None, **changes):
        """Log how a mandate stands; with `code`, as of the status list at commit. Instants become text."""
        said = {"from": begins} | {name: at for name, at in changes.items() if name not in ("end", "succeeds")}
        times = {name: format_time(at) for name, at in said.items() if at}
        times |= {"succeeds": changes["succeeds"]} if "succeeds" in changes else {}
        data = {"authority": authority, "scheme": scheme, "acts": ["apply", "grant"], **times}
        self._about("mandate", MINISTRY, data | ({"end": changes["end"]} if "end" in changes else {}))
        if code is not None:
            for number, known in self.known.items():
                if (known.authority, known.scheme) == (authority, scheme) and known.idx is not None:
                    self.set_code(number, code)

    def apply(self, number=NUMBER, organisation="org_himal", **changes):
        known = self.known.setdefault(number, Known(number, new_subject(), organisation, **changes))
        return self._decide(known, "apply")

    def grant(self, number=NUMBER, *, valid_for=timedelta(days=365), scope=None, publish=True, **changes):
        """Apply and grant; everything is logged and released unless told otherwise."""
        names = {name: changes.pop(name) for name in ("organisation", "authority", "scheme") if name in changes}
        self.apply(number, **names)
        known = self.known[number]
        known.idx = len(self.known) * 3
        now = self.clock()
        accreditation = {
            "organisation": self.organisation(known.organisation, **changes),
            "scope": scope or {},
            "valid_from": format_time(now),
            "valid_until": format_time(now + valid_for),
        }
        body = self._decide(known, "grant", accreditation=accreditation, status={"uri": LIST, "idx": known.idx})
        if publish:
            self.publish()
        return body

    def renew(self, number, authority):
        """Open the next generation in the name of this authority."""
        known, now = self.known[number], self.clock()
        known.idx = known.idx + 1
        accreditation = {
            "organisation": self.organisation(known.organisation), "scope": {}, "valid_from": format_time(now),
            "valid_until": format_time(now + timedelta(days=365)),
        }  # fmt: skip
        status = {"uri": LIST, "idx": known.idx}
        return self._decide(known, "renew", authority=authority, accreditation=accreditation, status=status)

    def list_row(self, number, word, organisation="org_sponsor", version="1", **changes):
        known = self.known.setdefault(number, Known(number, new_subject(), organisation, BOARD, LISTED_SCHEME))
        known.idx = len(self.known) * 3
        accreditation = {"organisation": self.organisation(organisation, **changes), "scope": {}}
        return self._decide(
            known, "list", basis="transcribed", local_word=word, mapping_version=version, asserted_by="A ministry",
            accreditation=accreditation, status={"uri": LIST, "idx": known.idx},
        )  # fmt: skip

    def suspend(self, number=NUMBER):
        """A protective act: the status list changes at commit, whatever becomes of the log."""
        known = self.known[number]
        body = self._decide(known, "suspend", measure="preventive", generation=known.generation)
        self.set_code(number, 2)
        return body

    def end_suspension(self, closes, number=NUMBER):
        known = self.known[number]
        body = self._decide(known, "end_suspension", closes=closes["event_id"], generation=known.generation)
        self.set_code(number, 0)
        return body

    def revoke(self, number=NUMBER):
        known = self.known[number]
        body = self._decide(known, "revoke", generation=known.generation)
        self.set_code(number, 1)
        return body

    def erase(self, *event_ids):
        sealed = self._about("erasure", "registry", {"event_ids": sorted(event_ids)})
        self.publish()
        self.log.erase(event_ids, sealed.event_id)

    def set_code(self, number, code):
        self.codes.set(self.known[number].idx, code)
        self.list_token = None

    def publish(self):
        """The log takes what was submitted, and what it covers is released."""
        self.log.publish()
        if self.log.publishes:
            for body, sealed in self.unreleased:
                self._release(body, sealed)
            self.unreleased.clear()

    def organisation(self, organisation, name="Himal Placements Pvt", identifiers=(), domains=()):
        value = {
            "id": organisation, "kind": "recruiter", "jurisdiction": "NP",
            "names": as_set([
                {"text": name, "script": "Latn", "kind": "legal"},
                {"text": "हिमाल", "script": "Deva", "kind": "alias"},
            ]),
        }  # fmt: skip
        pairs = as_set({"scheme": scheme, "value": text, "verified": True} for scheme, text in identifiers)
        return value | ({"identifiers": pairs} if pairs else {}) | ({"domains": sorted(domains)} if domains else {})

    def publish_organisation(self, organisation, **changes):
        """Log an organisation event; `verified` says what its identifiers are worth."""
        verified = changes.pop("verified", True)
        data = self.organisation(organisation, **changes)
        for identifier in data.get("identifiers", ()):
            identifier["verified"] = verified
        self._about("organisation", "registry", data)

    def _about(self, kind, authority, data):
        return self.log.submit({"kind": kind, "event_id": self.log.new_id(), "authority": authority, "data": data})

    def _decide(self, known, act, **changes):
        at = format_time(self.clock())
        body = {
            "kind": "decision", "event_id": self.log.new_id(), "authority": known.authority, "scheme": known.scheme,
            "scheme_version": "1", "number": known.number, "organisation": known.organisation, "act": act,
            "reason": "decided", "basis": "decided", "effective_from": at, "decided_at": at,
        } | {name: value for name, value in changes.items() if value is not None}  # fmt: skip
        sealed = self.log.submit(body, known.subject)
        if "accreditation" in body:
            known.generation = body["event_id"]
            self.unreleased.append((body, sealed))
        return body

    def _release(self, body, sealed):
        index = next(i for i, entry in enumerate(self.log.entries) if entry.sealed is sealed)
        kind = "transcribed-accreditation" if body["basis"] == "transcribed" else "accreditation"
        until = body["accreditation"].get("valid_until")
        ends = [parse_time(until)] if until else []
        payload = record_payload(
            body=body, leaf=Leaf.decode(sealed.leaf), salt=sealed.salt, origin=self.log.origin, index=index,
            iss=f"{ORIGIN}/authorities/{body['authority']}", sub=f"{ORIGIN}/organisations/{body['organisation']}",
            vct=f"{ORIGIN}/vct/{kind}", iat=self.clock(), exp=min([self.clock() + timedelta(days=30), *ends]),
            jti=f"{body['event_id']}-record-1",
        )  # fmt: skip
        token = sign_record(payload, self.record_key)
        line = {"seq": len(self.released) + 1, "event_id": body["event_id"], "envelope": "record", "token": token}
        self.released.append(line)

    # ---- what is served --------------------------------------------------------------------------------------

    def status_list(self):
        """The token as it is now: signed again when a code changed or its life is over."""
        if self.list_token is None or self.clock() >= self.list_until:
            now = self.clock()
            self.list_until = now + self.list_life
            payload = status_list_payload(uri=LIST, lst=self.codes.encode(), iat=now, exp=self.list_until, ttl=30)
            self.list_token = sign_status_list(payload, self.status_key)
        return self.list_token

    def record_of(self, number):
        generation = self.known[number].generation
        return next(line["token"] for line in reversed(self.released) if line["event_id"] == generation)

    @property
    def trust(self):
        """The trust file of whoever follows this register."""
        log = {"prefix": "TEST", "origin": self.log.origin, "vkey": self.log.vkey.encode(), **self.witnesses}
        return Trust.from_json({
            "samples": True,
            "logs": [log | {"time_vkey": self.log.time_vkey.encode()}],
            "issuers": {f"{ORIGIN}/authorities/{MINISTRY}": {"name": "M", "keys": [self.record_key.public_jwk]}},
            "status": [{"prefix": f"{ORIGIN}/status-lists/", "keys": [self.status_key.public_jwk]}],
        })  # fmt: skip

    def access_token(self, signer=None, typ="at+jwt", **changes):
        now = int(self.clock().timestamp())
        claims = {"iss": ORIGIN, "sub": "person-1", "aud": ORIGIN, "iat": now, "exp": now + 600, "roles": []}
        return sign_jws(claims | changes, typ=typ, signer=signer or self.token_key)


# ---- the two applications ------------------------------------------------------------------------------------


def _application(register, routes, schema):
    def served(endpoint):
        async def handler(request):
            register.asked.append((request.url.path, dict(request.headers)))
            if (broken := register.broken.get(request.url.path)) is not None:
                return broken()
            return endpoint(register, request)

        return handler

    async def graphql(request):
        body = await request.json()
        if "_service" not in body["query"]:
            service = "registry" if routes is REGISTRY else "audit"
            register.forwarded.append((service, body, dict(request.headers)))
        if (broken := register.broken.get("/graphql")) is not None:
            return broken()
        result = await schema.execute(
            body["query"], variable_values=body.get("variables"), operation_name=body.get("operationName"),
            context_value={"authorization": request.headers.get("authorization")},
        )  # fmt: skip
        errors = [error.formatted for error in result.errors or ()]
        return JSONResponse({"data": result.data} | ({"errors": errors} if errors else {}))

    async def form(request):
        register.asked.append((request.url.path, dict(request.headers)))
        return Response(await request.body(), media_type="application/trust-mark-status-response+jwt")

    paths = [Route(path, served(endpoint), methods=["GET", "HEAD"]) for path, endpoint in routes.items()]
    paths.append(Route("/federation/authorities/{id}/trust-mark-status", form, methods=["POST"]))
    return Starlette(routes=[*paths, Route("/graphql", graphql, methods=["POST"])])


def _tagged(request, content, media_type, **headers):
    etag = f'"{hashlib.sha256(content).hexdigest()}"'
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers={"ETag": etag})
    if "gzip" in request.headers.get("accept-encoding", ""):
        content, headers = gzip.compress(content), headers | {"Content-Encoding": "gzip"}
    return Response(content, headers={"ETag": etag, "Vary": "Accept-Encoding"} | headers, media_type=media_type)


def _aggregation(_register, _request):
    return JSONResponse({"status_lists": [LIST]})


def _list(register, request):
    return _tagged(
        request, register.status_list().encode(), "application/statuslist+jwt", **{"Cache-Control": "max-age=30"}
    )


def _record(register, request):
    number = request.path_params["number"]
    if number not in register.known:
        problem = {"type": "about:blank", "title": "Not found", "status": 404, "detail": "no such number"}
        return JSONResponse(problem, 404, media_type="application/problem+json")
    return Response(register.record_of(number), media_type="application/dc+sd-jwt")


def _statement(_register, _request):
    return Response(b"e30", media_type="application/entity-statement+jwt")


def _records_after(register, request):
    after = int(request.query_params["after"])
    lines = [line for line in register.released if line["seq"] > after]
    return Response("".join(json.dumps(line) + "\n" for line in lines), media_type="application/x-ndjson")


def _feed(register, request):
    return Response(register.log.page(int(request.query_params["after"])), media_type="application/x-ndjson")


def _checkpoint(register, _request):
    return PlainTextResponse(register.log.checkpoint(), headers={"Cache-Control": "no-store"})


def _tile(_register, _request):
    return Response(b"\x01" * 32, media_type="application/octet-stream", headers={"Cache-Control": "no-store"})


def _secret(_register, _request):
    return PlainTextResponse("internal")


REGISTRY = {
    "/status-lists": _aggregation,
    "/status-lists/1": _list,
    "/records/{number}": _record,
    "/{kind}/{id}/.well-known/openid-federation": _statement,
    "/federation/{kind}/{id}/fetch": _statement,
    "/feed/records": _records_after,
    "/internal/entries": _secret,
}
AUDIT = {
    "/feed": _feed,
    "/log/checkpoint": _checkpoint,
    "/log/tile/{rest:path}": _tile,
    "/internal/entries": _secret,
}


# ---- two small subgraphs -------------------------------------------------------------------------------------


@strawberry.federation.type(keys=["eventId"])
class Decision:
    event_id: strawberry.ID
    act: str


@strawberry.federation.type(keys=["number"])
class Accreditation:
    number: str
    scheme: str = SCHEME
    decisions: list[Decision] = strawberry.field(
        default_factory=lambda: [Decision(event_id="e1", act="apply"), Decision(event_id="e2", act="grant")]
    )

    @classmethod
    def resolve_reference(cls, number: str) -> "Accreditation | None":
        return Accreditation(number=number) if number == NUMBER else None


@strawberry.input
class IdentifierInput:
    scheme: str
    value: str


@strawberry.type(name="Query")
class RegistryQuery:
    @strawberry.field
    def accreditation(self, number: str) -> Accreditation | None:
        return Accreditation(number=number) if number == NUMBER else None

    @strawberry.field
    def organisation(self, by: IdentifierInput) -> str | None:
        return by.value

    @strawberry.field
    def decision(self) -> Decision | None:
        return None

    @strawberry.field
    def caller(self, info: strawberry.Info) -> str | None:
        return info.context["authorization"]

    @strawberry.field
    def failing(self) -> str | None:
        raise RuntimeError("the row of person-1 is broken")


@strawberry.type(name="Mutation")
class RegistryMutation:
    @strawberry.mutation
    def rename(self, number: str) -> str:
        return number


@strawberry.federation.type(keys=["eventId"], name="Decision")
class LoggedDecision:
    event_id: strawberry.ID

    @strawberry.field
    def log_entry(self) -> int | None:
        return 0 if self.event_id == "e1" else None


@strawberry.type
class Log:
    origin: str = "register.example/log"
    size: int = 1


@strawberry.type(name="Query")
class AuditQuery:
    @strawberry.field
    def log(self) -> Log:
        return Log()


REGISTRY_SCHEMA = Schema(query=RegistryQuery, mutation=RegistryMutation, federation_version="2.9")
AUDIT_SCHEMA = Schema(query=AuditQuery, types=[LoggedDecision], federation_version="2.9")
