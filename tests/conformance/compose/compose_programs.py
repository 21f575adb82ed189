"""Gateways as programs of their own, and how Hive Gateway and Grafbase are started before given subgraphs."""

import json
import os
import signal
import socket
import subprocess
import time
from dataclasses import dataclass

import httpx

START_SECONDS = 60
STOP_SECONDS = 10


class NotStarted(Exception):
    """A gateway did not come up; the message ends with what it printed."""


@dataclass(frozen=True)
class Subgraph:
    """A subgraph as stock gateways are told of it; `token` is what it wants to be shown instead of the client's."""

    sdl: str
    address: str
    token: str | None = None


class Program:
    """A gateway that is a program of its own; it runs in a session of its own, so that it ends with all it started."""

    def __init__(self, name, command, folder, probe, **environment):
        self._name = name
        self._probe = probe
        self._port = free_port()
        self._command = [str(word) for word in (*command, "--port", self._port)]
        self._folder = folder
        self._printed = folder / f"{name}.log"
        self._environment = {**os.environ, "NO_PROXY": "127.0.0.1", "NO_COLOR": "1", **environment}
        self._process = None
        self.origin = f"http://127.0.0.1:{self._port}"

    def start(self):
        """Start it and wait until it answers; NotStarted."""
        with self._printed.open("wb") as output:
            self._process = subprocess.Popen(
                self._command, cwd=self._folder, env=self._environment, stdout=output, stderr=output,
                stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
        wait_for(self._name, lambda: self._answers() or self._process.poll() is not None, self._said)
        if self._process.poll() is not None:
            raise NotStarted(f"{self._name} exited {self._process.returncode}:\n{self._said()}")

    def stop(self):
        """End it and those it started."""
        for number in (signal.SIGTERM, signal.SIGKILL) if self._process else ():
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
            answered = httpx.post(f"{self.origin}/graphql", json={"query": self._probe}, timeout=2, trust_env=False)
        except httpx.HTTPError:
            return False
        return answered.status_code == httpx.codes.OK

    def _said(self):
        return self._printed.read_text("utf-8", "replace")[-3000:]


@dataclass
class Stock:
    """What the stock gateways are started from: tools, a folder, subgraphs by name, and a query they must answer."""

    tools: object
    folder: object
    subgraphs: dict
    probe: str
    forwarded: bool = False  # whether subgraphs without a token of their own get the client's

    def hive(self, name, supergraph):
        """Hive Gateway on a supergraph's text."""
        schema, config = self.folder / "supergraph.graphql", self.folder / "gateway.config.mjs"
        schema.write_text(supergraph, "utf-8")
        config.write_text(self._hive_config(), "utf-8")
        node = self.tools.node
        command = [node, self.tools.hive, "supergraph", schema, "--host", "127.0.0.1", "--config-path", config]
        path = f"{node.parent}{os.pathsep}{os.environ['PATH']}"
        return Program(name, command, self.folder, self.probe, PATH=path)

    def grafbase(self, name):
        """Grafbase, which composes the subgraphs itself."""
        parts = ["[graph]\nintrospection = true\n"]
        for each, subgraph in self.subgraphs.items():
            schema = self.folder / f"{each}.graphql"
            schema.write_text(subgraph.sdl, "utf-8")
            parts.append(f'[subgraphs.{each}]\nurl = "{subgraph.address}"\nschema_path = "{schema}"\n')
            if subgraph.token is not None or self.forwarded:
                what = 'rule = "forward"' if subgraph.token is None else f'rule = "insert"\nvalue = "{subgraph.token}"'
                parts.append(f'[[subgraphs.{each}.headers]]\nname = "authorization"\n{what}\n')
        config = self.folder / "grafbase.toml"
        config.write_text("\n".join(parts), "utf-8")
        command = [self.tools.grafbase, "dev", "--config", config]
        return Program(name, command, self.folder, self.probe, HOME=str(self.folder))

    def _hive_config(self):
        own = {name: subgraph.token for name, subgraph in self.subgraphs.items() if subgraph.token is not None}
        clients = "request.headers.get('authorization')" if self.forwarded else "null"
        return (
            f"const own = {json.dumps(own)}\n"
            "export const gatewayConfig = { propagateHeaders: { fromClientToSubgraphs({ request, subgraphName }) {\n"
            f"  const authorization = own[subgraphName] ?? {clients}\n"
            "  return authorization ? { authorization } : {}\n"
            "} } }\n"
        )


def free_port():
    """A port nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def wait_for(what, is_done, printed):
    """Wait until something is done; NotStarted."""
    end = time.monotonic() + START_SECONDS
    while not is_done():
        if time.monotonic() > end:
            raise NotStarted(f"{what} did not answer within {START_SECONDS} s; it printed:\n{printed()}")
        time.sleep(0.05)
