"""What the differential test starts from: the foreign tools, three gateways at work, and the table by trap."""

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
BESIDE = [HERE.parents[1] / name for name in ("simulators", "processes")]
sys.path[:0] = [str(folder) for folder in (HERE, HERE.parent, *BESIDE)]

from compose_engines import started  # noqa: E402
from compose_table import Table  # noqa: E402
from compose_tools import MEASURED, install, versions  # noqa: E402
from foreign_tools import BUILD  # noqa: E402

TABLE = pytest.StashKey[Table]()


@pytest.fixture(scope="session")
def compose_tools():
    """The foreign tools; the first run on a machine installs them."""
    return install()


@pytest.fixture(scope="session")
def engines(compose_tools, tmp_path_factory):
    """Three gateways over one library."""
    with started(compose_tools, tmp_path_factory.mktemp("engines")) as engines:
        yield engines


@pytest.fixture(scope="session")
def compose_table(request):
    """Where outcomes are noted."""
    return request.config.stash.setdefault(TABLE, Table())


def pytest_terminal_summary(terminalreporter, config):
    table = config.stash.get(TABLE, None)
    if table is not None and table.rows:
        table.write(BUILD / MEASURED.name, versions())
        terminalreporter.section("composition")
        for line in table.lines(versions()):
            terminalreporter.write_line(line)
