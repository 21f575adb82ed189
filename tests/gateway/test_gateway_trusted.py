"""Keys change while a gateway runs: it learns of the next one, and forgets what a revoked one has signed."""

import json
from datetime import timedelta

import pytest
from gateway_simulator import NUMBER, ORIGIN, new_signer

from gateway.settings import Settings
from gateway.trusted import Keys, files_of
from goodstanding.errors import TrustError
from goodstanding.trust import Trust

GOOD, CANNOT = "IN_GOOD_STANDING", "CANNOT_CONCLUDE"


def with_status_keys(trust, *keys):
    value = trust.to_json()
    value["status"][0]["keys"] = list(keys)
    return Trust.from_json(value)


class Configured:
    """The configuration as an operator changes it."""

    def __init__(self, register):
        self.register = register
        self.status, self.access = [register.status_key.public_jwk], [register.token_key.public_jwk]
        self.broken = None

    async def look(self):
        if self.broken:
            raise self.broken
        return Keys(with_status_keys(self.register.trust, *self.status), self.access)


@pytest.fixture
def configured(register):
    return Configured(register)


@pytest.fixture
async def gateway(make_gateway, configured):
    return make_gateway(look=configured.look)


async def test_a_list_signed_by_a_key_that_was_announced_is_believed_without_a_restart(register, configured, gateway):
    register.grant()
    await gateway.follow()
    following = new_signer()
    register.status_key, register.list_token = following, None
    configured.status.append(following.public_jwk)
    await gateway.follow("keys", "status-lists", "feed", "checkpoint")
    assert (await gateway.verify(NUMBER))["verdict"] == GOOD


async def test_what_a_revoked_key_signed_is_forgotten_and_asked_for_again(register, configured, gateway):
    register.grant()
    await gateway.follow()
    assert (await gateway.verify(NUMBER))["verdict"] == GOOD

    revoked = {"revoked_at": int(register.clock().timestamp()), "reason": "compromised"}
    configured.status = [register.status_key.public_jwk | {"revoked": revoked}]
    await gateway.follow("keys")
    assert (await gateway.verify(NUMBER))["verdict"] == CANNOT
    assert gateway.app.state.edge._status.woken.is_set()

    successor = new_signer()
    configured.status.append(successor.public_jwk)
    register.status_key, register.list_token = successor, None
    await gateway.follow("keys", "status-lists")
    assert (await gateway.verify(NUMBER))["verdict"] == GOOD


async def test_access_tokens_follow_their_keys(register, configured, gateway):
    await gateway.follow()
    following = new_signer()

    async def status(token):
        asked = await gateway.graphql("{ __typename }", headers={"Authorization": f"Bearer {token}"})
        return asked.status_code

    old, new = register.access_token(), register.access_token(following)
    assert (await status(old), await status(new)) == (200, 401)
    configured.access.append(following.public_jwk)
    await gateway.follow("keys")
    assert (await status(old), await status(new)) == (200, 200)
    ended = int((register.clock() + timedelta(seconds=1)).timestamp())
    configured.access[0] = register.token_key.public_jwk | {"exp": ended - 1}
    await gateway.follow("keys")
    assert (await status(old), await status(new)) == (401, 200)


async def test_a_configuration_that_cannot_be_used_changes_nothing(register, configured, gateway):
    register.grant()
    await gateway.follow()
    configured.broken = TrustError("the trust file trust.json is refused: it is cut off")
    with pytest.raises(TrustError):
        await gateway.follow("keys")
    assert (await gateway.verify(NUMBER))["verdict"] == GOOD


async def test_the_files_are_read_again_each_time(register, tmp_path, monkeypatch):
    trust, access = tmp_path / "trust.json", tmp_path / "access-keys.json"
    trust.write_text(json.dumps(register.trust.to_json()))
    access.write_text(json.dumps([register.token_key.public_jwk]))
    for name, value in (("TRUST", trust), ("ACCESS_KEYS_FILE", access), ("ORIGIN", ORIGIN)):
        monkeypatch.setenv(f"GOODSTANDING_{name}", str(value))
    look = files_of(Settings())
    first = await look()
    assert (len(first.access), first.trust) == (1, register.trust)
    access.write_text(json.dumps([register.token_key.public_jwk, new_signer().public_jwk]))
    trust.write_text(json.dumps(with_status_keys(register.trust, new_signer().public_jwk).to_json()))
    second = await look()
    assert (len(second.access), second.trust == first.trust) == (2, False)
    trust.write_text("{")
    with pytest.raises(TrustError, match="trust.json"):
        await look()
