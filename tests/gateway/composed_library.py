"""The library (tests/simulators) behind the gateway's composing part, with its monolith beside it."""

import json
import re
from collections import Counter

from library_services import SDL, Library, executable, executed
from library_world import World

from gateway.compose.execute import Executor, Operation, refused
from gateway.compose.prepare import Refusal
from gateway.compose.schema import compose
from gateway.compose.services import Remote, reply
from gateway.guards.limits import DocumentLimits
from gateway.upstream import Answer, in_process

COMPOSITION = compose(SDL)


class Composed:
    """Subgraphs behind HTTP in this process, and an executor over them."""

    def __init__(self, timeout=5.0):
        self.library = Library()
        self.clients = {name: in_process(service.app, name) for name, service in self.library.services.items()}
        services = {name: Remote(name, client, timeout) for name, client in self.clients.items()}
        self.executor = Executor(COMPOSITION, services, DocumentLimits())

    async def close(self):
        for client in self.clients.values():
            await client.aclose()

    async def respond(self, query, variables=None, name=None, authorization=None):
        """The response as the face gets it."""
        return await respond(self.executor, query, variables, name, authorization)

    async def ask(self, query, variables=None, name=None):
        """The JSON a client reads."""
        return payload(await self.respond(query, variables, name))

    async def same(self, query, variables=None):
        """The JSON a client reads, held against the monolith's: data in its order, and where errors are."""
        got, wanted = await self.ask(query, variables), monolith(query, variables)
        assert "data" in wanted, wanted
        assert json.dumps(got.get("data")) == json.dumps(wanted.get("data"))
        assert places(got) == places(wanted)
        return got

    def seen(self, name):
        """The documents a service was sent."""
        return [body["query"] for body in self.library.services[name].seen]

    def counts(self):
        """How many requests each service got."""
        return Counter({name: len(service.seen) for name, service in self.library.services.items() if service.seen})


class Direct:
    """A subgraph without HTTP: what many generated operations can afford. JSON all the same."""

    def __init__(self, service):
        self._service = service

    async def ask(self, question):
        body = {"query": question.text, "variables": json.loads(json.dumps(dict(question.variables)))}
        return reply(Answer(200, {}, json.dumps(self._service.run(body)).encode()))


DIRECT = Executor(
    COMPOSITION, {name: Direct(service) for name, service in Library().services.items()}, DocumentLimits()
)
"""An executor over the library, without HTTP; for queries only, as its world stays."""

MONOLITH = executable(COMPOSITION.sdl, World())


async def respond(executor, query, variables=None, name=None, authorization=None):
    operation = Operation(query, name, variables)
    prepared = executor.prepare(operation)
    if isinstance(prepared, Refusal):
        return refused(prepared)
    return await executor.run(prepared, operation, authorization)


def payload(response):
    return json.loads(response.payload) if isinstance(response.payload, bytes) else response.payload


def monolith(query, variables=None):
    """What one GraphQL server over the same data answers."""
    schema = executable(COMPOSITION.sdl, World()) if "mutation" in query else MONOLITH
    return executed(schema, query, variables)


def places(answered):
    """The nulls that errors explain. Of several errors behind one null a server may report any (GraphQL 6.4.4)."""
    return sorted({json.dumps(_null_on(answered.get("data"), error["path"])) for error in answered.get("errors", ())})


def _null_on(data, path):
    for depth, step in enumerate(path):
        if data is None:
            return path[:depth]
        data = data[step]
    assert data is None, path
    return path


def entities_in(text):
    """The selection a document makes of entities."""
    return re.sub(r".*_entities\([^)]*\) \{ (.*) \} \}$", r"\1", text)
