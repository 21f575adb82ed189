import asyncio
from array import array
from datetime import timedelta

import pytest
from feed_simulator import START, FeedLog, checkpoint_line, new_signer, page

from goodstanding.canonical import b64u, format_time, unb64u
from goodstanding.errors import LogError
from goodstanding.events import new_salt, new_subject
from goodstanding.mirror import FollowStatus, Mirror, MirrorState, follow, signed_time
from goodstanding.number import make_number
from goodstanding.sizes import Column, SizeTable

NUMBER = make_number("TEST", "7K3M9QXR")


def apply_body(log, number=NUMBER, **changes):
    at = format_time(log.clock())
    return {
        "kind": "decision", "event_id": log.new_id(), "authority": "aut_labour", "scheme": "sch_fair",
        "scheme_version": "1", "number": number, "organisation": "org_1", "act": "apply", "reason": "applied",
        "basis": "decided", "decided_at": at, "effective_from": at,
    } | changes  # fmt: skip


def erasure_body(log, *event_ids):
    return {
        "kind": "erasure", "event_id": log.new_id(), "authority": "registry", "data": {"event_ids": sorted(event_ids)}
    }  # fmt: skip


@pytest.fixture
def log():
    return FeedLog()


@pytest.fixture
def taken():
    return []


@pytest.fixture
def mirror(log, taken):
    return Mirror(log.trusted, taken.append)


def grow(log, entries=1, subject=None):
    """Log entries of one subject, under one checkpoint."""
    subject = subject or new_subject()
    sealed = [log.submit(apply_body(log), subject) for _ in range(entries)]
    log.publish()
    log.clock.pass_(seconds=10)
    return sealed


def refused(mirror, taken, lines, match):
    """The page is refused and nothing of it reaches the consumer."""
    before, size = len(taken), mirror.size
    with pytest.raises(LogError, match=match):
        mirror.apply_page(page(lines))
    assert (len(taken), mirror.size, mirror.after) == (before, size, size - 1)


class TestAnHonestFeed:
    def test_is_applied_in_batches_that_checkpoints_cover(self, log, mirror, taken):
        grow(log, 2)
        grow(log, 3)
        assert mirror.apply_page(log.page()) == 5
        assert [[entry.index for entry in batch.entries] for batch in taken] == [[0, 1], [2, 3, 4]]
        assert taken[0].entries[0].body["number"] == NUMBER
        assert mirror.newest.checkpoint.root == log.root()

    def test_can_be_read_in_pages_and_from_where_it_stopped(self, log, mirror):
        for _ in range(3):
            grow(log, 2)
            mirror.apply_page(log.page(mirror.after))
        assert mirror.size == 6
        assert mirror.apply_page(log.page(mirror.after)) == 0

    def test_waits_with_entries_until_a_checkpoint_covers_them(self, log, mirror, taken):
        grow(log, 2)
        first, second, covering = log.lines()
        mirror.apply_page(page([first]))
        assert (mirror.size, mirror.after, taken) == (0, 0, [])
        mirror.apply_page(page([second, covering]))
        assert mirror.size == 2

    def test_keeps_the_first_time_of_each_size(self, log, mirror):
        grow(log)
        mirror.apply_page(log.page())
        mirror.observe(log.checkpoint())
        assert signed_time(mirror.newest) == START + timedelta(seconds=10)
        assert mirror.sizes.known_at(START) == (1, START)
        assert mirror.sizes.known_at(START - timedelta(seconds=1)) is None

    def test_of_an_empty_log_has_a_checkpoint_and_no_entries(self, log, mirror):
        assert mirror.apply_page(b"") == 0
        mirror.observe(log.checkpoint())
        assert mirror.sizes.newest() == (0, START)

    def test_may_repeat_the_checkpoint_it_ended_with(self, log, mirror):
        grow(log)
        mirror.apply_page(log.page())
        mirror.apply_page(page([checkpoint_line(log.firsts[1])]))
        assert mirror.size == 1

    def test_is_offered_again_when_the_consumer_fails(self, log):
        offered = []

        def consume(batch):
            offered.append(batch)
            if len(offered) == 1:
                raise OSError("disk full")

        mirror = Mirror(log.trusted, consume)
        grow(log)
        with pytest.raises(OSError, match="disk full"):
            mirror.apply_page(log.page())
        assert mirror.apply_page(log.page(mirror.after)) == 1
        assert offered[0] == offered[1]


class TestMisbehaviour:
    def test_gap(self, log, mirror, taken):
        grow(log, 3)
        lines = list(log.lines())
        refused(mirror, taken, [lines[0], *lines[2:]], "jumps to entry 2; entry 1 is next")

    def test_repeat(self, log, mirror, taken):
        grow(log, 2)
        first, *rest = log.lines()
        refused(mirror, taken, [first, first, *rest], "repeats entry 0")

    def test_fork(self, log, mirror, taken):
        grow(log)
        mirror.apply_page(log.page())
        other = FeedLog(clock=log.clock, key=log.key, time_key=log.time_key)
        grow(other)
        grow(other)
        refused(mirror, taken, list(other.lines(after=0)), "do not lead to the root")
        with pytest.raises(LogError, match="forked: two roots are signed for 1 entries"):
            mirror.apply_page(page([checkpoint_line(other.firsts[1])]))

    def test_fork_seen_beside_the_feed(self, log, mirror, taken):
        grow(log)
        mirror.apply_page(log.page())
        mirror.observe(log.checkpoint(2, root=b"\x01" * 32))
        grow(log)
        refused(mirror, taken, list(log.lines(after=0)), "forked: two roots are signed for 2 entries")

    def test_fork_of_a_size_that_lies_behind(self, log, mirror):
        grow(log)
        grow(log)
        mirror.apply_page(log.page())
        with pytest.raises(LogError, match="two roots are signed for 1 entries"):
            mirror.observe(log.checkpoint(1, root=b"\x01" * 32))

    def test_a_size_passed_over_by_the_feed_is_still_compared(self, log, mirror, taken):
        mirror.observe(log.checkpoint(1, root=b"\x01" * 32))
        grow(log, 2)
        refused(mirror, taken, list(log.lines()), "two roots are signed for 1 entries")

    def test_rewind(self, log, mirror, taken):
        grow(log)
        grow(log)
        mirror.apply_page(log.page())
        refused(mirror, taken, [checkpoint_line(log.firsts[1])], "went back to a checkpoint of 1 entries")

    def test_a_replayed_checkpoint_renews_nothing(self, log, mirror):
        grow(log)
        old = log.checkpoint()
        log.clock.pass_(minutes=5)
        mirror.apply_page(log.page())
        mirror.observe(log.checkpoint())
        newest = signed_time(mirror.newest)
        mirror.observe(old)
        assert signed_time(mirror.newest) == newest

    def test_a_checkpoint_ahead_renews_only_once_its_entries_are_here(self, log, mirror):
        grow(log)
        mirror.apply_page(log.page())
        grow(log)
        log.clock.pass_(minutes=1)
        mirror.observe(log.checkpoint())
        assert signed_time(mirror.newest) == START
        mirror.apply_page(log.page(mirror.after))
        assert signed_time(mirror.newest) == log.clock()

    def test_checkpoint_beyond_the_entries_shown(self, log, mirror, taken):
        grow(log, 2)
        first, _, covering = log.lines()
        refused(mirror, taken, [first, covering], "covers 2 entries, but the feed showed only 1")

    def test_wrong_body(self, log, mirror, taken):
        grow(log)
        entry, covering = log.lines()
        body = unb64u(entry["body"]).replace(b"applied", b"granted")
        refused(mirror, taken, [entry | {"body": b64u(body)}, covering], "not the one its leaf commits to")

    def test_wrong_salt(self, log, mirror, taken):
        grow(log)
        entry, covering = log.lines()
        refused(mirror, taken, [entry | {"salt": b64u(new_salt())}, covering], "not the one its leaf commits to")

    def test_number_of_another_register(self, log, mirror, taken):
        log.submit(apply_body(log, make_number("ABC", "7K3M9QXR")))
        log.publish()
        refused(mirror, taken, list(log.lines()), "not a number of this log, whose prefix is TEST")

    @pytest.mark.parametrize("prev", [None, b"\x07" * 32])
    def test_broken_chain(self, log, mirror, taken, prev):
        subject = new_subject()
        log.submit(apply_body(log), subject)
        log.submit(apply_body(log), subject, prev=prev)
        log.publish()
        refused(mirror, taken, list(log.lines()), "entry 1 .* does not follow its subject's newest entry")

    def test_chain_that_begins_in_nothing(self, log, mirror, taken):
        log.submit(apply_body(log), prev=b"\x07" * 32)
        log.publish()
        refused(mirror, taken, list(log.lines()), "does not follow its subject's newest entry")

    def test_missing_body_that_no_erasure_explains(self, log, mirror):
        (sealed,) = grow(log)
        log.erase([sealed.event_id], log.new_id())
        mirror.apply_page(log.page())
        with pytest.raises(LogError, match=f"the body of event {sealed.event_id} is missing"):
            mirror.apply_page(log.page(mirror.after))

    def test_missing_body_explained_by_an_erasure_of_something_else(self, log, mirror):
        first, second = grow(log, 2)
        erasure = log.submit(erasure_body(log, second.event_id))
        log.publish()
        log.erase([first.event_id], erasure.event_id)
        mirror.apply_page(log.page())
        with pytest.raises(LogError, match="is missing"):
            mirror.apply_page(log.page(mirror.after))

    def test_missing_body_of_an_erasure(self, log, mirror, taken):
        erasure = log.submit(erasure_body(log, log.new_id()))
        log.publish()
        log.erase([erasure.event_id], erasure.event_id)
        refused(mirror, taken, list(log.lines()), "an erasure event is never erased")

    @pytest.mark.parametrize(
        "changes",
        [{"key": new_signer()}, {"time_key": new_signer()}, {"origin": "other.example/log"}],
        ids=["log key", "time cosigner", "origin"],
    )
    def test_bad_signature(self, log, mirror, taken, changes):
        grow(log)
        entry, _ = log.lines()
        refused(mirror, taken, [entry, checkpoint_line(log.checkpoint(**changes))], "verify|not one of")

    @pytest.mark.parametrize(
        ("line", "match"),
        [
            (b"{}", "holds"),
            (b"[]", "not a JSON object"),
            (b"<html>", "cannot be read"),
            (b'{"index":0,"leaf":"","body":"","salt":"","extra":1}', "holds"),
            (b'{"index":0,"leaf":1,"body":"","salt":""}', "refused"),
            (b'{"index":true,"leaf":"","body":"","salt":""}', "jumps"),
            (b'{"checkpoint":1}', "holds"),
            (b'{"checkpoint":"x"}', "newline"),
            (b'{"checkpoint":"\\ud800"}', "UTF-8"),
            (b'{"index":0,"index":0}', "twice"),
            (b"\xff", "UTF-8"),
        ],
    )
    def test_garbage(self, mirror, line, match):
        with pytest.raises(LogError, match=match):
            mirror.apply_page(line + b"\n")

    def test_page_cut_off(self, log, mirror):
        grow(log)
        with pytest.raises(LogError, match="cut off"):
            mirror.apply_page(log.page()[:-5])

    def test_feed_that_ends_without_a_checkpoint(self, log, mirror):
        grow(log)
        entry, _ = log.lines()
        mirror.apply_page(page([entry]))
        with pytest.raises(LogError, match="no checkpoint covers"):
            mirror.apply_page(b"")
        assert mirror.apply_page(log.page(mirror.after)) == 1

    def test_what_was_covered_before_the_fault_stays(self, log, mirror):
        grow(log, 2)
        grow(log)
        lines = list(log.lines())
        with pytest.raises(LogError):
            mirror.apply_page(page([*lines[:3], {}]))
        assert mirror.size == 2


def test_an_erased_body_is_applied_without_it_and_counted(log, mirror, taken):
    (sealed,) = grow(log)
    erasure = log.submit(erasure_body(log, sealed.event_id))
    log.publish()
    log.erase([sealed.event_id], erasure.event_id)
    mirror.apply_page(log.page())
    mirror.apply_page(log.page(mirror.after))
    assert taken[0].entries[0].body is None
    assert mirror.erased == 1


def test_known_at_is_the_greatest_size_also_when_the_clock_went_back():
    table, minute = SizeTable(), timedelta(minutes=1)
    for size, minutes in ((1, 0), (2, 5), (3, 2), (4, 9)):
        table.add(size, START + minutes * minute, bytes(32))
    assert [table.known_at(START + at * minute)[0] for at in (0, 1, 2, 5, 8, 9)] == [1, 1, 3, 3, 3, 4]
    table.add(4, START, bytes(range(32)))  # the first time and the root stay
    table.add(2, START, bytes(range(32)))
    assert table.newest() == (4, START + 9 * minute)
    assert table.root(4) == table.root(2) == bytes(32)
    assert table.root(3) == bytes(32)
    assert table.root(5) is None


def test_sizes_that_lie_elsewhere_are_read_in_place():
    minute = timedelta(minutes=1)
    first, whole = SizeTable(), SizeTable()
    seen = ((1, 0), (2, 5), (3, 7), (4, 6), (9, 2), (10, 8))
    for size, minutes in seen[:4]:
        first.add(size, START + minutes * minute, bytes([size]) * 32)
    held = [
        memoryview(array("q", list(column)).tobytes()).cast("q") for column in (first.sizes, first.times, first.firsts)
    ]
    table = SizeTable(*map(Column, held), bytes(first.root_tail))
    for size, minutes in seen[4:]:
        table.add(size, START + minutes * minute, bytes([size]) * 32)
    for size, minutes in seen:
        whole.add(size, START + minutes * minute, bytes([size]) * 32)
    for at in range(-1, 10):
        assert table.known_at(START + at * minute) == whole.known_at(START + at * minute)
    assert [table.root(size) for size in range(12)] == [whole.root(size) for size in range(12)]
    assert (len(first.sizes), list(held[0])) == (4, [1, 2, 3, 4])


def test_a_mirror_goes_on_from_what_another_one_knew(log, mirror, taken):
    grow(log, 2)
    mirror.apply_page(log.page())
    log.clock.pass_(minutes=1)
    mirror.observe(log.checkpoint())
    other = Mirror(log.trusted, taken.append, mirror.state)
    assert (other.size, other.after, signed_time(other.newest)) == (2, 1, log.clock())
    grow(log)
    assert other.apply_page(log.page(other.after)) == 1


def test_what_was_kept_must_lead_to_its_checkpoint(log, mirror):
    grow(log, 2)
    mirror.apply_page(log.page())
    with pytest.raises(LogError, match="does not lead to the checkpoint kept with it"):
        MirrorState(newest=mirror.newest)


class TestReplaying:
    """Entries that were verified before, from where somebody kept them."""

    def test_applies_them_under_their_checkpoint(self, log, mirror, taken):
        grow(log, 2)
        mirror.apply_page(log.page())
        again = Mirror(log.trusted, taken.append)
        again.replay(taken[0].entries, taken[0].checkpoint)
        assert taken[1] == taken[0]
        assert (again.size, again.newest) == (2, mirror.newest)
        again.replay(taken[0].entries, taken[0].checkpoint)  # once more changes nothing
        assert len(taken) == 2

    def test_tree_and_chains_are_checked_again(self, log, mirror, taken):
        grow(log, 2)
        mirror.apply_page(log.page())
        first, second = taken[0].entries
        again = Mirror(log.trusted, taken.append)
        for entries, says in (((second, first), "do not lead"), ((first,), "showed only 1")):
            with pytest.raises(LogError, match=says):
                again.replay(entries, taken[0].checkpoint)
            assert (again.size, again.after, len(taken)) == (0, -1, 1)


class TestFollowing:
    async def test_goes_on_after_failures_and_says_so(self, log, mirror):
        grow(log, 2)
        stop, status, served = asyncio.Event(), FollowStatus(), []

        async def fetch(after):
            served.append(after)
            if len(served) == 1:
                raise OSError("no route to host")
            if len(served) == 2:
                assert "no route to host" in status.error
                return page([{}])
            if len(served) == 3:
                assert status.failures == 2
                return log.page(after)
            stop.set()
            return b""

        await follow(mirror, fetch, stop, poll=0.001, status=status)
        assert served == [-1, -1, -1, 1]
        assert (status.healthy, status.error, mirror.size) == (True, None, 2)

    async def test_stops_while_it_waits(self, mirror):
        stop = asyncio.Event()

        async def fetch(_after):
            asyncio.get_running_loop().call_later(0.01, stop.set)
            return b""

        async with asyncio.timeout(5):
            await follow(mirror, fetch, stop, poll=60)
