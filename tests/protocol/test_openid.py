"""Access tokens of an OpenID Connect provider: what is accepted of what it publishes and issues."""

import json
from datetime import UTC, datetime

import pytest
from openid_simulator import ISSUER, OpenIdSimulator

from goodstanding.errors import TokenError, TrustError
from goodstanding.openid import (
    ALGS,
    MAX_DOCUMENT,
    Identity,
    Provider,
    discovery_address,
    is_address,
    jwks_address,
    provider_keys,
    verify_access_token,
)

NOW = datetime(2026, 5, 4, 9, tzinfo=UTC)
HERE = "https://register.example"
PINNED = Provider(ISSUER, HERE, ALGS, lifetime=900, leeway=5)
DAY = 86_400


@pytest.fixture(scope="module")
def simulator():
    return OpenIdSimulator(lambda: NOW)


def known(simulator):
    return provider_keys(json.dumps({"keys": [simulator.public(kid) for kid in simulator.keys]}).encode())


@pytest.mark.parametrize("alg", ALGS)
def test_a_token_says_who_holds_it_whatever_alg_the_provider_signs_with(alg):
    provider = OpenIdSimulator(lambda: NOW)
    provider.rotate("k", alg)
    for _ in range(6):  # with ES256 s lies in either half
        token = provider.token("u-17", [HERE, "https://other.example"])
        assert verify_access_token(token, known(provider), PINNED, NOW) == Identity(ISSUER, "u-17", client=False)

    others = tuple(other for other in ALGS if other != alg)
    with pytest.raises(TokenError, match="accepted:"):
        verify_access_token(token, known(provider), Provider(ISSUER, HERE, others, 900, 5), NOW)


def test_a_token_without_a_person_behind_it_is_a_clients(simulator):
    token = simulator.token("robot", HERE, client_id="robot")

    assert verify_access_token(token, known(simulator), PINNED, NOW).client


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"iss": "https://login.example"}, "WRONG_ISSUER"), ({"aud": "https://other.example"}, "WRONG_AUDIENCE"),
        ({"aud": None}, "WRONG_AUDIENCE"), ({"sub": None}, "NO_SUBJECT"), ({"sub": "a\nb"}, "NO_SUBJECT"),
        ({"sub": "x" * 201}, "NO_SUBJECT"), ({"client_id": None}, "NO_CLIENT"), ({"client_id": 7}, "NO_CLIENT"),
        ({"exp": None}, "NO_EXPIRY"), ({"iat": None}, "NO_EXPIRY"), ({"exp": int(NOW.timestamp())}, "EXPIRED"),
        ({"exp": True}, "BAD_TIME"), ({"exp": int(NOW.timestamp()) + DAY}, "TOO_LONG"),
        ({"nbf": int(NOW.timestamp()) + 60}, "NOT_YET_VALID"),
        ({"cnf": {"jkt": "x"}}, "SENDER_CONSTRAINED"),
        ({"header": {"typ": "JWT"}}, "WRONG_TYP"), ({"header": {"kid": "another"}}, "UNKNOWN_KEY"),
        ({"header": {"crit": ["x"]}}, "CRITICAL_HEADER"),
    ],
)  # fmt: skip
def test_a_token_that_is_refused(simulator, changed, reason):
    token = simulator.token(**{"subject": "u-17", "audience": HERE} | changed)

    with pytest.raises(TokenError) as refusal:
        verify_access_token(token, known(simulator), PINNED, NOW)
    assert refusal.value.reason == reason


def test_an_altered_token_and_one_of_another_kind_of_key_are_refused(simulator):
    other = OpenIdSimulator(lambda: NOW)
    rsa = OpenIdSimulator(lambda: NOW)
    rsa.rotate("first", "RS256")
    token = simulator.token("u-17", HERE)

    for keys, reason in ((known(other), "BAD_SIGNATURE"), (known(rsa), "KEY_MISMATCH")):
        with pytest.raises(TokenError) as refusal:
            verify_access_token(token, keys, PINNED, NOW)
        assert refusal.value.reason == reason


@pytest.mark.parametrize(
    ("address", "good"),
    [
        ("https://login.example/realm", True), ("http://127.0.0.1:7000", True), ("http://localhost:7000", True),
        ("http://login.example", False), ("http://127.0.0.1.login.example", False), ("ftp://login.example", False),
        ("https://user:word@login.example", False), ("https://", False), ("https://a b", False), ("https://[", False),
        ("", False),
    ],
)  # fmt: skip
def test_where_keys_may_come_from(address, good):
    assert is_address(address) is good


@pytest.mark.parametrize(
    "document",
    [
        b"", b"[]", b"{", b" " * (MAX_DOCUMENT + 1), b'{"issuer": "https://other.example", "jwks_uri": "https://k"}',
        json.dumps({"issuer": ISSUER, "jwks_uri": "http://login.example/jwks"}).encode(),
        json.dumps({"issuer": ISSUER}).encode(),
    ],
)  # fmt: skip
def test_a_discovery_document_that_is_refused(document):
    with pytest.raises(TrustError):
        jwks_address(document, ISSUER)
    assert discovery_address(f"{ISSUER}/") == f"{ISSUER}/.well-known/openid-configuration"


def test_a_key_set_is_read_whole_and_what_is_of_no_use_left_out(simulator):
    good = simulator.public("first")
    useless = [{"kty": "oct", "kid": "s"}, {**good, "kid": "e", "use": "enc"}, {**good, "kid": None}, "text",
               {**good, "kid": "c", "crv": "P-521"}, {**good, "kid": "a", "alg": "ES384"}]  # fmt: skip

    assert list(provider_keys(json.dumps({"keys": [*useless, good]}).encode())) == ["first"]
    small = {"kty": "RSA", "kid": "r", "e": "AQAB", "n": "sXch" * 40}
    for refused in ([good, good], [good | {"d": "AA"}], [good] * 101, [{**good, "kid": "x", "x": "AA"}], [small], {}):
        with pytest.raises(TrustError):
            provider_keys(json.dumps({"keys": refused}).encode())
