"""What the registry's tests share. This folder's simulators are imported by name, so the folder is put on the path."""

import asyncio
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from registry.tables import METADATA

sys.path.insert(0, str(Path(__file__).resolve().parent))

from core_world import CoreWorld, founded
from issuance_world import World


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory):
    """A SQLite file with every table and no row, to be copied: faster than making the tables for each test."""
    path = tmp_path_factory.mktemp("template") / "registry.db"
    engine = create_engine(f"sqlite:///{path}")
    METADATA.create_all(engine)
    engine.dispose()
    return path


@pytest.fixture
async def world(tmp_path, empty_database):
    """A small register with issuance and a simulated log; see `issuance_world.py`."""
    opened = await World(tmp_path).open(empty_database)
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
def founded_database(tmp_path_factory):
    """A migrated and founded database to copy: founding takes longer than most tests."""
    path = tmp_path_factory.mktemp("founded") / "registry.db"
    asyncio.run(founded(path))
    return path


@pytest.fixture
async def register(tmp_path, founded_database):
    """A whole register with its subgraph; see `core_world.py`."""
    opened = CoreWorld(tmp_path, founded_database)
    yield opened
    await opened.close()
