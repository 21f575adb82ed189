"""`audit fsck`: what is stored is verified again from its bytes, and each damage is told where it is."""

import asyncio
import itertools
import os

import pytest
from sqlalchemy import update

from audit.edge import Edge, files_between, grow
from audit.fsck.report import MAX_LISTED, Report
from audit.fsck.service import check_published, fsck
from audit.tables import CHECKPOINTS, ENTRIES, TREE
from audit.tile_files import named
from goodstanding.checkpoint import Checkpoint
from goodstanding.events import Leaf, commitment

BITS = int(os.environ.get("BITS") or 1)
"""How many bits of every byte are turned over, one at a time; all of them with BITS=8, by hand."""


@pytest.fixture
def check(log):
    """Check the log's files and rows; the findings."""

    async def checked(database=log.database):
        return (await fsck(log.store, database, log.signer.verify)).findings

    return checked


def flipped(data: bytes, at: int, bit: int = 0) -> bytes:
    return data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]


class MemoryStore:
    """Published files in memory, of which one may be read with other bytes than were written."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.altered: tuple[str, bytes] | None = None

    def read(self, path):
        return self.altered[1] if self.altered and self.altered[0] == path else self.files.get(path)

    def paths(self):
        return iter(self.files)


def small_log(signer, clock, sizes) -> MemoryStore:
    """The files of a log of short entries, as they are when it was published at each of these sizes."""
    edge, files = Edge.empty(), {}
    for size in sizes:
        new, full = grow(edge, [b"entry %d" % number for number in range(edge.size, size)])
        files.update(named(files_between(edge, new, full)))
        edge = new
    files["checkpoint"] = signer.sign(Checkpoint(signer.origin, edge.size, edge.root()), clock())
    return MemoryStore(files)


def found_in(store, verify) -> list[str]:
    report = Report()
    check_published(store, verify, report)
    return [finding.path for finding in report.findings]


@pytest.mark.both_stores
@pytest.mark.both_backends
async def test_a_sound_log_has_no_findings(log, fill, check, author, clock):
    assert await check() == []
    first = await fill(log, 300)
    assert await check() == []
    await log.append([author.next(first[0])])  # waits for its index
    assert await check() == []
    await log.sequencer.step()
    clock.advance(5)
    await log.cosigner.step()
    report = await fsck(log.store, log.database, log.signer.verify)
    assert (report.findings, report.size, report.rows) == ([], 301, 301)


@pytest.mark.parametrize("size", [1, 255, 256, 257, 65_535, 65_536, 65_793])
def test_a_sound_log_of_any_size_has_no_findings(log, clock, size):
    assert found_in(small_log(log.signer, clock, [size]), log.signer.verify) == []


@pytest.mark.parametrize(
    ("path", "at", "named", "offset", "says"),
    [
        ("tile/0/000", 40, "tile/0/000", 32, "1 of its hashes"),
        ("tile/0/001.p/44", 64, "tile/0/001.p/44", 64, "1 of its hashes"),
        ("tile/1/000.p/1", 0, "tile/1/000.p/1", 0, "1 of its hashes"),
        ("tile/entries/000", 10, "tile/entries/000", 0, "1 of its entries"),
        ("tile/entries/001.p/44", 0, "tile/entries/001.p/44", 0, "the entry bundle ends inside entry"),
        ("checkpoint", 2, "checkpoint", 0, "nothing else can be measured by it"),
    ],
)
async def test_an_altered_file_is_named_with_its_place_and_what_to_do(
    log, fill, published, check, path, at, named, offset, says
):
    await fill(log, 300)
    published.write(path, flipped(published.read(path), at, bit=6))
    (finding,) = await check(database=None)
    assert (finding.path, finding.offset) == (named, offset)
    assert says in finding.wrong
    assert ("restore the file" if path == "checkpoint" else "audit rebuild") in finding.do


@pytest.mark.both_stores
async def test_missing_and_foreign_files_are_told(log, fill, published, check):
    await fill(log, 300)
    published.remove("tile/0/000")
    published.remove("tile/entries/001.p/44")
    published.write("tile/0/1", b"?")
    published.write("tile/0/002.p/1", bytes(32))  # of a step that has not come to its end: not vouched for yet
    report = await fsck(log.store, None, log.signer.verify)
    said = {finding.path: finding.wrong for finding in report.findings}
    assert said.keys() == {"tile/0/000", "tile/entries/001.p/44", "tile/0/1"}
    assert "missing" in said["tile/0/000"]
    assert "no file of the log" in said["tile/0/1"]
    assert report.beyond == 1


async def test_entries_and_tiles_changed_to_fit_each_other_do_not_have_the_signed_root(log, fill, published, check):
    made = await fill(log, 3)
    leaves = [submission.leaf for submission in made]
    edge, _ = grow(Edge.empty(), [leaves[0], b"another", leaves[2]])
    for path, data in named(edge.partial_files().items()):
        published.write(path, data)
    (finding,) = await check(database=None)
    assert finding.wrong == "entries and tiles do not lead to the signed root"


@pytest.mark.faults
@pytest.mark.timeout(120 * BITS)
def test_one_flipped_bit_in_any_byte_of_a_log_of_300_is_found_in_its_file(log, clock):
    store = small_log(log.signer, clock, [100, 300])
    for path, data in store.files.items():
        for at, turn in itertools.product(range(len(data)), range(BITS)):
            store.altered = path, flipped(data, at, (at + turn) % 8)
            assert found_in(store, log.signer.verify) == [path], (path, at, turn)


@pytest.mark.parametrize(
    ("sizes", "every"),
    [([5_000, 9_001], 3), pytest.param([65_000, 70_001], 17, marks=pytest.mark.faults)],
    ids=["9,001", "70,001"],
)
def test_one_flipped_bit_in_a_larger_log_is_found_in_its_file(log, clock, sizes, every):
    store = small_log(log.signer, clock, sizes)
    for number, path in list(enumerate(sorted(store.files)))[::every]:
        data = store.files[path]
        at = number * 7_919 % len(data)
        store.altered = path, flipped(data, at, at % 8)
        assert found_in(store, log.signer.verify) == [path], at


def test_a_log_that_is_wrong_everywhere_is_told_within_bounds(log, clock):
    store = small_log(log.signer, clock, [257])
    store.files.update({f"tile/{number}": b"" for number in range(2 * MAX_LISTED)})
    report = Report()
    check_published(store, log.signer.verify, report)
    assert (len(report.findings), report.total) == (MAX_LISTED, 2 * MAX_LISTED)


def other_leaf(submission) -> bytes:
    leaf = Leaf.decode(submission.leaf)
    return Leaf("decision", leaf.event_id, leaf.subject, None, leaf.recorded_at, commitment(bytes(32), b"{}")).encode()


@pytest.mark.both_backends
@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"leaf": other_leaf}, ["not the published entry", "not that of the leaf", "do not open the leaf"]),
        ({"leaf": b"?"}, ["not the published entry", "not that of the leaf", "cannot be read"]),
        ({"leaf_hash": bytes(32)}, ["not that of the leaf"]),
        ({"event_id": "another"}, ["not another"]),
        ({"body": b'{"number":99}'}, ["do not open the leaf"]),
        ({"salt": bytes(32)}, ["do not open the leaf"]),
        ({"body": None}, ["no erasure event is named"]),
        ({"erased_by": "nobody"}, ["still there", "no erasure event nobody was logged"]),
        ({"log_index": None}, ["the entry is missing"]),
    ],
)
async def test_a_row_that_is_not_what_was_published_is_told_by_its_index(log, fill, check, change, says):
    made = await fill(log, 3)
    values = {name: value(made[1]) if callable(value) else value for name, value in change.items()}
    async with log.database.write() as tx:
        await tx.execute(update(ENTRIES).where(ENTRIES.c.log_index == 1).values(values))
    rows = [finding for finding in await check() if finding.path == "database/entries"]
    assert {finding.offset for finding in rows} == {1}
    assert all(part in finding.wrong for part, finding in zip(says, rows, strict=True))


@pytest.mark.parametrize(
    ("table", "values", "says"),
    [
        (TREE, {"root": bytes(32)}, "rows do not lead to the root signed for size 3"),
        (TREE, {"size": 2}, "ends at size 2, and size 3 is published"),
        (TREE, {"origin": "other.example/log"}, "holds the log other.example/log"),
        (CHECKPOINTS, {"cosigned_at": 1}, "carries another time"),
        (CHECKPOINTS, {"note": "?"}, "does not verify"),
    ],
)
async def test_rows_about_the_tree_are_checked_too(log, fill, check, table, values, says):
    await fill(log, 3)
    async with log.database.write() as tx:
        await tx.execute(update(table).values(values))
    assert says in (await check())[0].wrong


async def test_it_can_be_followed_and_does_not_mind_a_log_that_goes_on(log, fill, check):
    await fill(log, 2_000)
    told = []
    checking = asyncio.create_task(fsck(log.store, log.database, log.signer.verify, lambda *said: told.append(said)))
    await fill(log, 600)
    assert (await checking).findings == []
    assert {what for what, _, _ in told} == {"files", "rows"}
    assert all(done <= size for _, done, size in told)
    assert max(done for _, done, _ in told) >= 2_000
