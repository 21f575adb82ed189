"""Starts `compaction.py` as a process of its own, and ends it when it takes too long or is no longer wanted."""

import asyncio
import json
import sys
from typing import Final

from gateway.verification.compaction import DAMAGED
from gateway.verification.folder import Folder
from gateway.verification.snapshot import SnapshotRefused
from goodstanding.trust import Trust, TrustedLog

TIMEOUT: Final = 900.0


class CompactionFailed(Exception):
    """The process ended without a snapshot; it can be tried again."""


class Compactor:
    """Makes snapshots in one folder, of one log."""

    def __init__(self, folder: Folder, log: TrustedLog) -> None:
        trust = Trust({log.prefix: log}, {}).to_json()
        self._request = {"folder": str(folder.path.absolute()), "trust": trust, "prefix": log.prefix}

    async def __call__(self, base: int, upto: int) -> None:
        """Make the snapshot of size `upto` from that of size `base` and the deltas between them."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "gateway.verification.compaction",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            async with asyncio.timeout(TIMEOUT):
                request = json.dumps({**self._request, "base": base, "upto": upto}).encode()
                _, said = await process.communicate(request)
        finally:
            if process.returncode is None:  # it took too long, or nobody wants it any more
                process.kill()
                await process.wait()
        if process.returncode == DAMAGED:
            raise SnapshotRefused(_last_line(said))
        if process.returncode != 0:
            raise CompactionFailed(f"no snapshot was made (status {process.returncode}): {_last_line(said)}")


def _last_line(said: bytes) -> str:
    return said.decode("utf-8", "replace").strip().rpartition("\n")[2][:500]
