"""What a token shows of a public key is read strictly: the encodings of the standard and of known tokens, no other."""

import pytest
from pkcs11 import Attribute

from goodstanding.errors import KeyRefused
from goodstanding.pkcs11.objects import _REQUIRED, LOOKS, coordinates, private_keys
from goodstanding.pkcs11.token import Token

ED = bytes(range(32))
P256 = bytes(range(64))


@pytest.mark.parametrize(
    ("alg", "point", "expected"),
    [
        ("EdDSA", b"\x04\x20" + ED, ED),  # OCTET STRING
        ("EdDSA", b"\x03\x21\x00" + ED, ED),  # BIT STRING
        ("EdDSA", ED, ED),
        ("EdDSA", b"\x04\x20" + ED[2:], b"\x04\x20" + ED[2:]),  # bare, and by chance like the beginning of DER
        ("ES256", b"\x04\x41\x04" + P256, P256),
        ("ES256", b"\x03\x42\x00\x04" + P256, P256),
        ("ES256", b"\x04" + P256, P256),
        ("ES256", b"\x04\x41" + P256[1:], b"\x41" + P256[1:]),
    ],
)
def test_a_point_in_any_of_its_encodings(alg, point, expected):
    assert coordinates(alg, point, len(expected)) == expected


@pytest.mark.parametrize(
    ("alg", "point"),
    [
        ("EdDSA", b""),
        ("EdDSA", ED[1:]),
        ("EdDSA", b"\x04\x20" + ED + b"\x00"),
        ("EdDSA", b"\x04\x21" + ED),
        ("ES256", P256),
        ("ES256", b"\x02" + P256[:32]),  # compressed
        ("ES256", b"\x04\x41\x06" + P256),  # hybrid
        ("ES256", b"\x04\x41\x04" + P256 + b"\x00"),
    ],
)
def test_anything_else_is_no_point(alg, point):
    with pytest.raises(KeyRefused, match=rf"{len(point)} bytes that is no"):
        coordinates(alg, point, 32 if alg == "EdDSA" else 64)


def test_a_module_that_is_not_there_is_named(tmp_path):
    (tmp_path / "pin").write_text("1234")
    with pytest.raises(KeyRefused, match=r"no PKCS#11 module at .*/none\.so: install it"):
        Token(tmp_path / "none.so", "register", tmp_path / "pin").find("any")


def test_a_module_that_is_none_is_named(tmp_path):
    (tmp_path / "pin").write_text("1234")
    (tmp_path / "other.so").write_text("no library")
    with pytest.raises(KeyRefused, match=r"other\.so cannot be loaded as a PKCS#11 module"):
        Token(tmp_path / "other.so", "register", tmp_path / "pin").find("any")


class BeingMade(dict):
    """A private key that another process is making: it looks as it must from its n-th look on."""

    def __init__(self, looks):
        super().__init__(_REQUIRED)
        self.looks = looks

    def __getitem__(self, name):
        if name is Attribute.LOCAL:
            self.looks -= 1
            return self.looks <= 0
        return super().__getitem__(name)


class SessionSimulator:
    def __init__(self, *keys):
        self.keys = keys

    def get_objects(self, _):
        return iter(self.keys)


def test_a_key_that_another_process_is_making_is_waited_for(monkeypatch):
    monkeypatch.setattr("goodstanding.pkcs11.objects.LOOK_SECONDS", 0)
    key = BeingMade(looks=LOOKS)
    assert private_keys(SessionSimulator(key), "a.key.1") == [key]
    with pytest.raises(KeyRefused, match="within reach of others .CKA_LOCAL."):
        private_keys(SessionSimulator(BeingMade(looks=LOOKS + 1)), "a.key.1")


def test_a_label_that_is_on_too_many_keys_is_refused():
    with pytest.raises(KeyRefused, match="holds 17 keys named a.key.1"):
        private_keys(SessionSimulator(*(BeingMade(looks=0) for _ in range(17))), "a.key.1")
