"""Snapshot files: what is in them, and that a file with anything wrong in it is refused and made again."""

import hashlib
import struct
from datetime import timedelta

import pytest
from edge_machine import Machine
from feed_simulator import FeedLog
from gateway_simulator import MINISTRY, NUMBER, OTHER, Register

from gateway.verification.compaction import write_snapshot
from gateway.verification.sections import Base
from gateway.verification.snapshot import HEADER_SIZE, VERSION, Snapshot, SnapshotRefused
from goodstanding.canonical import format_time

HEAD = struct.Struct("=8sIIQQ32s32sQ")


@pytest.fixture
def register():
    """A register with something of every kind in it."""
    register = Register()
    register.found()
    register.grant(identifiers=[("lei", "1")], domains=["himal.example"], scope={"sectors": ["care"]})
    register.clock.pass_(minutes=5)
    register.publish_organisation("org_other", identifiers=[("lei", "2")])
    register.apply(OTHER, "org_other")
    register.publish()
    return register


@pytest.fixture
async def machine(register, tmp_path):
    machine = Machine(register.log, tmp_path / "edge")
    yield machine
    await machine.close()


@pytest.fixture
async def snapshot(machine):
    """The path of a snapshot; the process that made it has ended."""
    worker = machine.worker()
    await worker.settle()
    path = machine.folder.snapshot(worker.size)
    write_snapshot(worker.copy, path)
    await worker.keeper.close()
    for size in machine.folder.deltas():
        machine.folder.delta(size).unlink()
    return path


def places(path):
    """Section name -> (offset, length)."""
    header = path.read_bytes()[:HEADER_SIZE]
    count = HEAD.unpack_from(header)[-1]
    rows = (struct.unpack_from("=24sQQ", header, HEAD.size + at * 40) for at in range(count))
    return {name.rstrip(b"\0").decode(): (offset, length) for name, offset, length in rows}


def patch(path, at, data):
    with path.open("r+b") as file:
        file.seek(at)
        file.write(data)


def reseal(path):
    """Make both checksums right again, as somebody would who means to deceive."""
    content = path.read_bytes()
    patch(path, 64, hashlib.sha256(content[HEADER_SIZE:]).digest())
    patch(path, HEADER_SIZE - 32, hashlib.sha256(path.read_bytes()[: HEADER_SIZE - 32]).digest())


def opened(path, log):
    return Base.of(Snapshot.open(path), log.trusted)


async def answers(machine, worker):
    """What is known of everybody, however it is asked."""
    asked = (
        {"number": NUMBER}, {"number": OTHER}, {"identifier": ("lei", "1")}, {"identifier": ("LEI", " 2 ")},
        {"domain": "himal.example"}, {"domain": "nobody.example"},
        {"number": NUMBER, "known_at": machine.log.clock() - timedelta(minutes=1)},
    )  # fmt: skip
    return [worker.ask(**question) for question in asked]


class TestAGoodOne:
    async def test_answers_like_the_process_that_made_it(self, machine, snapshot):
        rebuilt = Machine(machine.log, machine.path.with_name("other"))
        from_feed, from_file = rebuilt.worker(), machine.worker()
        await from_feed.settle()
        await from_file.settle()
        assert from_file.fetched == [6]  # it asked for nothing it has
        assert from_file.copy.base.size == 7
        assert await answers(machine, from_file) == await answers(rebuilt, from_feed)
        await rebuilt.close()

    async def test_keeps_what_the_mirror_needs_to_go_on(self, register, machine, snapshot):
        register.suspend()
        register.clock.pass_(seconds=7)
        register.publish()
        worker = machine.worker()
        await worker.settle()
        assert worker.size == 8
        assert worker.ask(number=NUMBER).codes[0] == "SUSPENDED"
        assert worker.copy.mirror.sizes.root(5) == register.log.root(5)

    async def test_names_its_log_its_size_and_its_sections(self, register, snapshot):
        content = snapshot.read_bytes()
        magic, order, version, length, size, root, _, _ = HEAD.unpack_from(content)
        assert (magic, order, version, length, size) == (b"gsedge\r\n", 0x01020304, VERSION, len(content), 7)
        assert root == register.log.root()
        assert {"origin", "note", "range", "meta", "account.data", "key.rows", "subject.rows"} <= places(
            snapshot
        ).keys()

    async def test_holds_texts_that_many_share_once(self, register, machine, snapshot):
        content = snapshot.read_bytes()
        assert content.count(b"https://register.example/status-lists/1") == 1
        assert content.count(MINISTRY.encode()) == 2  # a label, and its name in `meta`


SECTIONS = (
    "origin", "note", "meta", "range", "sizes", "times", "firsts", "roots", "label.text", "label.ends", "label.first",
    "label.rows", "account.data", "account.first", "account.ends", "organisation.data", "organisation.first",
    "organisation.keys", "organisation.ends", "key.rows", "key.first", "verified.rows", "verified.first",
    "subject.rows", "subject.first",
)  # fmt: skip


class TestDamage:
    def test_every_section_is_among_those_tested(self, snapshot):
        assert {name for name, (_, length) in places(snapshot).items() if length} == set(SECTIONS)

    @pytest.mark.parametrize("name", SECTIONS)
    async def test_in_a_section_is_found_and_the_file_made_again(self, register, machine, snapshot, name):
        offset, length = places(snapshot)[name]
        at = offset + length // 2
        patch(snapshot, at, bytes([snapshot.read_bytes()[at] ^ 1]))
        with pytest.raises(SnapshotRefused, match="its content is not what its checksum says"):
            opened(snapshot, register.log)
        worker = machine.worker()
        await worker.settle()
        assert (worker.fetched[0], worker.size, worker.copy.base.size) == (-1, 7, 0)
        assert not snapshot.exists()

    @pytest.mark.parametrize("length", [0, 7, 100, HEADER_SIZE - 1, HEADER_SIZE, HEADER_SIZE + 1, -1])
    async def test_cut_short(self, register, machine, snapshot, length):
        snapshot.write_bytes(snapshot.read_bytes()[:length])
        with pytest.raises(SnapshotRefused, match="cut off|bytes where"):
            opened(snapshot, register.log)
        worker = machine.worker()
        await worker.settle()
        assert worker.fetched[0] == -1

    async def test_too_long(self, register, snapshot):
        snapshot.write_bytes(snapshot.read_bytes() + b"\0")
        with pytest.raises(SnapshotRefused, match="bytes where"):
            opened(snapshot, register.log)

    @pytest.mark.parametrize(
        ("at", "data", "says"),
        [
            (0, b"GSEDGE\r\n", "not a snapshot"),
            (6, b"\n\n", "not a snapshot"),
            (8, struct.pack("=I", 0x04030201), "another byte order"),
            (12, struct.pack("=I", VERSION + 1), f"version {VERSION + 1}"),
            (24, struct.pack("=Q", 8), "its header is not what"),
            (HEADER_SIZE - 1, b"\0\1", "its header is not what|its content"),
        ],
    )
    async def test_in_the_header(self, register, snapshot, at, data, says):
        patch(snapshot, at, data)
        with pytest.raises(SnapshotRefused, match=says):
            opened(snapshot, register.log)


class TestWhatDoesNotBelong:
    """Files that are whole, and not this log's."""

    async def test_another_log(self, snapshot):
        other = FeedLog(origin="other.example/log")
        with pytest.raises(SnapshotRefused, match="another log"):
            opened(snapshot, other)

    async def test_another_log_of_the_same_name(self, register, machine, snapshot):
        other = Register()
        other.found()
        with pytest.raises(SnapshotRefused, match="its checkpoint does not count"):
            opened(snapshot, other.log)
        worker = Machine(other.log, machine.path).worker()
        await worker.settle()
        assert (worker.fetched[0], worker.size) == (-1, 3)
        await worker.keeper.close()

    async def test_a_tree_that_does_not_lead_to_its_checkpoint(self, register, snapshot):
        offset, _ = places(snapshot)["range"]
        patch(snapshot, offset, bytes(32))
        reseal(snapshot)
        with pytest.raises(SnapshotRefused, match="its tree is not the one of its checkpoint"):
            opened(snapshot, register.log)

    async def test_a_checkpoint_of_another_size(self, register, snapshot):
        patch(snapshot, 24, struct.pack("=Q", 6))
        reseal(snapshot)
        with pytest.raises(SnapshotRefused):
            opened(snapshot, register.log)

    async def test_a_checkpoint_that_nobody_signed(self, register, snapshot):
        offset, length = places(snapshot)["note"]
        note = snapshot.read_bytes()[offset : offset + length]
        forged = register.log.checkpoint(7, key=register.token_key)
        patch(snapshot, offset, forged[:length].ljust(length, b"\n"))
        assert len(note) == len(forged)
        reseal(snapshot)
        with pytest.raises(SnapshotRefused, match="its checkpoint does not count"):
            opened(snapshot, register.log)

    async def test_a_section_that_is_missing(self, register, snapshot):
        at = snapshot.read_bytes().index(b"verified.rows")
        patch(snapshot, at, b"verified.cows")
        reseal(snapshot)
        with pytest.raises(SnapshotRefused, match=r"no section verified\.rows"):
            opened(snapshot, register.log)


class TestWriting:
    async def test_what_was_not_finished_leaves_nothing(self, machine, snapshot, monkeypatch):
        worker = machine.worker()
        await worker.settle()
        monkeypatch.setattr("gateway.verification.snapshot.os.fsync", _full)
        with pytest.raises(OSError, match="No space"):
            write_snapshot(worker.copy, machine.folder.snapshot(99))
        assert list(machine.path.glob("*99*")) == []

    async def test_what_a_killed_process_left_is_removed(self, machine, snapshot):
        left = machine.path / "0000000000000099.snapshot.123.partial"
        left.write_bytes(b"half")
        await machine.worker().settle()
        assert not left.exists()


def _full(_descriptor):
    raise OSError(28, "No space left on device")


async def test_erased_texts_are_gone_from_the_next_snapshot(register, machine):
    body = register.grant(OTHER, organisation="org_gone", name="Gone Placements", identifiers=[("lei", "3")])
    register.publish_organisation("org_gone", name="Gone Placements", identifiers=[("lei", "4")])
    described = register.log.waiting[-1].sealed.event_id
    register.publish()
    worker = machine.worker()
    await worker.settle()
    await machine.compact(0, worker.copy.rotate())
    assert b"Gone Placements" in machine.folder.snapshot(worker.size).read_bytes()
    await worker.settle()
    register.erase(body["event_id"], described)
    await worker.settle()
    await machine.compact(worker.copy.base.size, worker.copy.rotate())
    await worker.settle()
    assert worker.copy.behind == 0
    files = b"".join(path.read_bytes() for path in machine.path.iterdir())
    assert b"Gone Placements" not in files
    assert format_time(register.clock()).encode() not in files
    assert worker.ask(number=OTHER).codes[0] == "ERASED"
    assert worker.ask(identifier=("lei", "4")).codes[0] == "UNKNOWN_IDENTIFIER"
    assert worker.ask(identifier=("lei", "1")).number == NUMBER
