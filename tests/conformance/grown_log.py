"""One log grown by the sequencer to 70,001 entries, kept as it was published at each of the sizes on the way.

The sizes stand where a proof or a tile changes its shape: around the first bundle, around the first full tile of
level 1, and beyond both. Proofs are those the log's own readers get.
"""

import asyncio
import base64
import os
import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from logged_entries import entries

from audit.migrate import migrate
from audit.service import open_log
from audit.signing import CheckpointSigner
from goodstanding.checkpoint import Checkpoint
from goodstanding.keys import PemSigner

ORIGIN = "register.example/log"
SIZES = (1, 255, 256, 257, 65_535, 65_537, 70_001)
EDGES = (0, 1, 127, 128, 254, 255, 256, 257, 65_279, 65_280, 65_534, 65_535, 65_536, 65_537, 69_887, 69_888)
BATCH = 1000
SIGNED = datetime(2026, 5, 4, 9, 1, tzinfo=UTC)


@dataclass
class GrownLog:
    """What was published, by size: the folder of files, the root, proofs of entries and of earlier sizes."""

    keys: tuple[PemSigner, PemSigner]
    folders: dict[int, Path] = field(default_factory=dict)
    roots: dict[int, bytes] = field(default_factory=dict)
    proofs: dict[tuple[int, int], str] = field(default_factory=dict)  # (size, index)
    growth: dict[tuple[int, int], list[bytes]] = field(default_factory=dict)  # (old, new)

    @property
    def vkeys(self):
        """Verifier keys of the log and of its time cosigner."""
        signer = CheckpointSigner(ORIGIN, *self.keys)
        return [signer.log_key.encode(), signer.time_key.encode()]

    def indices(self, size):
        """The entries that were proved at a size: first, last, and those at edges of tiles."""
        return sorted(index for proved, index in self.proofs if proved == size)

    def case(self, size, index, **changes):
        """A question for whoever judges an entry's proof; a change replaces a member."""
        ((entry,), vkeys) = entries(index, index + 1), self.vkeys
        case = {"record": None, "leaf": _b64(entry.leaf), "proof": self.proofs[size, index]}
        return case | {"vkey": vkeys[0], "vkeys": vkeys} | changes

    def growth_case(self, old, new, **changes):
        """A question for whoever judges that the larger tree begins with the smaller one."""
        hashes = [_b64(item) for item in self.growth[old, new]]
        roots = {"old_root": _b64(self.roots[old]), "new_root": _b64(self.roots[new])}
        return {"old_size": old, "new_size": new, "consistency": hashes} | roots | changes

    def signed_anew(self, size, index, *, origin=ORIGIN, root=None, keys=None):
        """An entry's proof under a checkpoint of another origin, another root or by other keys, well signed."""
        head = self.proofs[size, index].partition("\n\n")[0]
        checkpoint = Checkpoint(origin, size, root or self.roots[size])
        return f"{head}\n\n{CheckpointSigner(origin, *(keys or self.keys)).sign(checkpoint, SIGNED).decode()}"


def grow(folder):
    """Grow the log in a folder; half a minute."""
    migrate(_database(folder))
    return asyncio.run(_grown(folder, (PemSigner.create(folder / "log.pem"), PemSigner.create(folder / "time.pem"))))


async def _grown(folder, keys):
    log = open_log(url=_database(folder), folder=folder / "log", origin=ORIGIN, log_signer=keys[0], time_signer=keys[1])
    grown, size = GrownLog(keys), 0
    for wanted in SIZES:
        while size < wanted:
            step = min(BATCH, wanted - size)
            await log.append(entries(size, size + step))
            size += await log.sequencer.step()
        await _keep(log, grown, folder, size)
    await log.close()
    return grown


async def _keep(log, grown, folder, size):
    """Keep what is published now. Files are linked: none of them ever changes, the checkpoint is replaced as a whole."""
    snapshot = await log.reader.snapshot()
    assert snapshot.checkpoint.size == size
    for index in sorted({*EDGES, size // 2, size - 1} & set(range(size))):
        entry = await log.reader.by_index(snapshot, index)
        grown.proofs[size, index] = snapshot.tlog_proof(entry).decode()
    for old in (*grown.roots, size):
        grown.growth[old, size] = snapshot.consistency(old, None)
    grown.roots[size] = snapshot.checkpoint.root
    grown.folders[size] = folder / str(size)
    shutil.copytree(folder / "log", grown.folders[size], copy_function=os.link, ignore=shutil.ignore_patterns(".*"))


def _database(folder):
    return f"sqlite+aiosqlite:///{folder / 'audit.db'}"


def _b64(data):
    return base64.b64encode(data).decode()
