"""An OpenID Connect provider instead of the register's own tokens: it says who somebody is, the register who may what."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from core_world import HOME, LABOUR, CoreWorld, found
from openid_simulator import ISSUER, OpenIdSimulator
from pydantic import ValidationError
from typer.testing import CliRunner

from goodstanding import openid_reader
from goodstanding.errors import TokenError, TrustError
from goodstanding.openid import MAX_DOCUMENT
from goodstanding.openid_reader import FRESH, RELOAD
from registry.access.door import ProviderDoor
from registry.access.repository import delete_role
from registry.access.service import link_member, unlink_member
from registry.cli import app
from registry.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from registry.settings import Settings

SETTINGS = Settings(origin=HOME, oidc_issuer=ISSUER, oidc_algs=("ES256", "EdDSA"))
LINKED = (("u-pema", "pema"), ("u-anil", "anil"), ("u-both", "both"), ("u-both-at-home", "both"), ("robot", "hr-key"))
DECIDES = frozenset({(LABOUR, "approver")})


class Desk:
    """A register whose members are known by a provider's names, and the door to it."""

    def __init__(self, register):
        self.register = register
        self.provider = OpenIdSimulator(register.clock)
        self.door = ProviderDoor(register.database, register.clock, SETTINGS, self.provider.read)

    async def actor(self, subject, **more):
        return await self.door.actor(f"Bearer {self.provider.token(subject, HOME, **more)}")


@pytest.fixture
async def desk(register):
    async with register.database.write() as tx:
        for subject, member in LINKED:
            await link_member(tx, member, ISSUER, subject, now=register.clock())
    return Desk(register)


async def refused(awaitable):
    with pytest.raises(TokenError) as refusal:
        await awaitable
    return refusal.value.reason


async def test_the_provider_says_who_and_the_register_says_what_they_may(desk):
    actor = await desk.actor("u-anil", roles=[{"authority": LABOUR, "role": "authority-admin"}], client=True)

    assert (actor.sub, actor.client, actor.roles) == ("anil", False, DECIDES)
    async with desk.register.database.write() as tx:
        await delete_role(tx, LABOUR, "anil", "approver")
    assert (await desk.actor("u-anil")).roles == frozenset(), "a role withdrawn is gone with the next request"
    assert (await desk.door.actor(None)).sub == ""
    assert await refused(desk.actor("stranger")) == "UNKNOWN_MEMBER"
    own = await desk.register.token("anil")
    assert await refused(desk.door.actor(f"Bearer {own}")) == "UNKNOWN_KEY", "the register's own tokens no longer count"


async def test_one_person_proposes_and_another_one_approves(desk):
    acts, key = desk.register.acts, desk.register.key
    number = await desk.register.applied()
    pema, both, again = [await desk.actor(subject) for subject in ("u-pema", "u-both", "u-both-at-home")]
    robot = await desk.actor("robot", client_id="robot")
    lent = await desk.actor("u-anil", client_id="u-anil")  # a client that is called as a person is
    proposal_id, digest = await desk.register.proposed(number, "grant", member="both")

    assert both == again, "two names of one person are one person"
    for actor, code in ((again, "FOUR_EYES"), (robot, "PERSON_NEEDED"), (lent, "PERSON_NEEDED"), (pema, "ROLE_NEEDED")):
        with pytest.raises(Forbidden) as refusal:
            await acts.approve(actor, proposal_id, digest, key=key())
        assert refusal.value.code == code
    await acts.approve(await desk.actor("u-anil"), proposal_id, digest, key=key())


async def test_new_keys_are_learnt_when_a_token_names_one_and_lookups_are_bounded(desk):
    clock, provider = desk.register.clock, desk.provider
    await desk.actor("u-pema")
    assert len(provider.reads) == 2, "nothing is read before the first token: the discovery document, then the keys"
    old = provider.token("u-pema", HOME)
    provider.rotate("second", "EdDSA")

    clock.forward(seconds=RELOAD.seconds)
    await asyncio.gather(*(desk.actor("u-pema") for _ in range(8)))
    assert len(provider.reads) == 4, "all that wait are answered by one look"
    assert await refused(desk.door.actor(f"Bearer {old}")) == "UNKNOWN_KEY", "what the provider withdrew has ended"
    assert len(provider.reads) == 4, "at most one look in a second"


async def test_while_the_provider_is_away_known_keys_serve_and_unknown_ones_are_refused(desk):
    clock, provider = desk.register.clock, desk.provider
    await desk.actor("u-pema")
    provider.away = True
    clock.forward(seconds=FRESH.seconds + 1)

    assert (await desk.actor("u-pema")).sub == "pema"
    provider.rotate("second")
    clock.forward(seconds=RELOAD.seconds + 1)
    assert await refused(desk.actor("u-pema")) == "UNKNOWN_KEY"
    provider.away = False
    assert await refused(desk.actor("u-pema")) == "UNKNOWN_KEY", "and nobody makes us look again at once"
    clock.forward(seconds=RELOAD.seconds)
    assert (await desk.actor("u-pema")).sub == "pema"


async def test_keys_that_were_withdrawn_end_within_minutes_though_nobody_names_another(desk):
    token = desk.provider.token("u-pema", HOME)
    await desk.door.actor(f"Bearer {token}")
    desk.provider.rotate("second")
    desk.register.clock.forward(seconds=FRESH.seconds)

    assert (await desk.door.actor(f"Bearer {token}")).sub == "pema", "the old keys serve while others are read"
    await desk.door._reader._refresh
    assert await refused(desk.door.actor(f"Bearer {token}")) == "UNKNOWN_KEY"


async def test_a_provider_that_says_something_else_teaches_nothing(desk):
    desk.provider.documents["/jwks"] = b'{"keys": "none"}'

    assert await refused(desk.actor("u-pema")) == "UNKNOWN_KEY"


@asynccontextmanager
async def serving(answer):
    """The address of a server that answers every request with these bytes, and then is silent."""

    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/keys"
    finally:
        server.close()


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", None),
        (b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n", "answers 302"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n" + b" " * (MAX_DOCUMENT + 1), "more than"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", "TimeoutError"),
        (b"nonsense\r\n\r\n", "RemoteProtocolError"),
    ],
)
async def test_a_document_is_read_within_bounds(monkeypatch, answer, why):
    monkeypatch.setattr(openid_reader, "TIMEOUT", 0.3)
    async with serving(answer) as address:
        if why is None:
            assert await openid_reader.fetch(address) == b"{}"
            return
        with pytest.raises(TrustError, match=why):
            await openid_reader.fetch(address)


@pytest.mark.parametrize(
    "changed", [{"oidc_issuer": "http://login.example"}, {"oidc_algs": ("HS256",)}, {"oidc_algs": ()}]
)
def test_settings_that_could_not_be_safe(changed):
    with pytest.raises(ValidationError):
        Settings(**changed)


async def test_a_name_is_one_members(register):
    async with register.database.write() as tx:
        await link_member(tx, "pema", ISSUER, "u-1", now=register.clock())
        await link_member(tx, "pema", ISSUER, "u-1", now=register.clock())
    wrong = [
        (Conflict, link_member, "anil", ISSUER, "u-1"), (NotFound, link_member, "nobody", ISSUER, "u-2"),
        (Invalid, link_member, "anil", "", "u-2"), (Invalid, link_member, "anil", ISSUER, ""),
    ]  # fmt: skip
    for error, act, *given in wrong:
        with pytest.raises(error):
            async with register.database.write() as tx:
                await act(tx, *given, now=register.clock())
    async with register.database.write() as tx:
        with pytest.raises(DomainError):
            await unlink_member(tx, "anil", ISSUER, "u-1")
        await unlink_member(tx, "pema", ISSUER, "u-1")
    assert (await register.snapshot())["member_identities"] == []


async def test_the_whole_application_has_this_door_where_an_issuer_is_set(tmp_path, copied, monkeypatch):
    class Opened(CoreWorld):
        def __init__(self, folder, url):
            monkeypatch.setattr(
                "core_world.Settings", lambda **given: Settings(**given, oidc_issuer="http://127.0.0.1:9")
            )
            super().__init__(folder, url)

    world = Opened(tmp_path, copied("registry-founded", found))
    answer = await world.post("{ __typename }", "pema")

    assert (answer.status_code, answer.json()["code"]) == (401, "UNKNOWN_KEY")
    await world.close()


def test_an_operator_links_and_unlinks_members(tmp_path):
    runner = CliRunner()
    env = {
        "GOODSTANDING_VAR": str(tmp_path / "var"),
        "GOODSTANDING_OIDC_ISSUER": ISSUER,
        "GOODSTANDING_OIDC_ALGS": '["RS256"]',
    }

    def said(*words):
        done = runner.invoke(app, words, env=env)
        return done.exit_code, done.output.strip()

    assert said("migrate")[0] == 0
    assert said("members", "add", "pema") == (0, "Added pema.")
    assert said("members", "link", "pema", "--subject", "u-1") == (0, "Linked pema.")
    assert said("members", "link", "other", "--subject", "u-1") == (1, "Error: There is no member other; add it first.")
    assert said("members", "unlink", "pema", "--subject", "u-1") == (0, "Unlinked pema.")
    assert said("members", "unlink", "pema", "--subject", "u-1") == (
        1,
        f"Error: pema is not linked to u-1 of {ISSUER}.",
    )
