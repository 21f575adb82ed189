"""The parts that the outside cannot drive into every corner: lists, records, composing, limits, settings, command."""

import asyncio
import json
from datetime import timedelta

import httpx
import pytest
import structlog
from feed_simulator import START, new_signer
from gateway_simulator import LIST, NUMBER, OTHER, SCHEME
from graphql import parse
from starlette.responses import JSONResponse, PlainTextResponse
from typer.testing import CliRunner

from gateway.app import create_app, followed_log
from gateway.cli import cli
from gateway.faces.graphql import accepted
from gateway.followers import Follower, Followers
from gateway.guards.limits import DocumentLimits, excess
from gateway.settings import Settings
from gateway.upstream import UpstreamError, over_http, read
from gateway.verification.lists import StatusLists
from gateway.verification.question import Question, QuestionError, ScopeQuestion, parse_instant
from goodstanding.errors import EventError, KeyRefused, TokenError, TrustError
from goodstanding.status_list import sign_status_list, status_list_payload
from goodstanding.trust import Trust


class TestStatusLists:
    def token(self, register, *, at=START, signer=None, uri=LIST, **changes):
        claims = {"uri": uri, "lst": register.codes.encode(), "iat": at, "exp": at + timedelta(minutes=10), "ttl": 30}
        return sign_status_list(status_list_payload(**claims | changes), signer or register.status_key)

    def test_the_newest_wins_and_an_older_issue_is_refused(self, register):
        lists, later = StatusLists(register.trust), START + timedelta(seconds=5)
        register.grant()
        idx = register.known[NUMBER].idx
        old = self.token(register)
        register.set_code(NUMBER, 2)
        lists.take(LIST, self.token(register, at=later), later)
        with pytest.raises(TokenError, match="older issue"):
            lists.take(LIST, old, later)
        assert lists.code(LIST, idx, later).code == 2
        assert lists.code(LIST, idx, later + timedelta(minutes=10)) is None

    def test_what_it_does_not_hold_is_unknown(self, register):
        lists = StatusLists(register.trust)
        assert lists.code(LIST, 0, START) is None
        lists.take(LIST, self.token(register), START)
        assert lists.code(LIST, 10_000, START) is None
        assert len(lists) == 1

    @pytest.mark.parametrize(
        ("uri", "changes", "reason"),
        [
            ("https://elsewhere.example/status-lists/1", {}, "UNKNOWN_LIST"),
            (f"{LIST}/more", {}, "UNKNOWN_LIST"),
            (LIST, {"signer": new_signer()}, "UNKNOWN_KEY"),
            (LIST, {"uri": f"{LIST}0"}, "WRONG_LIST"),
            (LIST, {"at": START - timedelta(minutes=11)}, "EXPIRED"),
            (LIST, {"at": START + timedelta(minutes=5)}, "NOT_YET_VALID"),
        ],
    )
    def test_refused(self, register, uri, changes, reason):
        lists = StatusLists(register.trust)
        with pytest.raises(TokenError) as error:
            lists.take(uri, self.token(register, **changes), START)
        assert error.value.reason == reason
        assert len(lists) == 0

    async def test_one_list_that_fails_does_not_hold_up_the_others(self, register, gateway):
        register.grant()
        uris = [f"{ORIGIN_LISTS}/gone", LIST, "https://elsewhere.example/status-lists/1", "nonsense"]
        register.broken["/status-lists"] = lambda: JSONResponse({"status_lists": uris})
        with pytest.raises(UpstreamError, match=r"3 status lists could not be followed; the first: .* answered 404"):
            await gateway.follow("status-lists")
        register.broken.clear()
        await gateway.follow("feed", "checkpoint")
        assert (await gateway.verify(NUMBER))["verdict"] == "IN_GOOD_STANDING"

    @pytest.mark.parametrize("body", [b"[]", b"{", b'{"status_lists":[1]}', b'{"status_lists":"x"}', b"\xff"])
    async def test_an_aggregation_that_is_none(self, register, gateway, body):
        register.broken["/status-lists"] = lambda: PlainTextResponse(body)
        with pytest.raises(EventError):
            await gateway.follow("status-lists")

    async def test_an_unchanged_list_is_not_sent_again(self, register, gateway):
        register.grant()
        await gateway.follow("status-lists")
        await gateway.follow("status-lists")
        _, headers = register.asked[-1]
        assert headers["if-none-match"].startswith('"')


ORIGIN_LISTS = LIST.rpartition("/")[0]


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ("{ a { b } }", None),
        ("{ a { b { c { d } } } }", "more than 3 levels deep"),
        ("{ a b c d e f }", "more than 5 fields"),
        ("{ a { ...F } } fragment F on T { b { ...G } } fragment G on T { c { d } }", "more than 3 levels deep"),
        ("{ x: a y: b z: c }", "more than 2 aliased fields"),
        ("{ ...F ...F } fragment F on Query { x: a ... { y: b } }", "more than 2 aliased fields"),
        ("{ a ...F } fragment F on Query { b ...F }", None),
        ("{ ...Missing }", None),
    ],
)
def test_bounds_on_a_document(document, sentence):
    told = excess(parse(document), DocumentLimits(depth=3, fields=5, aliases=2))
    assert told is None if sentence is None else sentence in told


class TestQuestions:
    @pytest.mark.parametrize(
        "changes",
        [{}, {"number": "X", "domain": "y"}, {"domain": ""}, {"identifier": ("lei", "")}, {"domain": "x" * 201}],
    )
    def test_by_exactly_one_short_thing(self, changes):
        with pytest.raises(QuestionError, match="by:"):
            Question(**changes)

    def test_a_scope_names_what_is_wrong_with_it(self):
        with pytest.raises(QuestionError) as error:
            ScopeQuestion(destination="Japan")
        assert error.value.parameter == "destination"

    def test_instants(self):
        assert parse_instant("2026-05-04T14:45:00+05:45") == START
        assert parse_instant("2026-05-04t09:00:00z") == START
        for text in ("", None, 5, "2026-05-04 09:00:00Z", "2026-02-30T00:00:00Z", "9999-12-31T23:59:59-14:00"):
            with pytest.raises(ValueError, match="time"):
                parse_instant(text)


def test_accept_prefers_by_quality():
    assert accepted("application/*") == "application/json"
    assert accepted("application/graphql-response+json;q=0, */*") == "application/json"
    assert accepted("application/json;q=x") is None


class TestFollowers:
    async def test_one_that_fails_goes_on_and_leaves_the_others_alone(self, until):
        steps = {"bad": 0, "good": 0}

        async def bad():
            steps["bad"] += 1
            if steps["bad"] < 3:
                raise ValueError("no")
            return False

        async def good():
            steps["good"] += 1
            return steps["good"] < 5

        followers = Followers([Follower("bad", bad, 0.01), Follower("good", good, 0.01)])
        followers.start()
        await until(lambda: steps["bad"] >= 3 and steps["good"] >= 5)
        await followers.stop()
        assert [member.status.healthy for member in followers.members] == [True, True]

    async def test_one_that_fails_may_be_in_a_hurry(self, until):
        failed = []

        async def bad():
            failed.append(True)
            raise ValueError("no")

        followers = Followers([Follower("bad", bad, every=60, longest=0.01)])
        followers.start()
        await until(lambda: len(failed) >= 5)
        await followers.stop()

    async def test_status_lists_are_in_a_hurry(self, gateway):
        """A registry that is up for half a second now and then has been asked for its suspensions."""
        assert gateway.followers["status-lists"].longest <= 0.25

    async def test_one_that_is_woken_takes_its_next_step_at_once(self, until):
        steps = []

        async def step():
            steps.append(True)
            return False

        sleeper = Follower("sleeper", step, every=60)
        followers = Followers([sleeper])
        followers.start()
        await until(lambda: len(steps) == 1)
        sleeper.woken.set()
        await until(lambda: len(steps) == 2)
        await followers.stop()

    async def test_a_status_list_that_the_feed_names_is_read_at_once(self, register, gateway):
        lists = gateway.followers["status-lists"]
        register.grant()
        register.publish()
        await gateway.follow("feed")
        assert lists.woken.is_set()
        lists.woken.clear()
        register.grant(OTHER)
        register.publish()
        await gateway.follow("feed")
        assert not lists.woken.is_set()  # the same list: it is followed at its own pace

    async def test_one_that_hangs_is_cancelled(self, monkeypatch):
        monkeypatch.setattr("gateway.followers.STOP_TIMEOUT", 0.05)
        begun = asyncio.Event()

        async def hang():
            begun.set()
            await asyncio.sleep(3600)
            return False

        followers = Followers([Follower("hang", hang, 1)])
        followers.start()
        await begun.wait()
        async with asyncio.timeout(5):
            await followers.stop()

    async def test_stopping_what_never_started(self):
        await Followers([]).stop()


class TestUpstreams:
    async def test_an_answer_that_is_too_late(self):
        async def late(_request):
            await asyncio.sleep(3600)

        async with httpx.AsyncClient(transport=httpx.MockTransport(late), base_url="http://x") as client:
            with pytest.raises(UpstreamError, match="was not answered within") as error:
                await read(client, "/", limit=10, timeout=0.01)
        assert error.value.timed_out

    async def test_an_answer_that_is_too_long(self):
        transport = httpx.MockTransport(lambda _request: httpx.Response(200, content=b"x" * 11))
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            with pytest.raises(UpstreamError, match="more than 10 bytes"):
                await read(client, "/", limit=10)

    async def test_nobody_there(self):
        async with over_http("http://127.0.0.1:9") as client:
            with pytest.raises(UpstreamError, match="cannot be reached"):
                await read(client, "/", limit=10)


class TestBuilding:
    def test_the_log_to_follow_must_be_clear(self, register):
        trust = register.trust
        assert followed_log(trust, None).prefix == followed_log(trust, "TEST").prefix == "TEST"
        for prefix, known in (("ABC", trust), (None, Trust({}, {}))):
            with pytest.raises(TrustError, match="set the number prefix"):
                followed_log(known, prefix)

    def test_an_unsound_access_key_is_refused(self, register, gateway):
        settings = Settings(access_keys=[{"kty": "OKP", "crv": "Ed25519", "x": "AA"}])
        with pytest.raises(KeyRefused):
            create_app(settings, gateway.upstreams, register.trust, register.clock)

    def test_settings_come_from_the_environment(self, monkeypatch, register):
        monkeypatch.setenv("GOODSTANDING_ORIGIN", "https://x.example")
        monkeypatch.setenv("GOODSTANDING_ACCESS_KEYS", json.dumps([register.token_key.public_jwk]))
        settings = Settings()
        assert (settings.origin, settings.access_keys) == ("https://x.example", [register.token_key.public_jwk])

    @pytest.fixture
    def own_logging(self):
        """The command sets up logging for a whole process; this one goes on."""
        yield
        structlog.reset_defaults()

    def test_the_command_says_what_is_missing(self, monkeypatch, tmp_path, own_logging):
        monkeypatch.setenv("GOODSTANDING_TRUST", str(tmp_path / "trust.json"))
        result = CliRunner().invoke(cli, ["serve", "--port", "0x"])
        assert result.exit_code == 2
        result = CliRunner().invoke(cli, ["serve"])
        assert (result.exit_code, "trust.json cannot be read" in result.output) == (3, True)


async def test_names_fall_back_to_ids_until_they_are_known(register, make_gateway):
    register.log.entries.clear()
    register.log.firsts.clear()
    register.grant(OTHER)
    gateway = make_gateway()
    await gateway.follow()
    verdict = await gateway.verify(OTHER)
    assert (verdict["authority"], verdict["scheme"]) == ("aut_labour", SCHEME)
