import os
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from jwt.algorithms import OKPAlgorithm
from register_simulator import signer

from goodstanding.canonical import b64u, unb64u
from goodstanding.errors import KeyRefused
from goodstanding.keys import P256_ORDER, PemSigner, algorithm, ended_at, key_set, public_key, thumbprint, usable

ED = signer("ed").public_jwk
EC = PemSigner(ec.generate_private_key(ec.SECP256R1())).public_jwk
NEUTRAL = b64u(bytes([1]) + bytes(31))
SECOND_SPELLING = b64u((2**255 - 19 + 3).to_bytes(32, "little"))


def test_a_thumbprint_is_that_of_rfc_8037():
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}

    assert thumbprint(jwk) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


@pytest.mark.parametrize("jwk", [ED, EC], ids=["Ed25519", "P-256"])
def test_a_sound_key_is_read(jwk):
    assert public_key(jwk)
    assert thumbprint(jwk) == jwk["kid"]
    assert algorithm(jwk) == jwk["alg"]


REFUSED = {
    "no kind": ({}, "not used here"),
    "RSA": ({"kty": "RSA", "n": "AQ", "e": "AQAB"}, "not used here"),
    "Ed448": (ED | {"crv": "Ed448"}, "not used here"),
    "secp256k1": (EC | {"crv": "secp256k1"}, "not used here"),
    "symmetric": ({"kty": "oct", "k": "AAAA"}, "not used here"),
    "alg of another kind": (ED | {"alg": "ES256"}, "can only serve EdDSA"),
    "for encryption": (ED | {"use": "enc"}, "not for signatures"),
    "private half": (ED | {"d": ED["x"]}, "private key"),
    "no coordinate": ({name: ED[name] for name in ("kty", "crv")}, "0 bytes"),
    "coordinate is a number": (ED | {"x": 7}, "'x'"),
    "padded": (ED | {"x": ED["x"] + "="}, "'x'"),
    "too short": (ED | {"x": b64u(unb64u(ED["x"])[:31])}, "31 bytes"),
    "too long": (EC | {"y": b64u(b"\0" + unb64u(EC["y"]))}, "33 bytes"),
    "small order": (ED | {"x": NEUTRAL}, "small order"),
    "second spelling": (ED | {"x": SECOND_SPELLING}, "canonical"),
    "off the curve": (EC | {"y": EC["x"]}, "not a point"),
}


@pytest.mark.parametrize(("jwk", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_an_unsound_key_is_refused(jwk, words):
    with pytest.raises(KeyRefused, match=words):
        public_key(jwk)


@pytest.mark.parametrize("x", [NEUTRAL, SECOND_SPELLING], ids=["small order", "second spelling"])
def test_pyjwt_takes_weak_ed25519_keys(x):
    """Why the rule stands here: the library's own reading lets these pass."""
    assert OKPAlgorithm.from_jwk(ED | {"x": x})


def test_a_set_is_arranged_by_thumbprint():
    keys = key_set([{name: ED[name] for name in ("kty", "crv", "x")}, EC])

    assert keys.keys() == {ED["kid"], EC["kid"]}


@pytest.mark.parametrize(
    ("jwks", "words"),
    [
        ([ED, ED], "twice"),
        ([ED | {"kid": "main"}], "thumbprint"),
        ([ED | {"x": NEUTRAL}], "small order"),
        ([ED | {"exp": "2026"}], "whole seconds"),
        ([ED | {"exp": True}], "whole seconds"),
        ([ED | {"revoked": True}], "revoked_at"),
        ([ED | {"revoked": {"reason": "lost"}}], "revoked_at"),
    ],
)
def test_a_bad_set_is_refused(jwks, words):
    with pytest.raises(KeyRefused, match=words):
        key_set(jwks)


@pytest.mark.parametrize(
    ("members", "end"),
    [({}, None), ({"exp": 900}, 900), ({"revoked": {"revoked_at": 800}}, 800), ({"exp": 900, "revoked": {"revoked_at": 800}}, 800)],
)  # fmt: skip
def test_a_key_verifies_nothing_from_its_end_on(members, end):
    keys = key_set([ED | members])

    assert ended_at(keys[ED["kid"]]) == end
    if end is not None:
        assert usable(keys, datetime.fromtimestamp(end - 1, UTC))
        assert not usable(keys, datetime.fromtimestamp(end, UTC))


@pytest.mark.parametrize("alg", ["EdDSA", "ES256"])
def test_a_key_file_is_private_and_read_back(tmp_path, alg):
    path = tmp_path / "keys" / "record.pem"

    made = PemSigner.create(path, alg)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["record.pem"]
    assert PemSigner.load(path).public_jwk == made.public_jwk
    assert PemSigner.load_or_create(path, alg).kid == made.kid == thumbprint(made.public_jwk)


def test_every_name_that_leads_to_a_new_key_is_synced(tmp_path, monkeypatch):
    """Or the machine loses a key with its power, and the databases still speak of it."""
    synced = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_ino))
    path = tmp_path / "var" / "keys" / "record.pem"

    PemSigner.create(path)

    assert {folder.stat().st_ino for folder in (tmp_path, path.parent.parent, path.parent)} <= set(synced)


def test_the_name_can_be_another_than_the_thumbprint(tmp_path):
    made = PemSigner.create(tmp_path / "badge.pem", kid="https://r.example/keys/1")

    assert made.public_jwk["kid"] == made.kid == "https://r.example/keys/1"


def test_an_existing_key_is_never_overwritten(tmp_path):
    path = tmp_path / "record.pem"
    before = PemSigner.create(path)

    with pytest.raises(FileExistsError):
        PemSigner.create(path)
    assert PemSigner.load(path).kid == before.kid
    assert [file.name for file in tmp_path.iterdir()] == ["record.pem"]


def test_starting_together_ends_with_one_key(tmp_path):
    path = tmp_path / "record.pem"

    with ThreadPoolExecutor(8) as pool:
        names = list(pool.map(lambda _: PemSigner.load_or_create(path).kid, range(16)))

    assert len(set(names)) == 1


@pytest.mark.parametrize("mode", [0o604, 0o602, 0o620, 0o777])
def test_a_key_file_others_can_reach_is_refused(tmp_path, mode):
    path = tmp_path / "record.pem"
    PemSigner.create(path)
    path.chmod(mode)

    with pytest.raises(KeyRefused, match="chmod 600"):
        PemSigner.load(path)


def test_a_group_may_be_given_a_key_to_read(tmp_path):
    """Orchestrators mount secrets as group-readable: the group is their choice."""
    path = tmp_path / "record.pem"
    PemSigner.create(path)
    path.chmod(0o440)

    assert PemSigner.load(path)


def pem(key, encryption):
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not an unencrypted PEM"),
        (b"\0" * 100, "not an unencrypted PEM"),
        (pem(ec.generate_private_key(ec.SECP256R1()), BestAvailableEncryption(b"x")), "not an unencrypted PEM"),
        (pem(ec.generate_private_key(ec.SECP384R1()), NoEncryption()), "neither"),
        (pem(rsa.generate_private_key(65537, 2048), NoEncryption()), "neither"),
        (pem(ed448.Ed448PrivateKey.generate(), NoEncryption()), "neither"),
    ],
    ids=["empty", "zeros", "encrypted", "P-384", "RSA", "Ed448"],
)
def test_a_file_without_a_usable_key_is_refused(tmp_path, content, words):
    path = tmp_path / "record.pem"
    path.write_bytes(content)
    path.chmod(0o600)

    with pytest.raises(KeyRefused, match=words):
        PemSigner.load(path)


def test_a_key_of_another_kind_than_configured_is_refused(tmp_path):
    path = tmp_path / "record.pem"
    PemSigner.create(path, "ES256")

    with pytest.raises(KeyRefused, match="for ES256, not EdDSA"):
        PemSigner.load_or_create(path, "EdDSA")
    with pytest.raises(KeyRefused, match="no keys for alg"):
        PemSigner.create(tmp_path / "other.pem", "RS256")


def test_ecdsa_signatures_are_always_in_the_lower_half():
    key = PemSigner(ec.generate_private_key(ec.SECP256R1()))

    for count in range(40):
        s = int.from_bytes(key.sign(bytes([count]))[32:])
        assert 0 < s <= P256_ORDER // 2


def test_only_ed25519_keys_have_the_raw_form_of_notes():
    assert signer("ed").public_bytes == unb64u(ED["x"])
    with pytest.raises(KeyRefused, match="Ed25519"):
        _ = PemSigner(ec.generate_private_key(ec.SECP256R1())).public_bytes
