"""The simulated disk keeps what was synced, and nothing else; the store of the log survives on it."""

import os

import pytest
from disk_simulator import SimulatedDisk

from audit.store import FileStore


@pytest.fixture
def disk(tmp_path, monkeypatch):
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "old").write_bytes(b"old")
    disk = SimulatedDisk(tmp_path / "root")
    monkeypatch.setattr(os, "fsync", disk.fsync)
    yield disk
    disk.close()


@pytest.fixture
def root(tmp_path):
    return tmp_path / "root"


def write(path, data, *, sync):
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        if sync:
            os.fsync(file.fileno())


def sync_folder(path):
    descriptor = os.open(path, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


def there(root):
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_what_was_there_stays(disk, root):
    disk.crash()
    assert there(root) == {"old": b"old"}


def test_a_name_that_was_not_synced_is_gone(disk, root):
    write(root / "new", b"new", sync=True)
    (root / "old").unlink()
    disk.crash()
    assert there(root) == {"old": b"old"}


def test_bytes_that_were_not_synced_are_gone(disk, root):
    write(root / "new", b"new", sync=False)
    sync_folder(root)
    disk.crash()
    assert there(root) == {"old": b"old", "new": b""}


def test_bytes_and_name_synced_are_there(disk, root):
    (root / "sub").mkdir()
    write(root / "sub" / "new", b"new", sync=True)
    sync_folder(root / "sub")
    disk.crash()
    assert there(root) == {"old": b"old"}  # nobody synced the name of the folder
    (root / "sub").mkdir()
    write(root / "sub" / "new", b"new", sync=True)
    sync_folder(root / "sub")
    sync_folder(root)
    disk.crash()
    assert there(root) == {"old": b"old", "sub/new": b"new"}


def test_a_file_replaced_without_a_sync_is_the_old_one_again(disk, root):
    write(root / "temporary", b"newer", sync=True)
    (root / "temporary").replace(root / "old")
    disk.crash()
    assert there(root) == {"old": b"old"}


def test_one_file_may_be_lost_alone(disk, root):
    for name in ("one", "two"):
        write(root / name, name.encode(), sync=True)
    disk.crash(lambda path: path == "one")
    assert there(root) == {"old": b"old", "two": b"two"}


def test_the_store_keeps_what_it_promised(disk, root):
    store = FileStore(root / "log")
    store.create([("tile/entries/000.p/1", b"a"), ("tile/0/000.p/1", b"b")])
    assert store.swap("checkpoint", None, b"first")
    assert store.swap("checkpoint", b"first", b"second")
    disk.crash()
    assert there(root) == {
        "old": b"old", "log/tile/entries/000.p/1": b"a", "log/tile/0/000.p/1": b"b", "log/checkpoint": b"second",
        **{path: data for path, data in there(root).items() if path.startswith("log/.")},
    }  # fmt: skip
