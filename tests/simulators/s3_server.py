"""An S3-compatible service on this machine, for as long as the tests want it: moto, as a process on loopback.

It honours If-None-Match and If-Match, keeps everything in memory, and lets anybody in until `strict`.
"""

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import Request, urlopen

from audit.bucket import Bucket

START_SECONDS = 30.0
BUCKET = "published"
_ADDRESS = re.compile(r"Running on (http://127\.0\.0\.1:(\d+))")


class S3Server:
    """The service; `port` is where it listens once it has started."""

    def __init__(self) -> None:
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Its endpoint."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it with one empty bucket, on a free port."""
        program = Path(sys.executable).with_name("moto_server")
        with tempfile.NamedTemporaryFile() as printed:
            self._process = subprocess.Popen(
                [program, "--host", "127.0.0.1", "--port", "0"], stdout=printed, stderr=printed
            )
            self.port = self._listening(Path(printed.name))
        self.make(BUCKET)

    def make(self, bucket: str) -> None:
        """Make another bucket."""
        self._ask("PUT", f"/{bucket}")

    def bucket(self, prefix: str, patience: float = 5.0, **other: str) -> Bucket:
        """A folder in the bucket, for a log."""
        keys = {"endpoint": self.address, "access_key": "a-key", "secret_key": "a-secret"}
        return Bucket(f"s3://{BUCKET}/{prefix}", patience=patience, **(keys | other))

    @contextmanager
    def strict(self) -> Iterator[None]:
        """Let nobody in, because it knows no user."""
        self._ask("POST", "/moto-api/reset-auth", b"0")
        try:
            yield
        finally:
            self._ask("POST", "/moto-api/reset-auth", b"inf")

    def close(self) -> None:
        """End it, and wait until it has ended."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=START_SECONDS)

    def _listening(self, printed: Path) -> int:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            assert self._process is not None
            assert self._process.poll() is None, printed.read_text()
            if found := _ADDRESS.search(printed.read_text()):
                return int(found[2])
            time.sleep(0.05)
        raise AssertionError(printed.read_text())

    def _ask(self, method: str, path: str, data: bytes | None = None) -> None:
        asked = Request(self.address + path, data, {"Content-Type": "text/plain"}, method=method)
        with urlopen(asked, timeout=START_SECONDS) as answer:
            assert answer.status == 200
