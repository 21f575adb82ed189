"""A token that is not ours, and registers whose keys are in it."""

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "registry")]

from issuance_world import World, make_tables  # noqa: E402
from soft_token import NoSoftToken, SoftTokens, module  # noqa: E402

from goodstanding.pkcs11.device import library  # noqa: E402
from goodstanding.pkcs11.token import Token  # noqa: E402
from registry.issuance.key_files import KeyFolder  # noqa: E402
from registry.issuance.key_tokens import Pkcs11Vault  # noqa: E402
from registry.issuance.keys import KeyStore  # noqa: E402


@pytest.fixture
def tokens(tmp_path, monkeypatch):
    """An empty folder of tokens, which this process sees and no other one's."""
    try:
        found = module()
    except NoSoftToken as why:
        pytest.skip(str(why))
    here = SoftTokens(tmp_path, found)
    monkeypatch.setenv("SOFTHSM2_CONF", str(here.configuration))
    library(str(found)).close()
    yield here
    library(str(found)).close()


@pytest.fixture
def label(tokens):
    """The label of a token that is ready to be used."""
    return tokens.initialise("register")


@pytest.fixture
def token(tokens, label):
    return Token(tokens.module, label, tokens.pin_file)


@pytest.fixture
def vault(token, tmp_path):
    return Pkcs11Vault(token, KeyFolder(tmp_path / "keys"))


@pytest.fixture
async def world(tmp_path, copied, vault):
    """A small register with issuance whose keys are in the token."""
    made = World(tmp_path, copied("registry-tables", make_tables))
    made.keys = KeyStore(vault, made.database, made.clock)
    made.workers = made.new_workers()
    opened = await made.open()
    yield opened
    await opened.close()
