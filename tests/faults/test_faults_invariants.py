"""Each invariant is silent about what is right, and speaks about the one thing that is wrong."""

from dataclasses import replace

import answer_invariants
import log_invariants
import pytest
import row_invariants
from facts import Accreditation, Decided, Event, Heard, Issued, Key, Listed, Probe
from invariants import GOOD

from goodstanding.canonical import parse_time
from goodstanding.checkpoint import Checkpoint
from goodstanding.events import Leaf
from goodstanding.merkle import EMPTY_ROOT, leaf_hash, root
from goodstanding.tiles import ENTRIES_LEVEL, TILE_WIDTH, Tile, encode_bundle, tile_path, tiles_for

AT = parse_time("2026-05-04T09:00:00.000Z")
ENTRIES = [
    Leaf("decision", f"0197c000-0000-7000-8000-{number:012x}", number.to_bytes(16), None, AT, bytes(32)).encode()
    for number in range(300)
]
EVENTS = [Event(Leaf.decode(entry).event_id, "decision", "TEST-1", entry, at) for at, entry in enumerate(ENTRIES)]


def signed(size, entries=ENTRIES):
    hashes = [leaf_hash(entry) for entry in entries[:size]]
    return Checkpoint("log.example/log", size, root(hashes) if size else EMPTY_ROOT)


def files(size, entries=ENTRIES):
    """What a log of these entries has published, and what it had published on the way."""
    made = {}
    for reached in range(1, size + 1):
        for tile in tiles_for(reached - 1, reached):
            start = tile.index * TILE_WIDTH
            if tile.level == ENTRIES_LEVEL:
                made[tile_path(tile)] = encode_bundle(entries[start : start + tile.width])
            elif tile.level == 0:
                made[tile_path(tile)] = b"".join(map(leaf_hash, entries[start : start + tile.width]))
            else:
                made[tile_path(tile)] = root([leaf_hash(entry) for entry in entries[:TILE_WIDTH]])
    return made


def told(violations):
    return [violation.what for violation in violations]


# --- rows


def test_kept():
    heard = [Heard("a", "evt-1"), Heard("b", "evt-2")]
    assert row_invariants.kept(heard, {"evt-1", "evt-2", "evt-3"}) == []
    assert told(row_invariants.kept(heard, {"evt-1"})) == ["b was answered evt-2, which is gone"]


def test_one_act():
    heard, keys = [Heard("a", "evt-1"), Heard("a", "evt-1")], [Key("approve", "a", "evt-1"), Key("reject", "b", "prp")]
    decided = [Decided("evt-1", "TEST-1", "grant", four_eyes=True, proposer="p", approver="a")]
    assert row_invariants.one_act(heard, keys, decided) == []
    assert told(row_invariants.one_act([*heard, Heard("a", "evt-2")], keys, decided)) == [
        "a has the answers evt-1, evt-2"
    ]
    assert told(row_invariants.one_act(heard, [Key("approve", "a", "evt-9")], [])) == ["a has the answers evt-1, evt-9"]
    twice = [*keys, Key("approve", "c", "evt-1")]
    assert told(row_invariants.one_act(heard, twice, decided)) == ["evt-1 is the result of 2 keys"]
    more = [*decided, replace(decided[0], event_id="evt-2")]
    assert told(row_invariants.one_act(heard, keys, more)) == ["grant of TEST-1 (evt-2) was asked for by nobody"]


def test_one_open():
    first = Accreditation("TEST-1", "aut", "org", "sch", open=True)
    assert row_invariants.one_open([first, replace(first, number="TEST-2", open=False)]) == []
    assert row_invariants.one_open([first, replace(first, number="TEST-2", scheme="other")]) == []
    assert told(row_invariants.one_open([first, replace(first, number="TEST-2")])) == [
        "TEST-1, TEST-2 are open for aut org sch"
    ]


def test_listed_once():
    right = Listed("snp-1", 2, ("TEST-1", "TEST-2"))
    assert row_invariants.listed_once([right, Listed("snp-0", 0, ())]) == []
    for numbers in (("TEST-1",), ("TEST-1", "TEST-2", "TEST-3")):
        assert len(row_invariants.listed_once([replace(right, numbers=numbers)])) == 1


@pytest.mark.parametrize(
    "wrong", [{"approver": None}, {"proposer": None}, {"approver": "p"}, {"approver": "p", "four_eyes": False}]
)
def test_two_persons(wrong):
    right = Decided("evt-1", "TEST-1", "grant", four_eyes=True, proposer="p", approver="a")
    alone = Decided("evt-0", "TEST-1", "apply", four_eyes=False, proposer="p", approver=None)
    assert row_invariants.two_persons([right, alone]) == []
    assert len(row_invariants.two_persons([alone, replace(right, **wrong)])) == 1


# --- registry and log


def test_logged_once():
    issued = [Issued("evt/record/1", leaf_hash(ENTRIES[7]), 7)]
    assert row_invariants.logged_once(ENTRIES, EVENTS, issued) == []
    assert row_invariants.logged_once(ENTRIES[:5], [replace(EVENTS[0], log_index=None)], []) == []
    assert "is in the log 2 times" in told(row_invariants.logged_once([*ENTRIES, ENTRIES[3]], EVENTS, issued))[0]
    assert "is not at index 8" in told(row_invariants.logged_once(ENTRIES, [replace(EVENTS[7], log_index=8)], []))[0]
    assert (
        "is not at index 300" in told(row_invariants.logged_once(ENTRIES, [replace(EVENTS[7], log_index=300)], []))[0]
    )
    assert "proves nothing" in told(row_invariants.logged_once(ENTRIES, EVENTS, [replace(issued[0], log_index=6)]))[0]
    assert "issued 2 times" in told(row_invariants.logged_once(ENTRIES, EVENTS, issued * 2))[0]


def test_registered():
    assert row_invariants.registered(ENTRIES, EVENTS) == []
    assert len(row_invariants.registered(ENTRIES, EVENTS[1:])) == 1
    assert len(row_invariants.registered(ENTRIES, [replace(EVENTS[0], leaf=ENTRIES[1]), *EVENTS[1:]])) == 1


def test_all_logged():
    assert row_invariants.all_logged(ENTRIES, EVENTS) == []
    assert len(row_invariants.all_logged(ENTRIES[:-1], EVENTS)) == 1
    assert len(row_invariants.all_logged(ENTRIES, [*EVENTS[1:], replace(EVENTS[0], log_index=None)])) == 1


# --- files


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 300])
def test_prefixes_and_files_of_an_honest_log(size):
    seen = [signed(early) for early in (0, 1, 200, 256, 280) if early <= size]
    assert log_invariants.prefixes([*seen, seen[-1]], signed(size), files(size)) == []
    assert log_invariants.complete(signed(size), files(size)) == []
    assert log_invariants.entries_of(size, files(size)) == ENTRIES[:size]


def test_prefixes():
    other = [*ENTRIES[:100], ENTRIES[299], *ENTRIES[101:]]
    held = files(300)
    assert "size 200 is no prefix" in told(log_invariants.prefixes([signed(200, other)], signed(300), held))[0]
    assert told(log_invariants.prefixes([signed(256), signed(200)], signed(300), held)) == [
        "size 200 was shown after size 256"
    ]
    assert len(log_invariants.prefixes([signed(300)], signed(256), files(256))) == 2  # shown later, and no prefix
    assert len(log_invariants.prefixes([signed(300, other)], signed(300), held)) == 1  # two roots of one size
    assert len(log_invariants.prefixes([replace(signed(0), size=1)], signed(300), held)) == 1


@pytest.mark.parametrize("path", ["tile/entries/000", "tile/entries/001.p/44", "tile/0/000", "tile/0/001.p/44",
                                  "tile/1/000.p/1"])  # fmt: skip
def test_complete(path):
    held = files(300)
    assert log_invariants.complete(None, {}) == []
    assert "is missing" in told(log_invariants.complete(signed(300), {k: v for k, v in held.items() if k != path}))[0]
    flipped = held | {path: held[path][:-1] + bytes([held[path][-1] ^ 1])}
    assert len(log_invariants.complete(signed(300), flipped)) == 1
    assert len(log_invariants.complete(signed(300), held | {path: b""})) == 1


def test_a_partial_file_may_have_become_a_full_one():
    held = {
        path: data for path, data in files(300).items() if not path.startswith(("tile/0/000.p", "tile/entries/000.p"))
    }
    assert log_invariants.complete(signed(200), held) == []
    assert (
        log_invariants.complete(signed(200), {path: data for path, data in held.items() if path != "tile/0/000"}) != []
    )


def test_tiles_for_names_what_files_makes():
    assert {tile_path(tile) for tile in tiles_for(0, 300)} <= files(300).keys()
    assert Tile(1, 0, 1) in set(tiles_for(0, 300))


# --- answers


def test_misled():
    suspended = {"TEST-1": 100.0}
    assert answer_invariants.misled([Probe("TEST-1", 104.9, GOOD), Probe("TEST-2", 200, GOOD)], suspended, [], 5) == []
    assert answer_invariants.misled([Probe("TEST-1", 105.1, "NOT_IN_GOOD_STANDING")], suspended, [], 5) == []
    late = [Probe("TEST-1", 105.1, GOOD)]
    assert told(answer_invariants.misled(late, suspended, [], 5)) == ["TEST-1 was good 5.1 s after its suspension"]
    assert len(answer_invariants.misled([replace(late[0], ready=False)], suspended, [], 5)) == 1
    # a second of the five in which nobody could have told does not count, one before or after does
    assert answer_invariants.misled(late, suspended, [(99, 101), (104.5, 104.7)], 5) == []
    assert len(answer_invariants.misled(late, suspended, [(90, 100), (105.1, 110)], 5)) == 1


def test_untouched():
    answers = [Probe("TEST-1", at, GOOD) for at in range(95)]
    bad = [Probe("TEST-1", at, "CANNOT_CONCLUDE") for at in range(5)]
    aside = [
        Probe("TEST-1", 0, None, ready=False),
        Probe("TEST-1", 0, "CANNOT_CONCLUDE", ready=False),
        Probe("TEST-2", 0, "NOT"),
    ]
    silent = Probe("TEST-1", 0, None)
    assert answer_invariants.untouched([*answers, *bad, *aside], {"TEST-1"}, 0.95) == []
    assert len(answer_invariants.untouched([*answers, *bad, bad[0]], {"TEST-1"}, 0.95)) == 1
    assert len(answer_invariants.untouched([*answers, *bad, silent], {"TEST-1"}, 0.95)) == 1
    assert answer_invariants.untouched([], {"TEST-1"}, 0.95) == []
