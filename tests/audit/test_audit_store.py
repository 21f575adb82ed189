"""The folder of published files: whole files, never changed, replaced only by who saw the old one."""

import pytest

from audit.errors import StoreConflict
from audit.store import FileStore


@pytest.fixture
def store(tmp_path):
    return FileStore(tmp_path / "log")


def test_what_was_created_can_be_read(store):
    store.create([("tile/0/000.p/1", b"a"), ("tile/entries/000.p/1", b"b")])
    assert store.read("tile/0/000.p/1") == b"a"
    assert store.read("tile/entries/000.p/1") == b"b"


def test_a_missing_file_is_none(store):
    store.create([("tile/0/000", b"a")])
    assert store.read("tile/0/001") is None
    assert store.read("tile/0/000/deeper") is None


def test_the_same_bytes_may_be_created_again(store):
    store.create([("tile/0/000", b"a")])
    store.create([("tile/0/000", b"a")])
    assert store.read("tile/0/000") == b"a"


def test_other_bytes_are_a_conflict_and_change_nothing(store):
    store.create([("tile/0/000", b"a")])
    with pytest.raises(StoreConflict, match="tile/0/000 exists with other bytes"):
        store.create([("tile/0/000", b"b")])
    assert store.read("tile/0/000") == b"a"


def test_a_file_is_replaced_only_by_who_saw_it(store):
    assert store.swap("checkpoint", None, b"1")
    assert not store.swap("checkpoint", None, b"2")
    assert not store.swap("checkpoint", b"0", b"2")
    assert store.swap("checkpoint", b"1", b"2")
    assert store.read("checkpoint") == b"2"


def test_nothing_temporary_stays_behind(store, tmp_path):
    store.create([("tile/0/000", b"a")])
    store.swap("checkpoint", None, b"1")
    store.swap("checkpoint", b"other", b"2")
    assert list((tmp_path / "log" / ".tmp").iterdir()) == []


def test_a_web_server_may_read_the_files(store, tmp_path):
    store.create([("tile/0/000", b"a")])
    assert (tmp_path / "log/tile/0/000").stat().st_mode & 0o777 == 0o644


def test_a_folder_is_forgotten_once_and_again(store):
    store.create([("tile/0/000.p/1", b"a"), ("tile/0/000", b"b")])
    store.discard("tile/0/000.p")
    store.discard("tile/0/000.p")
    assert store.read("tile/0/000.p/1") is None
    assert store.read("tile/0/000") == b"b"
