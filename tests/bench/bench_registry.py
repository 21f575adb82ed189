"""The registry's answers over HTTP: `registry serve` with everything on, against PostGraphile on the same database.

One core has the server that is measured, the other one the load and the database. A register of 10,000 and of 150,000
organisations with four decisions each lies on PostgreSQL and on SQLite; numbers and organisations are asked for spread
over all of them. PostGraphile answers from columns (it knows no decisions), and answers the page alone: for the other
questions its answer would be to something else.
"""

import asyncio
import base64
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness import Row
from rich.progress import track

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / name) for name in ("simulators", "conformance", "processes")]

import foreign_tools  # noqa: E402
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: E402
from postgres_server import Databases, PostgresServer  # noqa: E402
from registry_plans import explain  # noqa: E402
from registry_world import ORIGIN, RegisterWorld  # noqa: E402
from topology import free_ports  # noqa: E402

from goodstanding.canonical import b64u  # noqa: E402
from goodstanding.keys import PemSigner  # noqa: E402
from goodstanding.note import VerifierKey  # noqa: E402

SMALL, LARGE = 10_000, 150_000  # organisations
ROUNDS, SECONDS, CONNECTIONS, BODIES = 5, 3.0, 16, 20_000
SERVER_CORE, OTHER_CORE = 0, 1
START_SECONDS = 60.0
PLANS = HERE.parents[1] / "build" / "registry-plans.txt"

SINGLE = """query ($number: String!) { accreditation(number: $number) {
  number standing { standing since until overlays { code } } organisation { name names { text script } }
  authority { name } scheme { name version } validFrom validUntil } }"""
AS_OF = """query ($number: String!, $at: DateTime) { accreditation(number: $number) {
  number standing(asOf: $at, knownAt: $at) { standing since knownAt treeSize } } }"""
PAGE = """query ($after: String) { accreditations(first: 50, after: $after) {
  edges { cursor node { number standing { standing since } organisation { name } } } pageInfo { endCursor hasNextPage } } }"""
CHAIN = """query ($id: ID!) { organisation(id: $id) { name supplyChain(depth: 3) {
  weakestStanding links { kind organisation { name } } } } }"""
THEIR_PAGE = """query ($after: Cursor) { allAccreditations(first: 50, after: $after, orderBy: NUMBER_ASC) {
  edges { cursor node { number publicStanding changedAt organisationByOrganisationId { name } } }
  pageInfo { endCursor hasNextPage } } }"""
QUESTIONS = {"one accreditation": SINGLE, "a past date": AS_OF, "a page of 50": PAGE, "a chain of depth 3": CHAIN}
TARGETS = {"one accreditation": 1_500.0, "a past date": 1_000.0, "a chain of depth 3": 400.0}
GROWTH = 0.85  # of the rate at 10,000 organisations that must be left at 150,000


@dataclass(slots=True)
class Served:
    """A server under way, and what it is asked."""

    address: str
    bodies: Mapping[str, bytes]
    rates: dict[str, list[float]] = field(default_factory=dict)

    def measure(self, question: str) -> None:
        """One round of one question."""
        command = [sys.executable, str(HERE / "load.py"), self.address, str(SECONDS), str(CONNECTIONS)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        os.sched_setaffinity(process.pid, {OTHER_CORE})
        said, failed = process.communicate(self.bodies[question], timeout=60)
        if process.returncode:
            raise RuntimeError(f"{question} at {self.address}: {failed.decode()[-2000:]}")
        self.rates.setdefault(question, []).append(json.loads(said)["rate"])

    def rate(self, question: str) -> float:
        """The median of its rounds."""
        return statistics.median(self.rates[question])


def rows() -> Iterable[Row]:
    """Measure."""
    with ExitStack() as stack:
        server = PostgresServer()
        stack.callback(server.close)
        server.start()
        os.sched_setaffinity(server.pid, {OTHER_CORE})
        databases, folder = Databases(server.url), Path(stack.enter_context(tempfile.TemporaryDirectory()))
        served, theirs = {}, None
        for size in (SMALL, LARGE):
            for kind, url in (("PostgreSQL", databases.empty()), ("SQLite", f"sqlite+aiosqlite:///{folder}/{size}.db")):
                world = RegisterWorld()
                asyncio.run(world.fill(url, size))
                served[kind, size] = Served(stack.enter_context(_registry(url, folder)), _bodies(world))
                if (kind, size) == ("PostgreSQL", LARGE):
                    PLANS.parent.mkdir(exist_ok=True)
                    PLANS.write_text(asyncio.run(explain(url, world)))
                    address = stack.enter_context(_postgraphile(url))
                    theirs = Served(address, {"a page of 50": _lines(_their_pages(address, world))})
        assert theirs is not None
        for _ in track(range(ROUNDS), description="asking"):
            for one in served.values():
                for question in QUESTIONS:
                    one.measure(question)
            theirs.measure("a page of 50")
    yield from _table(served, theirs)


def _table(served: Mapping[tuple[str, int], Served], theirs: Served) -> Iterator[Row]:
    for (kind, size), one in served.items():
        for question in QUESTIONS:
            name, rounds = f"{question}, {kind}, {size:,}", {"ours": one.rates[question]}
            asked = (kind, size) == ("PostgreSQL", LARGE)
            if asked and question == "a page of 50":
                rounds |= {"reference": theirs.rates[question]}
                other = theirs.rate(question)
                yield Row(name, one.rate(question), "1/s", "PostGraphile, a page of columns", other,
                          one.rate(question) / other, 1.0, rounds=rounds)  # fmt: skip
            else:
                yield Row(
                    name, one.rate(question), "1/s", target=TARGETS.get(question) if asked else None, rounds=rounds
                )
    for kind in ("PostgreSQL", "SQLite"):
        for question in QUESTIONS:
            small, large = served[kind, SMALL].rate(question), served[kind, LARGE].rate(question)
            target = GROWTH if kind == "PostgreSQL" else None
            yield Row(
                f"{question}, {kind}, growth", large, "1/s", f"at {SMALL:,} organisations", small, large / small, target
            )


def _bodies(world: RegisterWorld) -> dict[str, bytes]:
    choose = random.Random(7)
    organisations, at = choose.choices(world.organisations, k=BODIES), "2026-01-05T12:00:00Z"
    numbers = _some(world)
    return {
        "one accreditation": _lines({"query": SINGLE, "variables": {"number": one}} for one in numbers),
        "a past date": _lines({"query": AS_OF, "variables": {"number": one, "at": at}} for one in numbers),
        "a page of 50": _lines({"query": PAGE, "variables": {"after": b64u(one.encode())}} for one in numbers),
        "a chain of depth 3": _lines({"query": CHAIN, "variables": {"id": one}} for one in organisations),
    }


def _some(world: RegisterWorld) -> list[str]:
    """Numbers from anywhere but the very end, so that each page is full."""
    return random.Random(8).choices(sorted(world.numbers)[:-100], k=BODIES)


def _their_pages(address: str, world: RegisterWorld) -> Iterator[Any]:
    """The same pages as ours; a cursor of theirs is the name of an order, and where it goes on."""
    first = _asked(address, {"query": THEIR_PAGE})["data"]["allAccreditations"]["pageInfo"]["endCursor"]
    order, _ = json.loads(base64.b64decode(first))
    for one in _some(world):
        after = base64.b64encode(json.dumps([order, one], separators=(",", ":")).encode()).decode()
        yield {"query": THEIR_PAGE, "variables": {"after": after}}


def _asked(address: str, question: Any) -> Any:
    request = urllib.request.Request(
        f"http://{address}/graphql", json.dumps(question).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=5) as answer:
        return json.load(answer)


def _lines(questions: Iterable[Any]) -> bytes:
    return b"\n".join(json.dumps(one, separators=(",", ":")).encode() for one in questions)


@contextmanager
def _registry(url: str, folder: Path) -> Iterator[str]:
    """`registry serve`, without workers: nothing is decided here."""
    keys = [PemSigner(Ed25519PrivateKey.generate()) for _ in range(2)]
    vkeys = (
        VerifierKey.ed25519("log.example", keys[0].public_bytes),
        VerifierKey.cosigner("log.example/t", keys[1].public_bytes),
    )
    settings = {
        "GOODSTANDING_ORIGIN": ORIGIN, "GOODSTANDING_DATABASE_URL": url, "GOODSTANDING_VAR": str(folder / "var"),
        "GOODSTANDING_AUDIT_TOKEN": "measured", "GOODSTANDING_LOG_VKEY": vkeys[0].encode(),
        "GOODSTANDING_LOG_TIME_VKEY": vkeys[1].encode(), "GOODSTANDING_REGISTRY_PORT": str(port := free_ports(1)[0]),
        "GOODSTANDING_LOG_LEVEL": "warning",
    }  # fmt: skip
    command = [str(Path(sys.executable).with_name("registry")), "serve", "--no-workers"]
    with _running(command, settings, f"127.0.0.1:{port}", folder) as address:
        yield address


@contextmanager
def _postgraphile(url: str) -> Iterator[str]:
    """PostGraphile as its own server, with its caches, in production mode."""
    node, npm = foreign_tools.install_node()
    packages = foreign_tools.install_packages(HERE.parents[1] / "build" / "bench", node, npm, HERE / "postgraphile")
    port = free_ports(1)[0]
    command = [
        str(node), str(packages / "node_modules" / "postgraphile" / "dist" / "cli-run.js"),
        "-P", "postgraphile/presets/amber", "-c", url.replace("+asyncpg", ""), "-s", "public",
        "-n", "127.0.0.1", "-p", str(port),
    ]  # fmt: skip
    production = {"NODE_ENV": "production", "GRAPHILE_ENV": "production"}
    with _running(command, production, f"127.0.0.1:{port}", packages) as address:
        yield address


@contextmanager
def _running(command: list[str], environment: Mapping[str, str], address: str, folder: Path) -> Iterator[str]:
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, cwd=folder, env={**os.environ, **environment}, stdout=said, stderr=said)
        os.sched_setaffinity(process.pid, {SERVER_CORE})
        try:
            _answering(process, address)
            yield address
        except NotAnswering as error:
            said.seek(0)
            raise NotAnswering(f"{command[0]}: {error}\n{said.read().decode()[-2000:]}") from error
        finally:
            process.terminate()
            process.wait(20)


class NotAnswering(Exception):
    """A server did not start."""


def _answering(process: "subprocess.Popen[bytes]", address: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            _asked(address, {"query": "{ __typename }"})
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise NotAnswering(f"it does not answer at {address}")
