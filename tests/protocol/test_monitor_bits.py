"""One bit of one served file is another: the monitor says so, whichever it is."""

import itertools
import os
import random
import re
from collections import deque
from datetime import timedelta

import pytest
from feed_simulator import FeedLog
from logged_decisions import grow

from goodstanding.errors import LogError
from goodstanding.monitoring import Bounds, FindingKind, MonitorState, PublishedLog, look
from goodstanding.monitoring.tree import verified_entries

FOUND = {FindingKind.DAMAGED, FindingKind.GAP, FindingKind.FORK}

BITS = int(os.environ.get("BITS") or 1)
"""How many bits of every byte are turned over, one at a time; all of them with BITS=8, by hand."""

KINDS = {
    "checkpoint": r"log/checkpoint",
    "tile of level 0": r"log/tile/0/\d{3}", "partial tile of level 0": r"log/tile/0/\d{3}\.p/\d+",
    "tile of level 1": r"log/tile/1/\d{3}", "partial tile of level 1": r"log/tile/1/\d{3}\.p/\d+",
    "partial tile of level 2": r"log/tile/2/\d{3}\.p/\d+",
    "bundle": r"log/tile/entries/\d{3}", "partial bundle": r"log/tile/entries/\d{3}\.p/\d+",
}  # fmt: skip


class Served:
    """What a log of a given size serves, made once; looking at it with one file changed is cheap."""

    def __init__(self, size):
        self.log = FeedLog()
        grow(self.log, size)
        self.files = self.log.files()
        self.feed = self.log.page()

    def look(self, path=None, data=b""):
        """The kinds found by a new monitor when `path` serves other bytes."""

        def fetch(asked, _limit):
            if asked.startswith("feed?"):
                return self.feed if asked == "feed?after=-1" else b""
            return data if asked == path else self.files.get(asked)

        report = look(MonitorState(), self.log.trusted, PublishedLog(fetch), Bounds(inclusion=timedelta(days=1)))
        return {finding.kind for finding in report.findings}, report.state.size

    def flipped(self, path, position, bit):
        data = bytearray(self.files[path])
        data[position] ^= 1 << bit
        return self.look(path, bytes(data))


@pytest.fixture(scope="module")
def small():
    return Served(300)


@pytest.fixture(scope="module")
def large():
    return Served(1100)


def test_both_logs_are_clean_as_they_are(small, large):
    assert (small.look(), large.look()) == ((set(), 300), (set(), 1100))


def test_any_bit_of_the_checkpoint(small):
    data = small.files["log/checkpoint"]
    for position, turn in itertools.product(range(len(data)), range(BITS)):
        found, size = small.flipped("log/checkpoint", position, (position + turn) % 8)
        assert (found <= FOUND, bool(found), size) == (True, True, 0), (position, found)


@pytest.mark.parametrize("served", ["small", "large"])
def test_bits_here_and_there_in_every_tile_and_bundle(request, served):
    served, drawn = request.getfixturevalue(served), random.Random(served)  # the name: the same bits each time
    for path, data in served.files.items():
        for position in drawn.sample(range(len(data)), min(8, len(data))):
            found, size = served.flipped(path, position, drawn.randrange(8))
            assert (found <= FOUND, bool(found), size) == (True, True, 0), (path, position, found)


@pytest.mark.faults
@pytest.mark.timeout(300)
def test_bits_of_every_kind_of_file_of_a_log_of_70_001():
    served, drawn = Served(70_001), random.Random("70,001")  # the name: the same bits each time
    assert served.look() == (set(), 70_001)
    for kind, pattern in KINDS.items():
        paths = [path for path in served.files if re.fullmatch(pattern, path)]
        for path in drawn.choices(paths, k=2):
            position = drawn.randrange(len(served.files[path]))
            found, size = served.flipped(path, position, drawn.randrange(8))
            assert (found <= FOUND, bool(found), size) == (True, True, 0), (kind, path, position, found)


@pytest.mark.faults
@pytest.mark.timeout(300 * BITS)
def test_one_bit_in_every_byte_of_every_tile_and_bundle(small):
    """By the reader of the tree alone, which is the part of a look that touches these files: the rest is the feed's."""
    size, root = len(small.log.entries), small.log.root()
    for path, data in small.files.items():
        if path == "log/checkpoint":
            continue
        for position, turn in itertools.product(range(len(data)), range(BITS)):
            changed = bytearray(data)
            changed[position] ^= 1 << (position + turn) % 8
            files = small.files | {path: bytes(changed)}
            published = PublishedLog(lambda asked, _limit, files=files: files.get(asked))
            with pytest.raises(LogError):
                deque(verified_entries(published.tile, 0, size, root), maxlen=0)


@pytest.mark.parametrize("cut", [1, 31, 32])
def test_a_file_that_is_cut_off_or_goes_on(small, cut):
    for path, data in small.files.items():
        for changed in (data[:-cut], data + bytes(cut)):
            found, size = small.look(path, changed)
            assert (found <= FOUND, bool(found), size) == (True, True, 0), path
