"""Where keys are, by the settings: in files, or in a token beside the files of before."""

from dataclasses import dataclass, field

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import ValidationError

from goodstanding.errors import KeyAway, KeyRefused
from goodstanding.keys import PemSigner
from registry.issuance.key_files import KeyFolder
from registry.issuance.key_tokens import Pkcs11Vault
from registry.issuance.keys import KeyStore
from registry.issuance.vaults import vault_of
from registry.settings import Settings


@dataclass
class TokenSimulator:
    """Keys by label, as a token has them: two of one label where both were made at the same moment."""

    keys: dict = field(default_factory=dict)

    def find(self, label):
        return sorted(self.keys.get(label, []), key=lambda signer: signer.kid)

    def make(self, label):
        if not self.find(label):
            self.twin(label)
        return self.find(label)

    def twin(self, label):
        self.keys.setdefault(label, []).append(PemSigner(Ed25519PrivateKey.generate()))
        return self.keys[label][-1]


@pytest.fixture
def token():
    return TokenSimulator()


@pytest.fixture
def vault(token, tmp_path):
    return Pkcs11Vault(token, KeyFolder(tmp_path / "keys"))


def test_without_a_module_keys_are_files(tmp_path):
    vault = vault_of(Settings(var=tmp_path))
    made = vault.make("aut_labour", "record", 1)
    assert (tmp_path / "keys" / "aut_labour.record.pem").is_file()
    assert vault.signer("aut_labour", "record", 1, made.kid).kid == made.kid
    assert vault.signer("aut_labour", "record", 2, made.kid) is None


def test_with_a_module_they_are_in_a_token_that_is_opened_when_needed(tmp_path):
    (tmp_path / "pin").write_text("1234")
    vault = vault_of(
        Settings(var=tmp_path, pkcs11_module=tmp_path / "none.so", pkcs11_token="r", pkcs11_pin_file=tmp_path / "pin")
    )
    with pytest.raises(KeyRefused, match="there is no PKCS#11 module"):
        vault.make("aut_labour", "record", 1)


@pytest.mark.parametrize("left_out", ["pkcs11_token", "pkcs11_pin_file"])
def test_a_module_without_its_token_is_no_setting(tmp_path, left_out):
    given = {"pkcs11_module": tmp_path / "m.so", "pkcs11_token": "r", "pkcs11_pin_file": tmp_path / "pin"}
    with pytest.raises(ValidationError, match="needs pkcs11_token and pkcs11_pin_file"):
        Settings(**{name: value for name, value in given.items() if name != left_out})


def test_a_key_is_made_once_and_known_by_its_label(vault, token):
    made = vault.make("aut_labour", "record", 2)
    assert list(token.keys) == ["aut_labour.record.2"]
    assert vault.make("aut_labour", "record", 2).kid == made.kid
    assert vault.signer("aut_labour", "record", 2, made.kid).kid == made.kid
    assert vault.signer("aut_labour", "record", 1, made.kid) is None


def test_of_two_keys_with_one_label_the_one_that_was_committed_counts(vault, token):
    kids = {token.twin("aut_labour.record.1").kid, token.twin("aut_labour.record.1").kid}
    assert {vault.signer("aut_labour", "record", 1, kid).kid for kid in kids} == kids
    assert vault.make("aut_labour", "record", 1).kid == min(kids), "and while none is, everybody takes the same"
    assert vault.signer("aut_labour", "record", 1, "another").kid in kids, "whoever asked sees that it is not theirs"


def test_what_was_made_in_a_file_before_signs_until_it_has_a_successor(vault, token, tmp_path):
    before = KeyFolder(tmp_path / "keys").make("aut_labour", "record", 1)
    assert vault.signer("aut_labour", "record", 1, before.kid).kid == before.kid
    assert token.keys == {}
    after = vault.make("aut_labour", "record", 2)
    assert token.find("aut_labour.record.2") == [after]
    assert [file.name for file in (tmp_path / "keys").iterdir()] == ["aut_labour.record.pem"]


@pytest.mark.parametrize("name", ["../etc", "a/b", "", ".hidden"])
def test_what_is_no_authority_gets_no_key(vault, name):
    with pytest.raises(KeyRefused, match="not the id of an authority"):
        vault.make(name, "record", 1)
    with pytest.raises(KeyRefused, match="not the id of an authority"):
        vault.signer(name, "record", 1, "kid")


async def test_a_store_signs_with_the_committed_one_of_two(world, vault, token):
    store = KeyStore(vault, world.database, world.clock)
    first = await store.status_signer()
    for _ in range(5):
        token.twin("aut_registry.status.1")
    again = KeyStore(vault, world.database, world.clock)
    assert (await again.status_signer()).kid == first.kid


class AwaySimulator(TokenSimulator):
    """A token that does not answer."""

    def make(self, label):
        raise KeyAway(f"the token is away, asked for {label}")


async def test_while_the_token_is_away_a_list_says_so_and_comes_later(world, token):
    await world.granted()
    await world.workers.drain()
    (list_id, _), *_ = await world.places()
    away = AwaySimulator()
    world.keys._vault = Pkcs11Vault(away, KeyFolder(world.folder / "none"))
    async with world.client() as client:
        answer = await client.get(f"/status-lists/{list_id}")
        assert (answer.status_code, answer.json()["code"]) == (503, "KEY_AWAY")
        assert answer.headers["Retry-After"] == "1"
        world.keys._vault = Pkcs11Vault(token, KeyFolder(world.folder / "none"))
        assert (await client.get(f"/status-lists/{list_id}")).status_code == 200
