"""Real logs on a real database and a folder, with a clock the test moves.

A test marked `both_stores` that uses `files_at`, itself or through a fixture, runs once with the published files in a
folder and once with them in a bucket; every other one runs with a folder.
"""

import itertools
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from published_files import Files, Objects
from s3_server import S3Server

from audit.app import create_app
from audit.bucket import Bucket
from audit.entry import Submission
from audit.faults import Fault, no_fault
from audit.migrate import migrate
from audit.service import Log, open_log
from goodstanding.events import Leaf, commitment
from goodstanding.keys import PemSigner
from goodstanding.merkle import leaf_hash

STORES = ("folder", "bucket")
ORIGIN = "log.example/log"
TOKEN = "a-service-token"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "both_stores: run with published files in a folder and in a bucket")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "files_at" in metafunc.fixturenames and metafunc.definition.get_closest_marker("both_stores"):
        metafunc.parametrize("files_at", STORES, indirect=True)


class Clock:
    """A clock that stands still until told otherwise."""

    def __init__(self) -> None:
        self.now = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class Author:
    """Makes well-formed submissions; ids and subjects count upwards, so that a test can be read."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._numbers = itertools.count(1)

    def first(self, count: int = 1) -> list[Submission]:
        """First entries of `count` new subjects."""
        return [self._make(next(self._numbers), None, None) for _ in range(count)]

    def next(self, after: Submission) -> Submission:
        """The entry that follows another of the same subject."""
        return self._make(next(self._numbers), Leaf.decode(after.leaf).subject, leaf_hash(after.leaf))

    def erasure(self) -> Submission:
        """An erasure event; which events it names is in a body that the log does not read."""
        return self._make(next(self._numbers), None, None, "erasure")

    def _make(self, number: int, subject: bytes | None, prev: bytes | None, kind: str = "decision") -> Submission:
        event_id = f"0197c000-0000-7000-8000-{number:012x}"
        body, salt = b'{"number":%d}' % number, number.to_bytes(32, "big")
        own = subject or number.to_bytes(16, "big")
        leaf = Leaf(kind, event_id, own, prev, self._clock(), commitment(salt, body))
        return Submission(event_id, leaf.encode(), body, salt)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def author(clock: Clock) -> Author:
    return Author(clock)


@pytest.fixture(scope="session")
def signers(tmp_path_factory: pytest.TempPathFactory) -> tuple[PemSigner, PemSigner]:
    keys = tmp_path_factory.mktemp("log-keys")
    return PemSigner.create(keys / "log.pem"), PemSigner.create(keys / "log-time.pem")


@pytest.fixture(scope="session")
def s3() -> Iterator[S3Server]:
    """An S3-compatible service, started when the first test wants it."""
    server = S3Server()
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture
def bucket(s3: S3Server) -> Bucket:
    """An empty folder in a bucket."""
    return s3.bucket(uuid.uuid4().hex)


@pytest.fixture
def files_at(request: pytest.FixtureRequest, tmp_path: Path) -> Path | Bucket:
    """Where the log's published files live: nothing is there yet."""
    if getattr(request, "param", "folder") == "folder":
        return tmp_path / "log"
    there: Bucket = request.getfixturevalue("bucket")
    return there


@pytest.fixture
def published(files_at: Path | Bucket) -> Files | Objects:
    """The log's published files, for a test to see and to change."""
    return Objects(files_at) if isinstance(files_at, Bucket) else Files(files_at)


OpenLog = Callable[..., Log]


@pytest.fixture
async def open_again(
    files_at: Path | Bucket, clock: Clock, signers: tuple[PemSigner, PemSigner], copied: Callable[..., str]
) -> AsyncIterator[OpenLog]:
    """Open the test's log, as often as it is restarted."""
    own = copied("audit", migrate)
    logs: list[Log] = []

    def make(
        fault: Fault = no_fault, origin: str = ORIGIN, url: str = own, folder: Path | Bucket = files_at, **more: Any
    ) -> Log:
        log = open_log(
            url=url,
            folder=folder,
            origin=origin,
            log_signer=signers[0],
            time_signer=signers[1],
            clock=clock,
            fault=fault,
            **more,
        )
        logs.append(log)
        return log

    yield make
    for log in logs:
        await log.close()


@pytest.fixture
def backup(request: pytest.FixtureRequest, backend: str) -> Callable[[Log], Callable[[], None]]:
    """Keep the database of a closed log as it is now; returns what puts that state back."""

    def keep(log: Log) -> Callable[[], None]:
        url = log.database.url
        if backend == "postgres":
            restore: Callable[[], None] = request.getfixturevalue("postgres").keep(url)
            return restore
        file = Path(url.removeprefix("sqlite+aiosqlite:///"))  # whole: the last connection has emptied its journal
        content = file.read_bytes()

        def put_back() -> None:
            for old in file.parent.glob(f"{file.name}*"):
                old.unlink()
            file.write_bytes(content)

        return put_back

    return keep


@pytest.fixture
async def log(open_again: OpenLog) -> Log:
    """A started, empty log."""
    log = open_again()
    await log.start()
    return log


@pytest.fixture
async def client(log: Log) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(log, TOKEN), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://audit") as client:
        yield client


@pytest.fixture
def service() -> dict[str, str]:
    """Headers of a service of the house."""
    return {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def fill(author: Author) -> Callable[[Log, int], object]:
    """Append and publish a number of first entries."""

    async def filled(log: Log, count: int) -> list[Submission]:
        made = author.first(count)
        for start in range(0, count, 1000):
            await log.append(made[start : start + 1000])
        while await log.sequencer.step():
            pass
        return made

    return filled
