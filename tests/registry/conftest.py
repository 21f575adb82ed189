"""What the registry's tests share. This folder's simulators are imported by name, so the folder is put on the path."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from administration_world import Offices, appoint
from assessment_world import Bureau
from core_world import CoreWorld, found
from issuance_world import World, make_tables


@pytest.fixture
async def world(tmp_path, copied):
    """A small register with issuance and a simulated log; see `issuance_world.py`."""
    opened = await World(tmp_path, copied("registry-tables", make_tables)).open()
    yield opened
    await opened.close()


@pytest.fixture
async def register(tmp_path, copied):
    """A whole register with its subgraph; see `core_world.py`."""
    opened = CoreWorld(tmp_path, copied("registry-founded", found))
    yield opened
    await opened.close()


@pytest.fixture
async def offices(register):
    """A whole register with those who administer it; see `administration_world.py`."""
    await appoint(register)
    return Offices(register)


@pytest.fixture
async def bureau(register):
    """A whole register with assessors; see `assessment_world.py`."""
    bureau = Bureau(register)
    await bureau.found()
    return bureau
