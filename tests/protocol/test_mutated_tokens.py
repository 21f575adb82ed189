"""Valid artefacts of every kind, altered at random: refused as they should be, or of the same meaning to the last member.

MUTATED_TOKENS says how many of each kind; `make faults` alters 100,000 in all.
"""

import contextlib
import json
import os
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from openid_simulator import ISSUER, OpenIdSimulator
from register_simulator import HOME, NOW, Register, decision, signer
from token_mutations import altered_jws, altered_text

from goodstanding import Bundle, Trust, VerdictKind, Verifier, verify_record, verify_status_list
from goodstanding.canonical import unb64u
from goodstanding.checkpoint import TlogProof
from goodstanding.errors import EvidenceError, LogError, TokenError
from goodstanding.jws import sign_jws, verify_jws
from goodstanding.merkle import verify_inclusion
from goodstanding.openid import Provider, provider_keys, verify_access_token

FEW = int(os.environ.get("MUTATED_TOKENS", "300"))
MANY = 100_000 // 7 + 1

REGISTER = Register()
ENTRY = REGISTER.record_entry(decision())
WHOLE = REGISTER.bundle(ENTRY)
AUTHORITY, STATUS = signer("aut_labour"), signer("status")
TRUST = Trust.from_json(REGISTER.trust())
LOG = TRUST.logs["TEST"]
PROVIDER = Provider(ISSUER, HOME, ("EdDSA",), lifetime=900, leeway=5)


class AccessKey:
    """The provider's key in the words of a signer, made of a seed like all others here."""

    def __init__(self):
        self.simulator = OpenIdSimulator(lambda: NOW)
        self.simulator.keys = {"first": ("EdDSA", signer("provider")._key)}
        self.public_jwk = self.simulator.public("first")
        self.keys = provider_keys(json.dumps({"keys": [self.public_jwk]}).encode())
        self.token = self.simulator.token("u-17", HOME)

    def sign(self, data):
        return signer("provider").sign(data)


ACCESS = AccessKey()


def header(token):
    """The members of a header that count: those that could mean something to somebody, had they been believed."""
    read = json.loads(unb64u(token.split(".")[0]))
    return {name: read.get(name) for name in ("alg", "kid", "typ")}, sorted({"crit", "b64"} & read.keys())


def read_record(token):
    record = verify_record(token, {AUTHORITY.kid: AUTHORITY.public_jwk})
    return header(token), record


def read_list(token):
    found = verify_status_list(token, uri=f"{HOME}/status-lists/1", keys={STATUS.kid: STATUS.public_jwk}, now=NOW)
    return header(token), found


def read_access(token):
    identity = verify_access_token(token, ACCESS.keys, PROVIDER, NOW)
    members, extensions = header(token)
    typ = members.pop("typ").lower().removeprefix("application/")  # RFC 9068 section 4: both are at+jwt
    return members, typ, extensions, identity


def read_own_access(token):
    """As the doors of registry and gateway begin."""
    found = verify_jws(token, typ="at+jwt", algs=("EdDSA",), keys={DESK.kid: DESK.public_jwk})
    return header(token), found.payload


def read_checkpoint(text):
    seen = LOG.verify(text.encode())
    return seen.checkpoint, seen.time, seen.outside


def read_proof(text):
    proof = TlogProof.parse(text.encode())
    seen = LOG.verify(proof.checkpoint)
    verify_inclusion(ENTRY.leaf.hash(), proof.index, seen.checkpoint.size, proof.hashes, seen.checkpoint.root)
    return proof.index, proof.hashes, seen.checkpoint, seen.time


def read_bundle(text):
    """A bundle has no signature of its own: its verdict is its meaning, and only the whole one is good."""
    verdict = Verifier(TRUST, lambda: NOW).verify_bundle(Bundle.parse(text.encode()))
    if verdict.verdict is VerdictKind.CANNOT_CONCLUDE:
        raise EvidenceError(verdict.codes[0])
    return verdict


DESK = signer("desk")
CLAIMS = {"iss": HOME, "aud": HOME, "sub": "u-17", "iat": 1_777_885_200, "exp": 1_777_888_800, "roles": ["approver"]}
OWN_ACCESS = sign_jws(CLAIMS, typ="at+jwt", signer=DESK)
RECORD, LIST = WHOLE.record, WHOLE.status_list
CHECKPOINT = REGISTER.log.checkpoint().decode()
KINDS = {
    "record": (read_record, RECORD, [TokenError], altered_jws(RECORD, key=AUTHORITY, others=(LIST, ACCESS.token))),
    "status list": (read_list, LIST, [TokenError], altered_jws(LIST, key=STATUS, others=(RECORD, ACCESS.token))),
    "access token": (read_access, ACCESS.token, [TokenError], altered_jws(ACCESS.token, key=ACCESS, others=(RECORD, LIST))),
    "register's access token": (
        read_own_access, OWN_ACCESS, [TokenError], altered_jws(OWN_ACCESS, key=DESK, others=(RECORD, ACCESS.token)),
    ),
    "checkpoint": (read_checkpoint, CHECKPOINT, [LogError], altered_text(CHECKPOINT)),
    "proof": (read_proof, WHOLE.tlog_proof, [LogError], altered_text(WHOLE.tlog_proof)),
    "bundle": (read_bundle, WHOLE.encode().decode(), [EvidenceError], altered_text(WHOLE.encode().decode())),
}  # fmt: skip


def mutated(kind, examples):
    """Alter so many, and see that each is refused or means the same."""
    read, good, refusals, strategy = KINDS[kind]
    meaning = read(good)

    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(strategy)
    def check(altered):
        with contextlib.suppress(*refusals):
            assert read(altered) == meaning

    check()


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_altered_is_refused_or_means_the_same(kind):
    mutated(kind, FEW)


@pytest.mark.faults
@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", KINDS)
def test_of_a_hundred_thousand_none_means_anything_else(kind):
    mutated(kind, MANY)


def test_the_good_ones_are_good_for_a_while_only():
    """Or the time alone would have refused what was altered."""
    assert read_list(LIST)[1].exp == NOW + timedelta(hours=1)
    assert read_bundle(WHOLE.encode().decode()).verdict is VerdictKind.IN_GOOD_STANDING
