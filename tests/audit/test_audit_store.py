"""The store of published files: whole files, never changed, replaced only by who saw the old one."""

import pytest

from audit.bucket import Bucket
from audit.errors import StoreConflict
from audit.object_store import ObjectStore
from audit.store import FileStore

pytestmark = pytest.mark.both_stores


@pytest.fixture
def store(files_at):
    return ObjectStore(files_at) if isinstance(files_at, Bucket) else FileStore(files_at)


@pytest.fixture
def folder(tmp_path):
    """A store in a folder, whatever else there is."""
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


def test_files_are_written_in_the_order_given_and_those_before_a_conflict_stay(store):
    store.create([("tile/0/001", b"other")])
    with pytest.raises(StoreConflict):
        store.create([("tile/0/000", b"a"), ("tile/0/001", b"b"), ("tile/0/002", b"c")])
    assert [store.read(f"tile/0/00{number}") for number in range(3)] == [b"a", b"other", None]


def test_an_empty_file_is_a_file(store):
    store.create([("tile/0/000", b"")])
    assert store.read("tile/0/000") == b""
    with pytest.raises(StoreConflict):
        store.create([("tile/0/000", b"a")])


def test_a_file_is_replaced_only_by_who_saw_it(store):
    assert store.swap("checkpoint", None, b"1")
    assert not store.swap("checkpoint", None, b"2")
    assert not store.swap("checkpoint", b"0", b"2")
    assert store.swap("checkpoint", b"1", b"2")
    assert store.read("checkpoint") == b"2"


def test_nothing_temporary_stays_behind(folder, tmp_path):
    folder.create([("tile/0/000", b"a")])
    folder.swap("checkpoint", None, b"1")
    folder.swap("checkpoint", b"other", b"2")
    assert list((tmp_path / "log" / ".tmp").iterdir()) == []


def test_a_web_server_may_read_the_files(folder, tmp_path):
    folder.create([("tile/0/000", b"a")])
    assert (tmp_path / "log/tile/0/000").stat().st_mode & 0o777 == 0o644


def test_a_folder_is_forgotten_once_and_again(store):
    store.create([("tile/0/000.p/1", b"a"), ("tile/0/000", b"b")])
    store.discard("tile/0/000.p")
    store.discard("tile/0/000.p")
    assert store.read("tile/0/000.p/1") is None
    assert store.read("tile/0/000") == b"b"
