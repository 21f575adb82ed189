"""Three gateways in front of the same three services: ours, Hive Gateway, Grafbase. Each is asked over HTTP."""

import asyncio
import os
import signal
import socket
import subprocess
import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import httpx
import uvicorn
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
START_SECONDS = 60
ANSWER_SECONDS = 10
STOP_SECONDS = 10


class NotStarted(Exception):
    """A gateway did not come up; the message ends with what it printed."""


class Engines:
    """The gateways by name, and the library whose services they ask."""

    def __init__(self, library, gateways):
        self.library = library
        self._gateways = gateways

    def ask(self, engine, case):
        """The JSON a gateway answers a case with, the library being as it was.

        None when it does not answer; it is started again then.
        """
        vars(self.library.world).update(vars(World()))
        for name, service in self.library.services.items():
            service.instead = case.broken.get(name)
        body = {"query": case.query} | ({} if case.variables is None else {"variables": case.variables})
        try:
            address = f"{self._gateways[engine].origin}/graphql"
            return httpx.post(address, json=body, timeout=ANSWER_SECONDS, trust_env=False).json()
        except httpx.TimeoutException:
            self._gateways[engine].restart()
            return None


class Program:
    """A gateway that is a program of its own; it runs in a session of its own, so that it ends with all it started."""

    def __init__(self, name, command, folder, **environment):
        self._name = name
        self._port = free_port()
        self._command = [str(word) for word in (*command, "--port", self._port)]
        self._folder = folder
        self._printed = folder / f"{name}.log"
        self._environment = {**os.environ, "NO_PROXY": "127.0.0.1", "NO_COLOR": "1", **environment}
        self.origin = f"http://127.0.0.1:{self._port}"

    def start(self):
        """Start it and wait until it answers; NotStarted."""
        with self._printed.open("wb") as output:
            self._process = subprocess.Popen(
                self._command, cwd=self._folder, env=self._environment, stdout=output, stderr=output,
                stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
        _await(self._name, lambda: self._answers() or self._process.poll() is not None, self._said)
        if self._process.poll() is not None:
            raise NotStarted(f"{self._name} exited {self._process.returncode}:\n{self._said()}")

    def stop(self):
        """End it and those it started."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self._process.pid, number)
                self._process.wait(STOP_SECONDS)
            except ProcessLookupError:
                return
            except subprocess.TimeoutExpired:
                continue

    def restart(self):
        """Stop it and start it again."""
        self.stop()
        self.start()

    def _answers(self):
        try:
            body = {"query": "{ desk { open } }"}
            answered = httpx.post(f"{self.origin}/graphql", json=body, timeout=2, trust_env=False)
        except httpx.HTTPError:
            return False
        return answered.status_code == httpx.codes.OK

    def _said(self):
        return self._printed.read_text("utf-8", "replace")[-3000:]


@dataclass
class Served:
    """A gateway in this process."""

    origin: str


@contextmanager
def started(tools, folder):
    """Start the services and the gateways; all are stopped at the end. NotStarted when one does not come up."""
    library = Library()
    with ExitStack() as stack:
        addresses = {
            name: f"{stack.enter_context(serving(service.app))}/graphql" for name, service in library.services.items()
        }
        supergraph = folder / "supergraph.graphql"
        supergraph.write_text(tools.compose(SDL, addresses)["supergraph"], "utf-8")
        hive = [tools.node, tools.hive, "supergraph", supergraph, "--host", "127.0.0.1"]
        grafbase = [tools.grafbase, "dev", "--config", _grafbase(folder, addresses)]
        path = f"{tools.node.parent}{os.pathsep}{os.environ['PATH']}"
        programs = {
            HIVE: Program(HIVE, hive, folder, PATH=path),
            GRAFBASE: Program(GRAFBASE, grafbase, folder, HOME=str(folder)),
        }
        for program in programs.values():
            stack.callback(program.stop)
            program.start()
        yield Engines(library, {OURS: Served(stack.enter_context(serving(_ours(addresses)))), **programs})


def free_port():
    """A port nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextmanager
def serving(app):
    """Serve an ASGI application from a thread; its origin."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="critical", lifespan="on"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    _await("a server of ours", lambda: server.started, lambda: "nothing")
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


def _grafbase(folder, addresses):
    parts = ["[graph]\nintrospection = true\n"]
    for name, address in addresses.items():
        schema = folder / f"{name}.graphql"
        schema.write_text(SDL[name], "utf-8")
        parts.append(f'[subgraphs.{name}]\nurl = "{address}"\nschema_path = "{schema}"\n')
    config = folder / "grafbase.toml"
    config.write_text("\n".join(parts), "utf-8")
    return config


def _await(what, is_done, printed):
    end = time.monotonic() + START_SECONDS
    while not is_done():
        if time.monotonic() > end:
            raise NotStarted(f"{what} did not answer within {START_SECONDS} s; it printed:\n{printed()}")
        time.sleep(0.05)
