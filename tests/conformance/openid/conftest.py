"""A register whose members sign in at a provider that is not ours."""

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "registry")]

from core_world import HOME  # noqa: E402
from openid_provider import OpenIdProvider  # noqa: E402


@pytest.fixture
def provider():
    """`oidc-provider`; the first run on a machine installs it."""
    started = OpenIdProvider(HOME)
    yield started
    started.stop()
