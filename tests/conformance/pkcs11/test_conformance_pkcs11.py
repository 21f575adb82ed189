"""Keys in a PKCS#11 token: never outside of it, and good for everything that a file is good for.

Skipped where SoftHSM 2 is not installed and cannot be (it comes from the system's package manager).
"""

import base64
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from issuance_world import MINISTRY
from register_simulator import HOME, NOW, Register, accreditation, decision, event_id
from soft_token import PIN

from goodstanding.errors import KeyAway, KeyRefused
from goodstanding.keys import P256_ORDER, key_set, public_key
from goodstanding.pkcs11.token import Token
from goodstanding.record import sign_record
from goodstanding.status_list import sign_status_list, status_list_payload
from goodstanding.trust import Trust
from goodstanding.verdict import VerdictKind
from goodstanding.verifier import Verifier
from registry.issuance import key_rows, rotation
from registry.issuance.key_rows import CURRENT, RECORD, REGISTRY, RETIRED, REVOKED, STATUS

pytestmark = [pytest.mark.conformance, pytest.mark.timeout(180)]

ALGS = ("EdDSA", "ES256")
KEPT_IN = {
    "SENSITIVE": True, "EXTRACTABLE": False, "ALWAYS_SENSITIVE": True, "NEVER_EXTRACTABLE": True, "LOCAL": True,
    "PRIVATE": True, "TOKEN": True, "SIGN": True, "DERIVE": False, "DECRYPT": False, "UNWRAP": False,
}  # fmt: skip


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def verify_alone(jwk, signature, data):
    """Verify with `cryptography` and nothing of ours but the reading of the JWK; InvalidSignature."""
    if jwk["alg"] == "EdDSA":
        public_key(jwk).verify(signature, data)
        return
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
    assert s <= P256_ORDER // 2
    public_key(jwk).verify(encode_dss_signature(r, s), data, ECDSA(SHA256()))


def verify_token_alone(jwk, token):
    signed, _, signature = token.rstrip("~").rpartition(".")
    verify_alone(jwk, decode(signature), signed.encode())


# What leaves a token, and what does not


@pytest.mark.parametrize("alg", ALGS)
def test_signatures_verify_and_the_key_cannot_be_had(tokens, token, label, alg):
    (signer,) = token.make("aut_labour.record.1", alg)
    for size in (0, 1, 31, 32, 33, 100_000):
        data = bytes(size)
        verify_alone(signer.public_jwk, signer.sign(data), data)
    assert key_set([signer.public_jwk]).keys() == {signer.kid}

    (seen,) = tokens.seen_by_others(label)
    assert seen["LABEL"] == "aut_labour.record.1"
    assert {name: seen[name] for name in KEPT_IN} == KEPT_IN
    assert seen["value"] == "AttributeSensitive", "CKA_VALUE is not readable, with the PIN either"
    assert seen["loosened"] != "read", "nor can a copy be made that is"
    assert seen["wrapped"] != "read", "nor can it be taken out under another key"


@pytest.mark.parametrize("alg", ALGS)
def test_a_record_and_a_status_list_are_what_a_file_would_have_made(token, alg):
    (record_key,), (status_key,) = token.make("aut_labour.record.1", alg), token.make("aut_registry.status.1", alg)
    register = Register()
    body = decision(
        event_id=event_id(1), accreditation=accreditation(), status={"uri": f"{HOME}/status-lists/1", "idx": 3}
    )
    entry = register.record_entry(body)
    claims = status_list_payload(
        uri=f"{HOME}/status-lists/1", lst=register.codes.encode(), iat=NOW, exp=NOW + timedelta(hours=1)
    )
    record, status = sign_record(register.payload(entry), record_key), sign_status_list(claims, status_key)
    trust = register.trust()
    trust["issuers"][f"{HOME}/authorities/aut_labour"]["keys"] = [record_key.public_jwk]
    trust["status"][0]["keys"] = [status_key.public_jwk]

    bundle = replace(register.bundle(entry), record=record, status_list=status)
    verdict = Verifier(Trust.from_json(trust)).verify_bundle(bundle, NOW)

    assert verdict.verdict is VerdictKind.IN_GOOD_STANDING, verdict.reasons
    verify_token_alone(record_key.public_jwk, record)
    verify_token_alone(status_key.public_jwk, status)


def test_a_key_for_one_algorithm_is_not_taken_for_another(token):
    token.make("a.key.1", "ES256")
    with pytest.raises(KeyRefused, match=r"a\.key\.1 in the token is for ES256, not EdDSA"):
        token.make("a.key.1", "EdDSA")
    with pytest.raises(KeyRefused, match="no keys for alg 'RS256'"):
        token.make("a.key.2", "RS256")


def test_a_key_that_was_made_outside_is_refused(tokens, token, label):
    tokens.child("key_importer.py", tokens.module, label, PIN, "aut_labour.record.1")
    for ask in (token.find, token.make):
        with pytest.raises(KeyRefused, match="within reach of others .*CKA_LOCAL"):
            ask("aut_labour.record.1")


# Many at once


@pytest.mark.parametrize("alg", ALGS)
def test_many_threads_sign_at_once(tokens, token, label, alg):
    (signer,) = token.make("aut_labour.record.1", alg)
    same = Token(tokens.module, label, tokens.pin_file).find("aut_labour.record.1")[0]

    def signed(number):
        data = b"%d" % number
        return data, (signer, same)[number % 2].sign(data)

    with ThreadPoolExecutor(24) as pool:
        for data, signature in pool.map(signed, range(1000)):
            verify_alone(signer.public_jwk, signature, data)


def test_many_threads_that_make_one_key_end_with_one(token):
    with ThreadPoolExecutor(16) as pool:
        made = list(pool.map(lambda _: token.make("aut_labour.record.1"), range(32)))
    assert {len(signers) for signers in made} == {1}
    assert len({signers[0].kid for signers in made}) == 1


def test_processes_that_start_at_once_sign_with_one_key(tokens, label, world):
    given = (world.database.url, tokens.module, label, tokens.pin_file)
    ended = tokens.children(6, "store_process.py", *given)
    assert len({each["signs"] for each in ended}) == 1
    assert {each["signature"] for each in ended} == {64}
    again = tokens.child("store_process.py", *given)
    assert again["signs"] == ended[0]["signs"], "after a restart as well"
    labels = [key["LABEL"] for key in tokens.seen_by_others(label)]
    print(f"{len(ended)} processes made {len(labels)} keys of one label and sign with one")
    assert set(labels) == {"aut_registry.status.1"}


# A register whose keys are in a token


async def test_keys_are_rotated_and_revoked_in_the_token(world, vault, tokens, label):
    number = await world.granted()
    await world.workers.drain()
    first, status = await world.keys.record_signer(MINISTRY), await world.keys.status_signer()

    notice = timedelta(hours=24)
    following = await rotation.announce(world.database, vault, MINISTRY, RECORD, world.clock, notice=notice)
    await rotation.announce(world.database, vault, REGISTRY, STATUS, world.clock, notice=notice)
    world.clock.forward(hours=24)
    second = await world.keys.record_signer(MINISTRY)
    assert second.kid == following.kid
    successor = await rotation.revoke(world.database, vault, second.kid, "compromised", world.clock)
    await rotation.revoke(world.database, vault, (await world.keys.status_signer()).kid, "compromised", world.clock)
    later = await world.granted()
    await world.workers.drain()

    async with world.database.read() as tx:
        states = [key.state for key in await key_rows.keys_of(tx, MINISTRY, RECORD)]
    assert states == [RETIRED, REVOKED, CURRENT]
    assert [row.kid for row in await world.records(number)] == [first.kid]
    assert [row.kid for row in await world.records(later)] == [successor.kid]
    assert (await world.keys.status_signer()).kid != status.kid
    labels = sorted(key["LABEL"] for key in tokens.seen_by_others(label))
    assert labels == [f"aut_labour.record.{n}" for n in (1, 2, 3)] + [f"aut_registry.status.{n}" for n in (1, 2, 3)]
    assert not (world.folder / "keys").exists()


async def test_a_key_that_was_made_before_a_crash_is_taken_up(world, vault, tokens, label):
    made = tokens.child("store_process.py", world.database.url, tokens.module, label, tokens.pin_file)["made"]
    assert vault.make(REGISTRY, STATUS, 1).kid == made
    orphan = vault.make(MINISTRY, RECORD, 1).kid
    assert (await world.keys.record_signer(MINISTRY)).kid == orphan


async def test_a_key_the_token_has_lost_is_missed_by_name(world, tokens):
    key = await world.keys.record_signer(MINISTRY)
    put_back = tokens.replaced()
    with pytest.raises(KeyRefused, match=r"no longer holds the key aut_labour\.record\.1"):
        key.sign(b"hello")
    put_back()
    assert len(key.sign(b"hello")) == 64


# What goes wrong


def test_a_wrong_pin_is_refused_once_and_not_shown_to_the_token_again(tokens, token):
    tokens.pin_file.write_text("wrong horse")
    with pytest.raises(KeyRefused, match="the token 'register' refuses the PIN"):
        token.make("a.key.1")
    with pytest.raises(KeyRefused, match="has refused this PIN"):
        token.make("a.key.1")
    tokens.pin_file.write_text(PIN)
    assert len(token.make("a.key.1")) == 1, "the right one is taken from the file without a restart"


def test_a_token_that_is_not_there_is_away_until_it_is(tokens):
    token = Token(tokens.module, "late", tokens.pin_file)
    with pytest.raises(KeyAway, match="the token 'late' is away"):
        token.find("a.key.1")
    tokens.initialise("late")
    assert token.find("a.key.1") == []


def test_a_device_that_goes_away_and_comes_back_signs_again(tokens, token):
    (signer,) = token.make("a.key.1")
    back = tokens.away()
    with pytest.raises(KeyAway, match="is away .*tried again"):
        signer.sign(b"hello")
    with pytest.raises(KeyAway):
        token.make("a.key.2")
    back()
    verify_alone(signer.public_jwk, signer.sign(b"hello"), b"hello")


def test_two_tokens_of_one_label_are_not_guessed_between(tokens, label, token):
    tokens.initialise(label)
    with pytest.raises(KeyRefused, match="the only one of its label"):
        token.find("a.key.1")


# The commands


def test_registry_and_log_keep_every_key_in_the_token(tokens, label, tmp_path):
    settings = tokens.settings(label) | {"GOODSTANDING_VAR": str(tmp_path / "var"), "GOODSTANDING_LOG_VKEYS_FILE": ""}

    def run(*words, **more):
        command = [Path(sys.executable).with_name(words[0]), *words[1:]]
        done = subprocess.run(
            command, env=tokens.environment | settings | more, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    (tmp_path / "var").mkdir()
    vkeys = run("audit", "vkeys", "--output", str(tmp_path / "vkeys")) or (tmp_path / "vkeys").read_text()
    known = {"GOODSTANDING_LOG_VKEYS_FILE": str(tmp_path / "vkeys")}
    run("registry", "migrate")
    run("registry", "trust", "--output", str(tmp_path / "trust.json"), **known)
    run("registry", "keys", "rotate", "status")
    states = [(key["role"], key["state"]) for key in json.loads(run("registry", "keys", "list", "--json"))]

    assert states == [("status", "current"), ("status", "next")]
    assert run("audit", "vkeys") == vkeys
    assert len(Trust.load(tmp_path / "trust.json").to_json()["status"][0]["keys"]) == 1
    assert not (tmp_path / "var" / "keys").exists()
    labels = sorted(key["LABEL"] for key in tokens.seen_by_others(label))
    assert labels == ["aut_registry.status.1", "aut_registry.status.2", "log", "log-time"]
