"""Processes that share an edge folder: one follows, the others read along, any of them may end at any moment."""

import asyncio
import random
import zlib
from datetime import timedelta

import pytest
from edge_machine import Machine
from feed_simulator import START
from gateway_simulator import NUMBER, OTHER, Register

from gateway.verification.compactor import CompactionFailed, Compactor
from gateway.verification.keeper import Bounds
from gateway.verification.snapshot import SnapshotRefused
from goodstanding.errors import LogError
from goodstanding.mirror import signed_time


@pytest.fixture
def register():
    register = Register()
    register.found()
    register.grant()
    return register


@pytest.fixture
async def make_machine(register, tmp_path):
    made = []

    def make(name="edge", **options):
        made.append(Machine(register.log, tmp_path / name, **options))
        return made[-1]

    yield make
    for machine in made:
        await machine.close()


@pytest.fixture
def machine(make_machine):
    return make_machine()


def tell(worker):
    """What a worker says of the two numbers."""
    return [(worker.ask(number=number).codes[0], worker.ask(number=number).tree_size) for number in (NUMBER, OTHER)]


async def end(worker):
    """The process ends, however: the system takes its lock back, and nothing else happens."""
    worker.folder.unlock()
    if worker in worker.machine.workers:
        worker.machine.workers.remove(worker)


class TestReadingAlong:
    async def test_one_follows_and_the_other_answers_alike(self, register, machine):
        first, second = machine.worker(), machine.worker()
        for act in (lambda: None, register.suspend, lambda: register.grant(OTHER), lambda: register.revoke(OTHER)):
            act()
            register.publish()
            await first.settle()
            await second.settle()
            assert tell(first) == tell(second)
        assert (first.keeper.follows, second.keeper.follows, second.fetched) == (True, False, [])

    async def test_there_is_nothing_to_read_before_somebody_follows(self, machine):
        first, second = machine.worker(), machine.worker()
        first.folder.lock()
        assert not await second.step()
        assert not second.keeper.loaded

    async def test_a_time_seen_beside_the_feed_reaches_the_others(self, register, machine):
        first, second = machine.worker(), machine.worker()
        await first.settle()
        await second.settle()
        register.clock.pass_(seconds=20)
        first.keeper.observe(register.log.checkpoint())
        second.keeper.observe(register.log.checkpoint(time=START + timedelta(days=1)))  # not its business
        await second.settle()
        assert signed_time(second.copy.mirror.newest) == START + timedelta(seconds=20)

    async def test_a_forged_time_in_the_folder_is_refused(self, register, machine):
        first, second = machine.worker(), machine.worker()
        await first.settle()
        await second.settle()
        forged = register.log.checkpoint(time=START + timedelta(days=1), time_key=register.token_key)
        machine.folder.put_checkpoint(forged)
        with pytest.raises(LogError, match="does not verify"):
            await second.settle()
        assert signed_time(second.copy.mirror.newest) == START
        await second.settle()

    async def test_several_batches_at_once(self, register, machine):
        first, second = machine.worker(), machine.worker()
        await first.settle()
        await second.settle()
        for _ in range(3):
            suspension = register.suspend()
            register.publish()
            register.end_suspension(suspension)
            register.publish()
        await first.settle()
        await second.settle()
        assert (second.size, tell(second)) == (first.size, tell(first))
        assert second.copy.mirror.sizes.newest() == first.copy.mirror.sizes.newest()


class TestTakingOver:
    async def test_whoever_asks_first_goes_on_where_the_other_stopped(self, register, machine):
        first, second, third = machine.worker(), machine.worker(), machine.worker()
        for worker in (first, second, third):
            await worker.settle()
        await end(first)
        register.suspend()
        register.publish()
        await second.settle()
        await third.settle()
        assert second.fetched == [4, 5]
        assert (second.keeper.follows, third.keeper.follows, third.fetched) == (True, False, [])
        assert tell(second) == tell(third) == [("SUSPENDED", 6), ("UNKNOWN_NUMBER", 6)]

    async def test_what_was_written_and_not_yet_read_is_read_first(self, register, machine):
        first, second = machine.worker(), machine.worker()
        await first.settle()
        await second.settle()
        register.suspend()
        register.publish()
        await first.settle()
        await end(first)
        await second.settle()
        assert second.fetched == [5]

    @pytest.mark.parametrize("tail", [b"\0", b"\0" * 5000, b"half", b"\0\0\0\x05\0\0\0\0short", b"\xff" * 64])
    async def test_what_the_other_did_not_finish_writing_is_cut_away(self, register, machine, tail):
        first, second = machine.worker(), machine.worker()
        await first.settle()
        await second.settle()
        await end(first)
        with machine.folder.delta(0).open("ab") as file:
            file.write(tail)
        register.suspend()
        register.publish()
        await second.settle()
        later = Machine(register.log, machine.path).worker()
        await later.settle()
        assert tell(later) == tell(second) == [("SUSPENDED", 6), ("UNKNOWN_NUMBER", 6)]
        await later.keeper.close()

    async def test_entries_without_their_checkpoint_are_read_again(self, register, machine):
        first = machine.worker()
        await first.settle()
        await end(first)
        delta = machine.folder.delta(0)
        delta.write_bytes(delta.read_bytes()[:-10])  # into the record of the last checkpoint
        second = machine.worker()
        await second.settle()
        assert (second.fetched[0], second.size) == (2, 5)

    async def test_a_lock_that_cannot_be_had_for_another_reason_is_an_error(self, machine):
        machine.path.parent.mkdir(exist_ok=True)
        machine.path.write_bytes(b"")
        with pytest.raises(OSError, match="exists"):
            await machine.worker().step()


class TestStartingAgain:
    async def test_from_the_deltas_alone(self, register, machine):
        first = machine.worker()
        await first.settle()
        told = tell(first)
        await end(first)
        again = machine.worker()
        await again.settle()
        assert (again.fetched, tell(again)) == ([4], told)

    async def test_from_snapshot_delta_and_the_feed_s_tail(self, register, make_machine):
        machine = make_machine(bounds=Bounds(entries=5))
        first = machine.worker()
        await first.settle()
        register.grant(OTHER)
        await first.settle()
        await end(first)
        register.suspend(OTHER)
        register.publish()
        again = machine.worker()
        await again.settle()
        assert again.fetched == [6, 7]
        assert (again.copy.base.size, again.size) == (5, 8)
        assert tell(again) == [("STALE", 8), ("SUSPENDED", 8)] or tell(again)[1] == ("SUSPENDED", 8)

    async def test_a_replayed_checkpoint_counts_no_more_after_a_restart(self, register, machine):
        first = machine.worker()
        await first.settle()
        old = register.log.checkpoint()
        register.clock.pass_(minutes=5)
        first.keeper.observe(register.log.checkpoint())
        await end(first)
        again = machine.worker()
        await again.settle()
        again.keeper.observe(old)
        assert signed_time(again.copy.mirror.newest) == START + timedelta(minutes=5)

    async def test_a_known_size_cannot_get_another_root_after_a_restart(self, register, machine):
        first = machine.worker()
        await first.settle()
        await end(first)
        again = machine.worker()
        await again.settle()
        for size in (3, 5):
            with pytest.raises(LogError, match=f"two roots are signed for {size} entries"):
                again.keeper.observe(register.log.checkpoint(size, root=b"\1" * 32))

    async def test_the_chains_go_on_after_a_restart(self, register, make_machine):
        machine = make_machine(bounds=Bounds(entries=5))
        first = machine.worker()
        await first.settle()
        await end(first)
        known = register.known[NUMBER]
        register.log.heads.pop(known.subject)  # the log forgets what came before
        register.suspend()
        register.publish()
        again = machine.worker()
        with pytest.raises(LogError, match="does not follow its subject's newest entry"):
            await again.settle()


def records(path):
    """(offset, payload) of every record of a delta."""
    data, at = path.read_bytes(), 24
    while at < len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        yield at, data[at + 8 : at + 8 + length]
        at += 8 + length


def rewrite(path, at, payload):
    """Put another payload of the same length there, its checksum right."""
    data = bytearray(path.read_bytes())
    data[at + 4 : at + 8 + len(payload)] = zlib.crc32(payload).to_bytes(4, "big") + payload
    path.write_bytes(data)


class TestDamagedDeltas:
    @pytest.fixture
    async def delta(self, register, machine):
        worker = machine.worker()
        await worker.settle()
        await end(worker)
        return machine.folder.delta(0)

    async def started(self, machine):
        worker = machine.worker()
        await worker.settle()
        assert (worker.size, worker.ask(number=NUMBER).codes[0]) == (5, "ACTIVE")
        return worker.fetched[0]

    async def test_what_comes_before_the_damage_is_kept(self, machine, delta):
        at, _ = [place for place in records(delta) if place[1][:1] == b"E"][-1]
        data = bytearray(delta.read_bytes())
        data[at + 40] ^= 1
        delta.write_bytes(data)
        assert await self.started(machine) == 2

    @pytest.mark.parametrize("header", [b"gsdelta9", b"gsdelta1" + b"\0" * 16, b"gs"])
    async def test_a_file_of_another_log_or_kind(self, machine, delta, header):
        delta.write_bytes(header + delta.read_bytes()[len(header) :] if len(header) > 2 else header)
        assert await self.started(machine) == -1

    async def test_an_entry_that_is_not_the_log_s(self, machine, delta):
        at, payload = next(place for place in records(delta) if place[1][:1] == b"E")
        rewrite(delta, at, payload.replace(b'"recorded_at":"2026', b'"recorded_at":"2027'))
        assert await self.started(machine) == -1

    async def test_a_checkpoint_that_nobody_signed(self, register, machine, delta):
        at, payload = [place for place in records(delta) if place[1][:1] == b"C"][-1]
        forged = register.log.checkpoint(key=register.token_key)
        rewrite(delta, at, (payload[:49] + forged).ljust(len(payload), b"\n"))
        assert await self.started(machine) == -1

    @pytest.mark.parametrize("payload", [b"E", b"E" + b"\0" * 200, b"C" + b"\xff" * 60, b"Q" + b"\0" * 60])
    async def test_a_record_that_makes_no_sense(self, machine, delta, payload):
        with delta.open("ab") as file:
            file.write(len(payload).to_bytes(4, "big") + zlib.crc32(payload).to_bytes(4, "big") + payload)
        assert await self.started(machine) == 4

    async def test_a_delta_that_nothing_leads_to_is_removed(self, machine, delta):
        machine.folder.delta(77).write_bytes(delta.read_bytes())
        assert await self.started(machine) == 4
        assert machine.folder.deltas() == [0]


class TestSnapshots:
    async def test_are_made_when_much_lies_behind_the_last_one(self, register, make_machine):
        machine = make_machine(bounds=Bounds(entries=4))
        first, second = machine.worker(), machine.worker()
        for round_ in range(6):
            act = register.suspend if round_ % 2 == 0 else lambda: register.grant(OTHER)
            act()
            register.publish()
            await first.settle()
            await second.settle()
            assert tell(first) == tell(second)
            assert first.copy.behind < 4
        assert first.copy.base.size == second.copy.base.size > 8
        assert machine.folder.snapshots() == [first.copy.base.size]
        assert machine.folder.deltas() == [first.copy.base.size]

    async def test_a_share_of_what_there_is_has_to_be_new(self, register, make_machine):
        machine = make_machine(bounds=Bounds(entries=1, share=1))
        worker = machine.worker()
        await worker.settle()
        made = len(machine.compacted)
        for _ in range(4):
            register.suspend()
        register.publish()
        await worker.settle()
        assert len(machine.compacted) == made
        register.suspend()
        register.publish()
        await worker.settle()
        assert len(machine.compacted) == made + 1

    async def test_following_goes_on_while_one_is_made_and_waits_when_too_much_comes(self, register, make_machine):
        machine = make_machine(bounds=Bounds(entries=5))
        worker = machine.worker()
        may_end = asyncio.Event()
        honest, machine.compact = machine.compact, None

        async def slow(base, upto):
            await may_end.wait()
            await honest(base, upto)

        worker.keeper._compact = slow
        await worker.step()
        for size in (6, 7, 8, 9, 10):
            register.suspend()
            register.publish()
            await worker.step()
            assert worker.size == size
        register.suspend()
        register.publish()
        assert not await worker.step()
        assert worker.size == 10  # twice the bound
        may_end.set()
        await worker.settle()
        assert (worker.size, worker.copy.base.size) == (11, 11)

    async def test_a_reader_that_comes_while_one_is_made_loses_nothing(self, register, make_machine):
        machine = make_machine(bounds=Bounds(entries=5))
        first, second = machine.worker(), machine.worker()
        await first.step()  # begins with the snapshot
        register.suspend()
        register.publish()
        await first.step()
        await second.settle()
        assert tell(second) == tell(first)

    async def test_one_that_cannot_be_made_is_tried_again_later(self, register, make_machine, monkeypatch):
        machine = make_machine(bounds=Bounds(entries=5))
        worker = machine.worker()
        tried = []

        async def failing(base, upto):
            tried.append(upto)
            raise CompactionFailed("no space")

        worker.keeper._compact = failing
        await worker.step()
        await asyncio.sleep(0)
        with pytest.raises(CompactionFailed):
            await worker.step()
        await worker.settle()
        assert tried == [5]
        register.suspend()
        register.publish()
        await worker.settle()
        assert tell(worker)[0] == ("SUSPENDED", 6)
        worker.keeper._compact, worker.keeper._not_before = machine.compact, 0.0
        await worker.settle()
        assert worker.copy.base.size == 6

    async def test_when_what_they_are_made_from_is_damaged_all_comes_from_the_feed_again(self, register, make_machine):
        machine = make_machine(bounds=Bounds(entries=5))
        first, second = machine.worker(), machine.worker()
        await first.settle()
        await second.settle()

        async def refused(base, upto):
            raise SnapshotRefused("its content is not what its checksum says")

        first.keeper._compact = refused
        for _ in range(5):
            register.suspend()
        register.publish()
        with pytest.raises(SnapshotRefused):
            await first.settle()
        assert (first.size, first.keeper.caught_up, machine.folder.snapshots()) == (0, False, [])
        first.keeper._compact = machine.compact
        await second.settle()
        assert tell(second)[0] == ("SUSPENDED", 10)  # it keeps what it has until the other is as far
        await first.settle()
        second.keeper._not_before = 0.0
        await second.settle()
        assert first.copy.base.size == second.copy.base.size == 10
        assert tell(first) == tell(second)

    async def test_one_that_does_not_fit_what_is_in_memory_is_loaded_whole(self, register, make_machine, monkeypatch):
        machine = make_machine(bounds=Bounds(entries=5))
        first, second = machine.worker(), machine.worker()
        monkeypatch.setattr("gateway.verification.labels.Labels.rebased", lambda _self, _base: None)
        await first.settle()
        await second.settle()
        assert first.copy.base.size == second.copy.base.size == 5
        monkeypatch.undo()
        register.suspend()
        register.publish()
        await first.settle()
        await second.settle()
        assert tell(first) == tell(second) == [("SUSPENDED", 6), ("UNKNOWN_NUMBER", 6)]
        assert (first.keeper.follows, second.keeper.follows) == (True, False)

    async def test_what_a_snapshot_holds_is_dropped_from_memory(self, register, make_machine):
        machine = make_machine(bounds=Bounds(entries=5))
        first, second = machine.worker(), machine.worker()
        await first.settle()
        await second.settle()
        copies = [worker.copy for worker in (first, second)]
        register.grant(OTHER)
        register.suspend()
        register.publish()
        await first.settle()
        await second.settle()
        assert [worker.copy for worker in (first, second)] == copies  # nothing was read twice
        for copy in copies:
            assert [len(layer.accounts) for layer in copy.projection.layers] == [2]
            assert len(copy.projection) == 2
            assert copy.mirror.sizes.root(5) == register.log.root(5)
            assert copy.mirror.sizes.newest()[0] == 8
        for _ in range(2):
            register.suspend()
            register.publish()
        await first.settle()
        await second.settle()
        for copy in copies:
            assert [len(layer.accounts) for layer in copy.projection.layers] == [0]
            assert (copy.base.size, len(copy.projection)) == (10, 2)

    async def test_a_takeover_that_fails_is_tried_again_from_the_beginning(self, register, machine, monkeypatch):
        first, second = machine.worker(), machine.worker()
        await first.settle()
        await second.settle()
        await end(first)

        def full(*_):
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr("gateway.verification.copy.DeltaWriter", full)
            with pytest.raises(OSError, match="No space"):
                await second.step()
        assert (second.folder.locked, tell(second)[0]) == (False, ("ACTIVE", 5))
        register.suspend()
        register.publish()
        await second.settle()
        assert (second.keeper.follows, tell(second)[0]) == (True, ("SUSPENDED", 6))

    async def begin_anew(self, register, machine):
        """The process that follows has begun anew and is not as far as the other yet."""
        first, second = machine.worker(), machine.worker()
        await first.settle()
        await second.settle()
        honest, register.log.page = register.log.page, lambda _after: b""
        first.keeper._start_over(SnapshotRefused("damaged"))
        assert first.size == 0
        for _ in range(3):
            await second.settle()
            second.keeper._not_before = 0.0
        assert tell(second)[0] == ("ACTIVE", 5)
        register.log.page = honest
        return first, second

    async def test_whoever_reads_along_goes_over_to_what_was_begun_anew(self, register, machine):
        first, second = await self.begin_anew(register, machine)
        register.suspend()
        register.publish()
        await first.settle()
        await second.settle()
        assert tell(first) == tell(second) == [("SUSPENDED", 6), ("UNKNOWN_NUMBER", 6)]

    async def test_or_takes_over_what_was_begun_anew(self, register, machine):
        first, second = await self.begin_anew(register, machine)
        await end(first)
        register.suspend()
        register.publish()
        await second.settle()
        again = Machine(register.log, machine.path).worker()
        await end(second)
        await again.settle()
        assert tell(second) == tell(again) == [("SUSPENDED", 6), ("UNKNOWN_NUMBER", 6)]
        await again.keeper.close()

    async def test_whoever_takes_over_uses_the_newest_there_is(self, register, make_machine):
        machine = make_machine(bounds=Bounds(entries=5))
        first, second = machine.worker(), machine.worker()
        second.folder.lock()
        second.folder.unlock()
        await first.step()
        await second.step()
        assert second.copy.base.size == 0
        await first.settle()
        assert machine.folder.snapshots() == [5]
        await end(first)
        register.suspend()
        register.publish()
        await second.settle()
        assert (second.keeper.follows, second.copy.base.size, second.size) == (True, 5, 6)
        assert tell(second)[0] == ("SUSPENDED", 6)

    async def test_an_erasure_makes_one_due_after_a_minute(self, register, machine):
        body = register.grant(OTHER, organisation="org_gone", name="Gone Placements")
        worker = machine.worker()
        await worker.settle()
        register.erase(body["event_id"])
        await worker.settle()
        assert machine.compacted == []
        register.clock.pass_(seconds=61)
        await worker.settle()
        assert machine.compacted == [(0, 8)]
        assert worker.ask(number=OTHER).codes[0] == "ERASED"
        assert not any(b"Gone Placements" in path.read_bytes() for path in machine.path.iterdir())
        await worker.settle()
        assert len(machine.compacted) == 1

    async def test_by_a_process_of_its_own(self, register, make_machine):
        machine = make_machine(bounds=Bounds(entries=5))
        worker = machine.worker()
        worker.keeper._compact = Compactor(machine.folder, register.log.trusted)
        await worker.settle()
        assert (worker.copy.base.size, worker.copy.behind) == (5, 0)
        assert tell(worker)[0] == ("ACTIVE", 5)

    async def test_a_process_that_finds_damage_says_so(self, register, make_machine):
        machine = make_machine()
        worker = machine.worker()
        await worker.settle()
        compactor = Compactor(machine.folder, register.log.trusted)
        with pytest.raises(SnapshotRefused, match="lead to 5 entries, not to 9"):
            await compactor(0, 9)
        with pytest.raises(CompactionFailed, match="No such file"):
            await compactor(3, 5)

    async def test_a_process_is_not_left_behind(self, register, make_machine, monkeypatch):
        monkeypatch.setattr("gateway.verification.compactor.TIMEOUT", 0.0)
        machine = make_machine()
        with pytest.raises(TimeoutError):
            await Compactor(machine.folder, register.log.trusted)(0, 5)


async def test_a_full_disk_leaves_everything_as_it_was(register, machine, monkeypatch):
    first, second = machine.worker(), machine.worker()
    await first.settle()
    await second.settle()
    register.suspend()
    register.publish()
    written = []

    def half(descriptor, data, offset):
        if written:
            raise OSError(28, "No space left on device")
        written.append(offset)
        return write(descriptor, data[: len(data) // 2], offset)

    import os

    write = os.pwrite
    with monkeypatch.context() as patch:
        patch.setattr("gateway.verification.delta.os.pwrite", half)
        with pytest.raises(OSError, match="No space"):
            await first.step()
    await second.settle()
    assert tell(first) == tell(second) == [("ACTIVE", 5), ("UNKNOWN_NUMBER", 5)]
    await first.settle()
    await second.settle()
    assert tell(first) == tell(second) == [("SUSPENDED", 6), ("UNKNOWN_NUMBER", 6)]


@pytest.mark.parametrize("seed", range(5))
async def test_a_client_that_passes_min_tree_size_never_reads_backwards(register, make_machine, seed):
    """Two machines with two processes each, stepped in any order, killed and started at any time."""
    chance = random.Random(seed)
    machines = [make_machine(name, bounds=Bounds(entries=chance.choice((3, 6, 100)))) for name in "ab"]
    workers = [machine.worker() for machine in machines for _ in range(2)]
    standings, seen, behind, suspension = ["ACTIVE"], 0, 0, None
    history = {5: "ACTIVE"}
    for _ in range(120):
        match chance.randrange(8):
            case 0:
                suspension = register.end_suspension(suspension) and None if suspension else register.suspend()
                register.publish()
                history[len(register.log.entries)] = "SUSPENDED" if suspension else "ACTIVE"
            case 1:
                place = chance.randrange(len(workers))
                machine = workers[place].machine
                await end(workers[place])
                workers[place] = machine.worker()
            case _:
                await chance.choice(workers).step()
        asked = chance.choice(workers)
        if asked.copy.mirror.newest is None:
            continue
        verdict = asked.ask(number=NUMBER, min_tree_size=seen)
        if verdict.codes[0] == "BEHIND":
            behind += 1
            continue
        assert verdict.tree_size >= seen
        seen = verdict.tree_size
        told = "SUSPENDED" if "SUSPENDED" in verdict.codes else "ACTIVE"
        assert told == history[max(size for size in history if size <= seen)]
        standings.append(told)
    assert behind
    assert "SUSPENDED" in standings
