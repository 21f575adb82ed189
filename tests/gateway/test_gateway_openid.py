"""The gateway's door for tokens of an OpenID Connect provider."""

from datetime import UTC, datetime, timedelta

import pytest
from openid_simulator import ISSUER, OpenIdSimulator
from pydantic import ValidationError

from gateway.app import guard_of
from gateway.guards.openid import OpenIdGuard
from gateway.guards.tokens import TokenGuard, TokenRefused
from gateway.settings import Settings
from goodstanding.openid_reader import FRESH, RELOAD

HERE = "https://register.example"


class Time:
    def __init__(self):
        self.now = datetime(2026, 5, 4, 9, tzinfo=UTC)

    def __call__(self):
        return self.now


class Gate:
    """A guard, and the provider it reads keys of."""

    def __init__(self):
        self.clock = Time()
        self.provider = OpenIdSimulator(self.clock)
        self.guard = OpenIdGuard(ISSUER, HERE, ("ES256",), self.clock, self.provider.read)

    async def caller(self, token=None):
        return (await self.guard.caller(f"Bearer {token or self.provider.token('u-17', HERE)}")).subject

    async def refusal(self, token=None):
        with pytest.raises(TokenRefused) as refused:
            await self.caller(token)
        return refused.value.reason


@pytest.fixture
def gate():
    return Gate()


async def test_a_token_of_the_provider_is_known_and_nobody_without_one(gate):
    assert await gate.guard.caller(None) is None
    assert await gate.caller() == "u-17"
    assert await gate.refusal(gate.provider.token("u-17", "https://other.example")) == "WRONG_AUDIENCE"
    assert await gate.refusal("x") == "NOT_COMPACT"
    with pytest.raises(TokenRefused, match="Bearer"):
        await gate.guard.caller("Basic eA==")
    assert len(gate.provider.reads) == 2


async def test_keys_are_learnt_on_demand_and_outlast_the_provider(gate):
    old = gate.provider.token("u-17", HERE)
    await gate.caller()
    gate.provider.away = True
    gate.clock.now += FRESH
    assert await gate.caller(old) == "u-17"
    await gate.guard._reader._refresh

    gate.provider.rotate("second")
    assert await gate.refusal() == "UNKNOWN_KEY"
    gate.provider.away = False
    assert await gate.refusal() == "UNKNOWN_KEY", "at most one look in a second"
    gate.clock.now += RELOAD
    assert await gate.caller() == "u-17"
    gate.provider.rotate("third", "EdDSA")
    gate.clock.now += timedelta(minutes=1)
    assert await gate.refusal() == "WRONG_ALG", "an algorithm that was not pinned"


def test_the_settings_say_whose_tokens_count():
    clock = Time()
    assert isinstance(guard_of(Settings(), clock), TokenGuard)
    assert isinstance(guard_of(Settings(oidc_issuer=ISSUER), clock), OpenIdGuard)
    with pytest.raises(ValidationError):
        Settings(oidc_issuer="http://login.example")
