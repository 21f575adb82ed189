"""Lets the tests of this folder import the simulators, which are shared with the makers of vectors."""

import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS / "simulators"))


@pytest.fixture(scope="session")
def vector_folder():
    """tests/vectors."""
    return TESTS / "vectors"
