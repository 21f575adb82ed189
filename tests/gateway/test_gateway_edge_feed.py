"""Feeds that misbehave and clocks that disagree, as whoever asks a gateway sees it."""

import asyncio
import json
from datetime import timedelta

import pytest
from feed_simulator import START, FeedLog, checkpoint_line, page
from gateway_simulator import NUMBER, OTHER
from starlette.responses import PlainTextResponse, Response

from gateway.upstream import UpstreamError
from gateway.verification.copy import Copy
from gateway.verification.folder import Folder
from goodstanding.canonical import b64u, unb64u
from goodstanding.errors import LogError
from goodstanding.events import new_salt


def codes(verdict):
    return [reason["code"] for reason in verdict["reasons"]]


@pytest.fixture(autouse=True)
async def followed(register, gateway):
    """A gateway that has followed so far; then somebody is suspended, and the log has it."""
    register.grant()
    await gateway.follow()
    register.clock.pass_(seconds=5)
    register.suspend()
    register.codes.set(register.known[NUMBER].idx, 0)  # so that only the log tells
    register.list_token = None
    register.publish()


@pytest.fixture
def shown(register):
    """Makes the feed show other lines, and then the truth again."""

    def show(lines):
        register.broken["/feed"] = lambda: PlainTextResponse(page(lines))

    yield show
    register.broken.clear()


def fork(register):
    """The same log, its newest entry another one."""
    other = FeedLog(clock=register.clock, key=register.log.key, time_key=register.log.time_key)
    other.entries = [*register.log.entries[:-1], register.log.entries[0]]
    return other


def jump(lines, register):
    return [lines[0] | {"index": 6}, lines[1]]


def repeat(lines, register):
    return [lines[0], lines[0], lines[1]]


def go_back(lines, register):
    return [checkpoint_line(register.log.firsts[3])]


def another_root(lines, register):
    return [lines[0], checkpoint_line(fork(register).checkpoint())]


def another_tree(lines, register):
    return [
        lines[0] | {"leaf": b64u(fork(register).entries[-1].sealed.leaf)},
        checkpoint_line(fork(register).checkpoint()),
    ]


def another_body(lines, register):
    return [lines[0] | {"body": b64u(unb64u(lines[0]["body"]).replace(b"preventive", b"displinary"))}, lines[1]]


def another_salt(lines, register):
    return [lines[0] | {"salt": b64u(new_salt())}, lines[1]]


def no_body(lines, register):
    return [{"index": 5, "leaf": lines[0]["leaf"], "erased_by": register.log.new_id()}, lines[1]]


def nobody_signed(lines, register):
    return [lines[0], checkpoint_line(register.log.checkpoint(key=register.token_key))]


def no_time(lines, register):
    return [lines[0], checkpoint_line(register.log.checkpoint(time_key=register.token_key))]


def without_its_checkpoint(lines, register):
    return lines[:1]


MISBEHAVIOUR = [
    jump, repeat, go_back, another_root, another_tree, another_body, another_salt, no_body, nobody_signed, no_time,
    without_its_checkpoint,
]  # fmt: skip


@pytest.mark.parametrize("misbehave", MISBEHAVIOUR)
async def test_a_feed_that_misbehaves_changes_no_answer_and_is_not_kept(
    register, make_gateway, gateway, shown, misbehave
):
    shown(misbehave(list(register.log.lines(4)), register))
    with pytest.raises(LogError):
        while True:
            await gateway.follow("feed")
            register.broken["/feed"] = lambda: PlainTextResponse(b"")  # the end of what it has to show
    verdict = await gateway.verify(NUMBER)
    assert (codes(verdict)[0], verdict["treeSize"]) in {("ACTIVE", 5), ("ERASED", 6)}
    if misbehave is not no_body:
        kept = Copy.newest(Folder(gateway.app.state.edge._keeper._folder.path), register.log.trusted)
        kept.read_all()
        assert kept.size == 5
        kept.close()
        register.broken.clear()
        await gateway.follow()
        assert codes(await gateway.verify(NUMBER))[0] == "SUSPENDED"


async def test_a_feed_that_stalls_makes_answers_stale(register, gateway):
    register.broken["/feed"] = lambda: PlainTextResponse(b"")
    for _ in range(4):
        register.clock.pass_(seconds=10)
        await gateway.follow("feed", "checkpoint", "status-lists")
    verdict = await gateway.verify(NUMBER)
    assert (verdict["verdict"], codes(verdict)[:2]) == ("CANNOT_CONCLUDE", ["ACTIVE", "STALE"])
    assert codes(await gateway.verify(OTHER))[0] == "STALE"


async def test_a_feed_that_never_ends_its_answer_does_not_hold_up_anything_else(register, gateway, monkeypatch):
    monkeypatch.setattr("gateway.verification.edge.PAGE_TIMEOUT", 0.05)

    async def forever(_scope, _receive, _send):
        await asyncio.sleep(60)

    register.broken["/feed"] = lambda: forever
    with pytest.raises(UpstreamError, match="was not answered within"):
        await gateway.follow("feed")
    await gateway.follow("checkpoint", "status-lists", "records")


@pytest.mark.parametrize(
    "answer",
    [
        PlainTextResponse("<html>busy</html>\n"),
        PlainTextResponse("{}", 500),
        Response(b"\xff\xfe\n"),
        PlainTextResponse('{"index":5'),
        PlainTextResponse(json.dumps({"index": 5, "leaf": "x"}) + "\n"),
    ],
)
async def test_an_answer_that_is_no_feed(register, gateway, answer):
    register.broken["/feed"] = lambda: answer
    with pytest.raises((LogError, UpstreamError)):
        await gateway.follow("feed")
    register.broken.clear()
    await gateway.follow("feed")
    assert codes(await gateway.verify(NUMBER))[0] == "SUSPENDED"


class TestClocks:
    """The log's clock and this node's, on a log where nothing happens."""

    @pytest.fixture(autouse=True)
    async def idle(self, register, gateway, followed):
        register.grant(OTHER)
        await gateway.follow()

    async def test_a_replayed_checkpoint_makes_nothing_fresh(self, register, make_gateway, gateway):
        old = register.log.checkpoint()
        register.clock.pass_(seconds=31)
        register.broken["/log/checkpoint"] = lambda: PlainTextResponse(old)
        await gateway.follow("feed", "checkpoint", "status-lists")
        assert "STALE" in codes(await gateway.verify(OTHER))
        again = make_gateway()  # nor for one that has never seen a newer one
        await again.follow("feed", "checkpoint", "status-lists")
        assert "STALE" in codes(await again.verify(OTHER))

    async def test_nor_after_a_restart(self, register, make_gateway, gateway):
        old = register.log.checkpoint()
        register.clock.pass_(seconds=20)
        await gateway.follow("checkpoint")
        await gateway.app.state.edge.close()
        register.broken["/log/checkpoint"] = lambda: PlainTextResponse(old)
        register.clock.pass_(seconds=20)
        again = make_gateway(var=gateway.app.state.edge._keeper._folder.path.parent)
        await again.follow("feed", "checkpoint", "status-lists")
        verdict = await again.verify(OTHER)
        assert codes(verdict)[0] == "ACTIVE"
        assert "STALE" not in codes(verdict)  # the time seen before counts on
        register.clock.pass_(seconds=11)
        await again.follow("feed", "checkpoint", "status-lists")
        assert "STALE" in codes(await again.verify(OTHER))

    async def test_a_log_whose_clock_is_far_ahead_is_never_fresh(self, register, make_gateway):
        register.log.firsts[len(register.log.entries)] = register.log.checkpoint(time=START + timedelta(hours=1))
        gateway = make_gateway()
        await gateway.follow("feed", "status-lists")
        verdict = await gateway.verify(OTHER)
        assert (verdict["verdict"], codes(verdict)[:2]) == ("CANNOT_CONCLUDE", ["ACTIVE", "STALE"])
        assert verdict["freshUntil"] < verdict["asOf"]

    async def test_a_clock_of_ours_that_goes_back_makes_nothing_fresh_for_ever(self, register, gateway):
        assert "STALE" not in codes(await gateway.verify(OTHER))
        register.clock.now -= timedelta(hours=1)
        assert "STALE" in codes(await gateway.verify(OTHER))

    async def test_a_little_ahead_counts_for_as_long_as_it_is_ahead_and_no_longer(self, register, make_gateway):
        ahead = register.log.checkpoint(time=register.clock() + timedelta(seconds=50))
        register.log.firsts[len(register.log.entries)] = ahead
        gateway = make_gateway()
        await gateway.follow("feed", "status-lists")
        for seconds, stale in ((0, False), (80, False), (1, True)):
            register.clock.pass_(seconds=seconds)
            await gateway.follow("status-lists")
            assert ("STALE" in codes(await gateway.verify(OTHER))) is stale
