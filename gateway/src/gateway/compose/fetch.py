"""Running a plan's fetches and putting what they answer into one tree of data, with the faults noted where they belong.

Rules
1. What does not depend on each other runs at the same time; mutations run one after another, each with its joins, until
   one that must not be null has failed: the client would not be told of those behind it.
2. A fetch of which nothing is included, or for which there is no entity, is not sent. None is sent twice.
3. A fetch that fails is a fault at each field it was to answer; everything else stands.
4. An entity the subgraph does not know leaves its fields out; an error about it is a fault at each of them.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import structlog
from graphql import GraphQLNonNull, OperationType

from gateway.compose import entities
from gateway.compose.entities import Wanted
from gateway.compose.faults import UNAVAILABLE, WHOLE, Fault, Faults
from gateway.compose.plan import Fetch, Join, Plan
from gateway.compose.services import Question, Reply, Service
from gateway.upstream import UpstreamError

_log = structlog.get_logger("gateway.compose")


@dataclass(frozen=True, slots=True)
class Request:
    """The values that go with a plan: variables as the client sent them, and as coerced for conditions."""

    sent: Mapping[str, Any]
    coerced: Mapping[str, Any]
    authorization: str | None


class Run:
    """One execution of a plan. `data` and `faults` are what it found out; `failed` that a service did not answer."""

    def __init__(self, plan: Plan, services: Mapping[str, Service], request: Request) -> None:
        self._plan = plan
        self._services = services
        self._request = request
        self.data: dict[str, Any] = {}
        self.faults = Faults(plan.names)
        self.failed = False

    async def run(self) -> bytes | None:
        """Run every fetch; gives bytes where an answer can be passed on as it is."""
        fetches = [fetch for fetch in self._plan.fetches if self._is_included(fetch)]
        if self._plan.is_whole and fetches:
            name = self._plan.definition.name
            return await self._root(fetches[0], name=name.value if name else None, may_be_raw=True)
        if self._plan.operation is not OperationType.MUTATION:
            await asyncio.gather(*map(self._root, fetches))
            return None
        for fetch in fetches:
            await self._root(fetch)
            if any(
                isinstance(field.type, GraphQLNonNull) and self.data.get(field.key) is None for field in fetch.fields
            ):
                break
        return None

    async def _root(self, fetch: Fetch, **how: Any) -> bytes | None:
        try:
            reply = await self._ask(fetch, {}, **how)
        except UpstreamError as error:
            self._fail(fetch, [self.data], error)
            return None
        if reply.raw is not None:
            return reply.raw
        nowhere = self.faults.place(reply.data, reply.errors)
        if reply.data is None:
            self._note(fetch, [self.data], nowhere)
            return None
        self._take(reply.data, [self.data])
        self.faults.unplaced += nowhere
        await self._joins(fetch, [self.data])
        return None

    def _take(self, source: dict[str, Any], targets: Iterable[dict[str, Any]]) -> None:
        """Give objects the fields of another one, and its faults."""
        for target in targets:
            target.update(source)
            self.faults.copy(source, target)

    async def _joins(self, fetch: Fetch, roots: Sequence[dict[str, Any]]) -> None:
        joins = [join for join in fetch.joins if self._is_included(join.fetch)]
        await asyncio.gather(*(self._join(join, roots) for join in joins))

    async def _join(self, join: Join, roots: Sequence[dict[str, Any]]) -> None:
        objects = entities.reached(roots, join, self._plan.names.typename)
        asked, keyless = entities.wanted(objects, join)
        for each in keyless:
            for alias, _ in join.keys:
                self._note(join.fetch, [each], self.faults.at(each, alias))
        found = await asyncio.gather(*(self._entities(join.fetch, batch) for batch in entities.batches(asked)))
        await self._joins(join.fetch, [entity for batch in found for entity in batch])

    async def _entities(self, fetch: Fetch, asked: Sequence[Wanted]) -> list[dict[str, Any]]:
        """Ask for entities and give their fields to the objects that wait for them; returns those that are known."""
        waiting = [each for one in asked for each in one.objects]
        try:
            reply = await self._ask(fetch, {self._plan.names.representations: [one.representation for one in asked]})
            nowhere = self.faults.place(reply.data, reply.errors)
            if reply.data is None:
                self._note(fetch, waiting, nowhere)
                return []
            answered = entities.answered(reply.data, len(asked))
        except UpstreamError as error:
            self._fail(fetch, waiting, error)
            return []
        self.faults.unplaced += [*nowhere, *self.faults.at(reply.data, "_entities")]
        for index, (one, entity) in enumerate(zip(asked, answered, strict=True)):
            if faults := self.faults.at(answered, index):
                self._note(fetch, one.objects, faults)
            elif entity is not None:
                self._take(entity, one.objects)
        return [entity for entity in answered if entity is not None]

    async def _ask(self, fetch: Fetch, own: Mapping[str, Any], **how: Any) -> Reply:
        sent = {name: self._request.sent[name] for name in fetch.variables if name in self._request.sent}
        question = Question(fetch.text, {**sent, **own}, authorization=self._request.authorization, **how)
        return await self._services[fetch.subgraph].ask(question)

    def _is_included(self, fetch: Fetch) -> bool:
        return any(field.position(self._request.coerced) is not None for field in fetch.fields)

    def _fail(self, fetch: Fetch, objects: Sequence[dict[str, Any]], error: UpstreamError) -> None:
        _log.warning("upstream failed", owner=fetch.subgraph, error=str(error)[:300])
        self.failed = True
        self._note(fetch, objects, [UNAVAILABLE])

    def _note(self, fetch: Fetch, objects: Sequence[dict[str, Any]], faults: Sequence[Fault]) -> None:
        """Note faults of objects of which the fetch answered nothing at all."""
        fields = {field.key: field for field in fetch.fields}
        for fault in faults:
            culprit = fields.get(str(fault.rest[0])) if fault.rest else None
            if culprit is not None and isinstance(culprit.type, GraphQLNonNull):
                at = {WHOLE: fault}
            elif culprit is not None:
                at = {culprit.key: replace(fault, rest=fault.rest[1:])}
            else:
                at = dict.fromkeys(fields, replace(fault, rest=()))
            for each in objects:
                for key, noted in at.items():
                    self.faults.note(each, key, [noted])
