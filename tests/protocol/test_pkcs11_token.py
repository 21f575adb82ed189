"""A signer on a device that fails now and then: what leaves it is a signature, or an error that says what to do."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from pkcs11 import exceptions as faults

from goodstanding.errors import KeyAway, KeyRefused
from goodstanding.keys import P256_ORDER, PemSigner
from goodstanding.pkcs11.device import Device, Open, library
from goodstanding.pkcs11.token import Pkcs11Signer, Token


class KeySimulator:
    """A private key in a token; its first answers are those that it is given."""

    def __init__(self, key, answers=()):
        self.key = key
        self.answers = list(answers)

    def sign(self, data, mechanism):
        if self.answers:
            answer = self.answers.pop(0)
            if isinstance(answer, bytes):
                return answer
            raise answer
        if isinstance(self.key, ed25519.Ed25519PrivateKey):
            return self.key.sign(data)
        r, s = decode_dss_signature(self.key.sign(data, ec.ECDSA(Prehashed(SHA256()))))
        return r.to_bytes(32) + max(s, P256_ORDER - s).to_bytes(32)  # as a token may: in the upper half


class LibrarySimulator:
    """A module with one token in it."""

    def __init__(self, keys):
        self.keys = keys
        self.opened_anew = 0

    def turn(self):
        return nullcontext()

    def opened(self, _label, _pin_file):
        return Open(None, self.keys)

    def close(self):
        self.opened_anew += 1


@pytest.fixture(params=[ed25519.Ed25519PrivateKey.generate, lambda: ec.generate_private_key(ec.SECP256R1())])
def key(request):
    return request.param()


@pytest.fixture
def signer_of(key, tmp_path):
    """A signer whose token answers like this at first; and the module."""

    def made(*answers):
        jwk = PemSigner(key).public_jwk
        device = Device(tmp_path / "module.so", "register", tmp_path / "pin")
        device._library = LibrarySimulator({jwk["kid"]: KeySimulator(key, answers)})
        return Pkcs11Signer(device, "a.key.1", jwk), device._library

    return made


def test_a_signature_is_in_the_lower_half(signer_of):
    signer, module = signer_of()
    signature = signer.sign(b"hello")
    assert len(signature) == 64
    assert signer.alg == "EdDSA" or int.from_bytes(signature[32:]) <= P256_ORDER // 2
    assert module.opened_anew == 0


@pytest.mark.parametrize(
    "answer", [bytes(64), b"\x01" * 64, b"", bytes(63), faults.DeviceError(), faults.SessionHandleInvalid(), faults.UserNotLoggedIn()],
    ids=lambda answer: type(answer).__name__ if isinstance(answer, Exception) else f"{len(answer)} bytes",
)  # fmt: skip
def test_after_one_failure_everything_is_opened_anew(signer_of, answer):
    signer, module = signer_of(answer)
    assert len(signer.sign(b"hello")) == 64
    assert module.opened_anew == 1


@pytest.mark.parametrize("answer", [bytes(64), faults.DeviceRemoved()], ids=["no signature", "removed"])
def test_after_two_the_token_is_away_and_the_next_caller_tries_again(signer_of, answer):
    signer, _ = signer_of(answer, answer)
    with pytest.raises(KeyAway, match="the token 'register' is away .* it is tried again"):
        signer.sign(b"hello")
    assert len(signer.sign(b"hello")) == 64


def test_what_trying_again_cannot_mend_is_not_tried_again(signer_of):
    signer, module = signer_of(faults.MechanismInvalid())
    with pytest.raises(KeyRefused, match="does not do what is asked of it .MechanismInvalid."):
        signer.sign(b"hello")
    assert module.opened_anew == 0


def test_nobody_waits_for_a_module_that_never_answers(tmp_path, monkeypatch):
    monkeypatch.setattr("goodstanding.pkcs11.device.TURN_SECONDS", 0.05)
    path = tmp_path / "module.so"
    with library(str(path)).turn(), ThreadPoolExecutor(1) as other:
        asked = other.submit(Token(path, "register", tmp_path / "pin").find, "a.key.1")
        with pytest.raises(KeyAway, match="has not answered for"):
            asked.result()
