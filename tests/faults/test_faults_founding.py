"""A register that was founded a moment ago, on a disk that forgets: what its databases speak of is there."""

import os

import pytest
from disk_simulator import SimulatedDisk
from house_process import HouseSettings, Time

from goodstanding_standalone.register import open_register

pytestmark = pytest.mark.timeout(120)


async def test_keys_that_are_known_outlive_a_crash(tmp_path, monkeypatch):
    root = tmp_path / "disk"
    (root / "databases").mkdir(parents=True)
    disk = SimulatedDisk(root)
    monkeypatch.setattr(os, "fsync", disk.fsync)
    registry_db, audit_db = (f"sqlite+aiosqlite:///{root / 'databases' / name}.db" for name in ("registry", "audit"))
    settings, clock = HouseSettings(var=root / "var", registry_db=registry_db, audit_db=audit_db), Time()

    # given a register that has just made its keys
    async with open_register(settings, clock) as register:
        before = (await register.trust()).to_json()

    # when the machine loses its power; databases sync themselves
    disk.crash(lambda path: not path.startswith("databases/"))
    disk.close()

    # then it opens with the same keys
    async with open_register(settings, clock) as register:
        assert (await register.trust()).to_json() == before
