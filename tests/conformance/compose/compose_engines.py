"""Three gateways in front of the same three services: ours, Hive Gateway, Grafbase. Each is asked over HTTP."""

import asyncio
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import httpx
import uvicorn
from compose_programs import STOP_SECONDS, Stock, Subgraph, free_port, wait_for
from fastapi import FastAPI
from library_services import SDL, Library
from library_world import World

from gateway.compose.services import Remote
from gateway.compose.subgraphs import Supergraph
from gateway.faces import graphql
from gateway.guards.limits import DocumentLimits
from gateway.guards.tokens import TokenGuard
from gateway.upstream import over_http
from goodstanding.clock import system_clock

OURS, HIVE, GRAFBASE = "goodstanding", "Hive Gateway", "Grafbase"
ANSWER_SECONDS = 10


def answer_of(gateway, case, **headers):
    """The JSON a gateway answers a case with. None when it does not answer; it is started again then."""
    body = {"query": case.query} | ({} if case.variables is None else {"variables": case.variables})
    try:
        address = f"{gateway.origin}/graphql"
        return httpx.post(address, json=body, headers=headers, timeout=ANSWER_SECONDS, trust_env=False).json()
    except httpx.TimeoutException:
        gateway.restart()
        return None


class Engines:
    """The gateways by name, and the library whose services they ask."""

    def __init__(self, library, gateways):
        self.library = library
        self._gateways = gateways

    def ask(self, engine, case):
        """What a gateway answers a case with, the library being as it was."""
        vars(self.library.world).update(vars(World()))
        for name, service in self.library.services.items():
            service.instead = case.broken.get(name)
        return answer_of(self._gateways[engine], case)


@dataclass
class Served:
    """A gateway of ours, which others start and stop."""

    origin: str


@contextmanager
def started(tools, folder):
    """Start the services and the gateways; all are stopped at the end. NotStarted when one does not come up."""
    library = Library()
    with ExitStack() as stack:
        addresses = {
            name: f"{stack.enter_context(serving(service.app))}/graphql" for name, service in library.services.items()
        }
        subgraphs = {name: Subgraph(SDL[name], address) for name, address in addresses.items()}
        stock = Stock(tools, folder, subgraphs, probe="{ desk { open } }")
        supergraph = tools.compose(SDL, addresses)["supergraph"]
        programs = {HIVE: stock.hive(HIVE, supergraph), GRAFBASE: stock.grafbase(GRAFBASE)}
        for program in programs.values():
            stack.callback(program.stop)
            program.start()
        yield Engines(library, {OURS: Served(stack.enter_context(serving(_ours(addresses)))), **programs})


@contextmanager
def serving(app):
    """Serve an ASGI application from a thread; its origin."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="critical", lifespan="on"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_for("a server of ours", lambda: server.started, lambda: "nothing")
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(STOP_SECONDS)


def _ours(addresses):
    """Our gateway's GraphQL face over the library instead of registry, log and edge."""
    clients = {name: over_http(address.removesuffix("/graphql")) for name, address in addresses.items()}
    supergraph = Supergraph({name: Remote(name, client) for name, client in clients.items()}, DocumentLimits())

    async def lifespan(_app):
        await supergraph.refresh()
        yield
        await asyncio.gather(*(client.aclose() for client in clients.values()))

    app = FastAPI(lifespan=lifespan)
    app.include_router(graphql.routes(supergraph, TokenGuard([], "http://test", system_clock), graphiql=False))
    return app
