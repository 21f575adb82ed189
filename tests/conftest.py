"""What tests of several folders share: databases of either kind, each fresh for its test.

A test marked `both_backends` that uses `backend`, itself or through a fixture, runs once on SQLite and once on
PostgreSQL; every other one runs on SQLite, or on what TEST_BACKEND says: TEST_BACKEND=postgres puts the whole suite there.
TEST_POSTGRES_URL names a server to use instead of one started here.
"""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

sys.path.insert(0, str(Path(__file__).resolve().parent / "simulators"))

from postgres_server import Databases, PostgresServer, in_a_thread

BACKENDS = ("sqlite", "postgres")

Make = Callable[[str], None]
Copied = Callable[[str, Make], str]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "both_backends: run on SQLite and on PostgreSQL")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "backend" in metafunc.fixturenames and metafunc.definition.get_closest_marker("both_backends"):
        metafunc.parametrize("backend", BACKENDS, indirect=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Databases]:
    """Databases on a PostgreSQL server, which is started when the first test wants it."""
    if url := os.environ.get("TEST_POSTGRES_URL"):
        databases = Databases(make_url(url))
        yield databases
        databases.close()
        return
    server = PostgresServer()
    try:
        server.start()
        yield Databases(server.url)
    finally:
        server.close()


@pytest.fixture
def backend(request: pytest.FixtureRequest) -> str:
    """The kind of database a test runs on: sqlite or postgres."""
    return str(getattr(request, "param", os.environ.get("TEST_BACKEND", "sqlite")))


@pytest.fixture
def empty_database(request: pytest.FixtureRequest, backend: str, tmp_path: Path) -> Iterator[str]:
    """The async SQLAlchemy URL of a database without tables; on SQLite there is not even a file yet."""
    if backend == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path / 'folder' / 'empty.db'}"
        return
    databases: Databases = request.getfixturevalue("postgres")
    url = databases.empty()
    yield url
    databases.drop(url)


@pytest.fixture(scope="session")
def sqlite_templates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of SQLite files that tests get copies of."""
    return tmp_path_factory.mktemp("sqlite-templates")


@pytest.fixture
def copied(request: pytest.FixtureRequest, backend: str, tmp_path: Path, sqlite_templates: Path) -> Iterator[Copied]:
    """Copy a database that is made once: `copied(name, make)` returns the copy's async SQLAlchemy URL.

    `make` fills the database at the URL it is given; names are unique among all tests. The copy of a test that
    runs on SQLite is the file `<name>.db` in `tmp_path`.
    """
    if backend == "sqlite":

        def copy(name: str, make: Make) -> str:
            template, own = sqlite_templates / f"{name}.db", tmp_path / f"{name}.db"
            if not template.exists():
                in_a_thread(make, f"sqlite+aiosqlite:///{template}")
            shutil.copy(template, own)
            return f"sqlite+aiosqlite:///{own}"

        yield copy
        return

    databases: Databases = request.getfixturevalue("postgres")
    made: list[str] = []

    def clone(name: str, make: Make) -> str:
        made.append(databases.copy(name, make))
        return made[-1]

    yield clone
    for url in made:
        databases.drop(url)
