"""Released records: kept in one file, written by one process, read by all."""

import json

import pytest

from gateway.verification.records import RecordStore
from goodstanding.errors import EventError


def line(seq, token="e30.e30.AA~", **changes):
    value = {"seq": seq, "event_id": "e1", "envelope": "record", "token": token} | changes
    return json.dumps(value).encode() + b"\n"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "records.db"


@pytest.fixture
def make_store(path):
    made = []

    def make(origin="a.example/log"):
        made.append(RecordStore(path, origin))
        return made[-1]

    yield make
    for store in made:
        store.close()


@pytest.fixture
def store(make_store):
    return make_store()


def test_the_newest_token_of_a_generation_is_kept(store):
    assert store.take_page(line(1) + line(2, "e30.e30.BB~") + line(5, event_id="e2")) == 3
    assert (store.get("e1"), store.get("e2"), store.get("e3")) == ("e30.e30.BB~", "e30.e30.AA~", None)
    assert (store.after, len(store)) == (5, 2)
    store.take_page(line(6, "e30.e30.CC~"))
    assert (store.get("e1"), store.after, len(store)) == ("e30.e30.CC~", 6, 2)


def test_what_was_erased_is_forgotten_and_the_place_in_the_feed_stays(store, make_store, path):
    store.forget(["e1"])
    assert not path.exists(), "there is nothing to forget yet"
    store.take_page(line(1) + line(2, event_id="e2"))

    store.forget(["e1", "unknown"])
    store.forget(["e1"])

    assert (store.get("e1"), store.get("e2")) == (None, "e30.e30.AA~")
    assert (store.after, len(store)) == (2, 1)
    assert make_store().get("e1") is None


def test_nothing_is_held_before_anything_was_released(store, path):
    assert (store.get("e1"), store.after, len(store)) == (None, 0, 0)
    assert not path.exists()


def test_another_process_sees_what_was_taken_and_can_go_on(store, make_store):
    other = make_store()
    assert other.get("e1") is None
    store.take_page(line(1))
    assert other.get("e1") == "e30.e30.AA~"
    other.take_page(line(2, "e30.e30.BB~"))
    assert (store.get("e1"), store.after) == ("e30.e30.BB~", 2)


def test_other_envelopes_are_passed_over(store):
    store.take_page(line(1, "<svg>", envelope="badge"))
    assert (len(store), store.after) == (0, 1)


def test_replaced_tokens_do_not_pile_up(store, path):
    for seq in range(1, 51):
        store.take_page(line(seq, f"token-{seq:02d}-{'x' * 12_000}~"))
    assert store.get("e1").startswith("token-50-")
    assert path.stat().st_size < 200_000


def test_a_file_of_another_log_counts_for_nothing(store, make_store):
    store.take_page(line(7))
    other = make_store("b.example/log")
    assert (other.after, len(other)) == (0, 0)
    other.take_page(line(1, event_id="e2"))
    assert (other.get("e1"), other.get("e2"), other.after, len(other)) == (None, "e30.e30.AA~", 1, 1)


@pytest.mark.parametrize("damage", [b"", b"not a database, but long enough to be taken for one" * 200])
def test_a_damaged_file_is_made_anew(store, make_store, path, damage):
    store.take_page(line(7))
    store.close()
    data = path.read_bytes()
    path.write_bytes(damage or data[: len(data) // 2])
    later = make_store()
    assert later.get("e1") is None
    for _ in range(2):  # the first finds out
        later.take_page(line(8))
    assert (later.get("e1"), later.after) == ("e30.e30.AA~", 8)


@pytest.mark.parametrize(
    "page",
    [b"{}\n", b"[]\n", b"x\n", b'{"seq":1}\n', b'{"seq":true,"event_id":"e","envelope":"record","token":"a~"}\n',
     b'{"seq":1,"event_id":"e","envelope":"record","token":"no tilde"}\n',
     b'{"seq":1,"event_id":"e","envelope":"record","token":"\\u00e9~"}\n',
     b'{"seq":0,"event_id":"e","envelope":"record","token":"a~"}\n'],
)  # fmt: skip
def test_malformed(store, page):
    with pytest.raises(EventError):
        store.take_page(page)


def test_what_stands_before_a_malformed_line_is_kept(store):
    with pytest.raises(EventError):
        store.take_page(line(1) + b"{}\n")
    assert (store.get("e1"), store.after) == ("e30.e30.AA~", 1)
