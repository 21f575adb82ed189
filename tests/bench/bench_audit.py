"""The log: draining, proving, verifying, what is stored, and what a log of millions takes.

This process, and every other that is measured, has one core; the database and what makes the load have the other one.
"""

import os
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / name) for name in ("processes", "simulators", "conformance")]

import audit_drain  # noqa: E402
import audit_hop  # noqa: E402
import audit_proofs  # noqa: E402
import audit_sizes  # noqa: E402
from harness import Row  # noqa: E402

SERVER_CORE, OTHER_CORE = 0, 1


def rows() -> Iterable[Row]:
    """Measure; everything lies on the disk that has the project's build folder."""
    build = HERE.parents[1] / "build"
    build.mkdir(exist_ok=True)
    before = os.sched_getaffinity(0)
    with tempfile.TemporaryDirectory(dir=build, prefix="audit-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # PostgreSQL runs as another user
        try:
            os.sched_setaffinity(0, {SERVER_CORE})
            yield from audit_drain.rows(folder, OTHER_CORE)
            yield from audit_hop.rows(folder, SERVER_CORE, OTHER_CORE)
            million = audit_sizes.made(folder / "million", audit_sizes.MILLION, real=True)
            yield from audit_proofs.rows(folder, million)
            yield from audit_proofs.stored(million)
            yield from audit_sizes.rows(folder, million)
        finally:
            os.sched_setaffinity(0, before)
