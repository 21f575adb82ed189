"""Tokens, members and roles."""

from datetime import UTC, datetime, timedelta

import pytest
from core_world import HOME, LABOUR, START, Time

from goodstanding.errors import TokenError
from goodstanding.jws import sign_jws
from goodstanding.keys import PemSigner
from registry.access import tokens
from registry.access.model import Actor, Role
from registry.access.service import actor_of, add_member, grant_role, roles_of
from registry.access.tokens import TokenIssuer, TokenVerifier
from registry.errors import Conflict, Forbidden, Invalid, NotFound

ACTOR = Actor("pema", roles=frozenset({(LABOUR, "proposer")}))


@pytest.fixture(scope="module")
def signer(tmp_path_factory):
    return PemSigner.create(tmp_path_factory.mktemp("keys") / "token.pem")


@pytest.fixture
def clock():
    return Time()


@pytest.fixture
def verifier(signer, clock):
    return TokenVerifier({signer.kid: signer.public_jwk}, HOME, clock)


def bearer(signer, **changed):
    second = int(START.timestamp())
    claims = {"iss": HOME, "sub": "pema", "aud": HOME, "iat": second, "exp": second + 900, "roles": []} | changed
    claims = {name: value for name, value in claims.items() if value is not None}
    return f"Bearer {sign_jws(claims, typ='at+jwt', signer=signer)}"


@pytest.mark.parametrize("actor", [ACTOR, Actor("key", client=True), Actor("nobody")])
def test_a_token_says_who_its_bearer_is(signer, clock, verifier, actor):
    token = TokenIssuer(signer, HOME, clock).issue(actor)

    assert verifier.actor(f"Bearer {token}") == actor
    assert verifier.actor(f"bearer   {token} ") == actor


def test_without_a_token_nobody_asks(verifier):
    assert verifier.actor(None) is Actor.anonymous
    assert verifier.actor("") is Actor.anonymous
    with pytest.raises(Forbidden, match="bearer token"):
        Actor.anonymous.need_identity()


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"iss": "https://other.example"}, "WRONG_ISSUER"),
        ({"aud": "https://other.example"}, "WRONG_AUDIENCE"),
        ({"aud": None}, "WRONG_AUDIENCE"),
        ({"iat": int(START.timestamp()) - 1000, "exp": int(START.timestamp()) + 1}, "TOO_LONG"),
        ({"iat": None}, "TOO_LONG"),
        ({"exp": int(START.timestamp())}, "EXPIRED"),
        ({"iat": int(START.timestamp()) + 60}, "NOT_YET_VALID"),
        ({"sub": None}, "NO_SUBJECT"),
        ({"sub": ""}, "NO_SUBJECT"),
        ({"sub": "x" * 201}, "NO_SUBJECT"),
        ({"client": "false"}, "BAD_CLIENT"),
        ({"roles": "approver"}, "BAD_ROLES"),
        ({"roles": [{"authority": LABOUR}]}, "BAD_ROLES"),
        ({"roles": [{"authority": LABOUR, "role": 1}]}, "BAD_ROLES"),
        ({"roles": [{"authority": LABOUR, "role": "r"}] * 201}, "BAD_ROLES"),
    ],
)
def test_a_token_that_is_refused(signer, verifier, changed, reason):
    with pytest.raises(TokenError) as refusal:
        verifier.actor(bearer(signer, **changed))

    assert refusal.value.reason == reason


def test_an_audience_may_be_one_of_several(signer, verifier):
    assert verifier.actor(bearer(signer, aud=["https://other.example", HOME])).sub == "pema"


def test_a_verified_token_is_remembered_until_it_expires(signer, clock, verifier, monkeypatch):
    token = bearer(signer)
    verifier.actor(token)
    monkeypatch.setattr(tokens, "verify_jws", None)

    assert verifier.actor(token).sub == "pema"
    clock.forward(minutes=15)
    with pytest.raises(TypeError):
        verifier.actor(token)


def test_replacing_the_keys_forgets_what_was_verified(signer, verifier):
    token = bearer(signer)
    verifier.actor(token)
    verifier.trust({})

    with pytest.raises(TokenError):
        verifier.actor(token)


def test_only_so_many_tokens_are_remembered(signer, verifier, monkeypatch):
    monkeypatch.setattr(tokens, "CACHED", 3)
    for number in range(10):
        verifier.actor(bearer(signer, sub=f"member-{number}"))

    assert len(verifier._verified) == 3


async def test_members_and_their_roles(register):
    now = datetime(2026, 5, 4, tzinfo=UTC)
    async with register.database.write() as tx:
        await add_member(tx, "new", "Somebody New", now=now)
        await grant_role(tx, LABOUR, "new", Role.APPROVER)
        await grant_role(tx, LABOUR, "new", "approver")
        assert await roles_of(tx, "new") == {(LABOUR, "approver")}
        assert await actor_of(tx, "new") == Actor("new", False, frozenset({(LABOUR, "approver")}))


@pytest.mark.parametrize(
    ("act", "error"),
    [
        (lambda tx: add_member(tx, "pema", "Again", now=START), Conflict),
        (lambda tx: add_member(tx, "", "Nobody", now=START), Invalid),
        (lambda tx: add_member(tx, "a\nb", "Nobody", now=START), Invalid),
        (lambda tx: add_member(tx, "x", "y" * 201, now=START), Invalid),
        (lambda tx: grant_role(tx, LABOUR, "pema", "emperor"), Invalid),
        (lambda tx: grant_role(tx, LABOUR, "nobody", Role.APPROVER), NotFound),
        (lambda tx: actor_of(tx, "nobody"), NotFound),
    ],
)
async def test_members_that_cannot_be(register, act, error):
    with pytest.raises(error):
        async with register.database.write() as tx:
            await act(tx)


def test_a_shorter_life_may_be_asked_for(signer, clock, verifier):
    token = TokenIssuer(signer, HOME, clock).issue(ACTOR, timedelta(seconds=60))
    verifier.actor(f"Bearer {token}")
    clock.forward(seconds=60)

    with pytest.raises(TokenError, match="expired"):
        verifier.actor(f"Bearer {token}")
