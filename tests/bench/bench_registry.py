"""The registry's answers over HTTP: `registry serve` with everything on, against PostGraphile on the same database.

One core has the server that is measured, the other one the load and the database. A register of 10,000 and of 150,000
organisations with four decisions each lies on PostgreSQL and on SQLite; numbers and organisations are asked for spread
over all of them. PostGraphile answers from columns (it knows no decisions), and answers the page alone: for the other
questions its answer would be to something else.
"""

import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness import Row, machine

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "simulators"), str(HERE.parent / "conformance")]

import foreign_tools  # noqa: E402
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: E402
from postgres_server import Databases, PostgresServer  # noqa: E402
from registry_world import ORIGIN, RegisterWorld  # noqa: E402

from goodstanding.note import VerifierKey  # noqa: E402

SMALL, LARGE = 10_000, 150_000  # organisations
ROUNDS, SECONDS, CONNECTIONS, BODIES = 5, 3.0, 16, 20_000
SERVER_CORE, OTHER_CORE = "0", "1"
START_SECONDS = 60.0

SINGLE = """query ($number: String!) { accreditation(number: $number) {
  number standing { standing since until overlays { code } } organisation { name names { text script } }
  authority { name } scheme { name version } validFrom validUntil } }"""
AS_OF = """query ($number: String!, $at: DateTime) { accreditation(number: $number) {
  number standing(asOf: $at, knownAt: $at) { standing since knownAt treeSize } } }"""
PAGE = """query ($after: String) { accreditations(first: 50, after: $after) {
  edges { cursor node { number standing { standing since } organisation { name } } } pageInfo { endCursor hasNextPage } } }"""
CHAIN = """query ($id: ID!) { organisation(id: $id) { name supplyChain(depth: 3) {
  weakestStanding links { kind organisation { name } } } } }"""
THEIR_PAGE = """query ($after: Cursor) { allAccreditations(first: 50, after: $after, orderBy: PRIMARY_KEY_ASC) {
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
        done = subprocess.run(
            _pinned(OTHER_CORE, command), input=self.bodies[question], capture_output=True, timeout=60, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{question} at {self.address}: {done.stderr.decode()[-2000:]}")
        self.rates.setdefault(question, []).append(json.loads(done.stdout)["rate"])

    def rate(self, question: str) -> float:
        """The median of its rounds."""
        return statistics.median(self.rates[question])


def rows() -> Iterable[Row]:
    """Measure."""
    with ExitStack() as stack:
        server = PostgresServer()
        stack.callback(server.close)
        server.start()
        _pin(server.pid, OTHER_CORE)
        databases = Databases(server.url)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        served: dict[tuple[str, int], Served] = {}
        for size in (SMALL, LARGE):
            for kind, url in (("PostgreSQL", databases.empty()), ("SQLite", f"sqlite+aiosqlite:///{folder}/{size}.db")):
                world = RegisterWorld()
                asyncio.run(world.fill(url, size))
                address = stack.enter_context(_registry(url, folder))
                served[kind, size] = Served(address, _bodies(world))
                if (kind, size) == ("PostgreSQL", LARGE):
                    plans(url, world)
                    bodies = {"a page of 50": _lines({"query": THEIR_PAGE, "variables": {}} for _ in range(1))}
                    theirs = Served(stack.enter_context(_postgraphile(url, server.url.port)), bodies)
        for _ in range(ROUNDS):
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
    numbers = choose.choices(world.numbers, k=BODIES)
    organisations = choose.choices(world.organisations, k=BODIES)
    at = "2026-01-05T12:00:00Z"
    return {
        "one accreditation": _lines({"query": SINGLE, "variables": {"number": one}} for one in numbers),
        "a past date": _lines({"query": AS_OF, "variables": {"number": one, "at": at}} for one in numbers),
        "a page of 50": _lines({"query": PAGE, "variables": {}} for _ in range(1)),
        "a chain of depth 3": _lines({"query": CHAIN, "variables": {"id": one}} for one in organisations),
    }


def _lines(questions: Iterable[Any]) -> bytes:
    return b"\n".join(json.dumps(one, separators=(",", ":")).encode() for one in questions)
