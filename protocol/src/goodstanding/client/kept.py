"""What a client keeps of the files it fetched.

Rules
1. A file serves without asking for as long as the register allows (`Cache-Control: max-age`), and never longer than 60
   seconds, the longest life of a status list in a reader's hands: a suspension is seen within a minute.
2. After that it is asked for by its ETag, and an answer 304 renews it.
3. At most 64 MB and 20,000 files are kept; the longest unused goes first.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

from goodstanding.clock import Clock
from goodstanding.status_list import MAX_TTL

MAX_KEPT_BYTES: Final = 64 * 1024 * 1024
MAX_KEPT: Final = 20_000

_MAX_AGE = re.compile(r"(?:^|[,\s])max-age=(\d{1,9})(?:$|[,\s])", re.ASCII)
_NO_STORE = re.compile(r"(?:^|[,\s])(?:no-store|no-cache)(?:$|[,\s])", re.ASCII)


@dataclass(frozen=True, slots=True)
class Kept:
    """A file, its ETag, and until when it serves without asking."""

    body: bytes
    etag: str
    until: datetime


class Cache:
    """The files of one client, by address; may be used from several threads."""

    def __init__(self, clock: Clock, max_bytes: int = MAX_KEPT_BYTES, max_files: int = MAX_KEPT) -> None:
        self._clock = clock
        self._most = max_bytes, max_files
        self._files: OrderedDict[str, Kept] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def fresh(self, url: str) -> bytes | None:
        """The file, while it serves without asking."""
        kept = self.known(url)
        return kept.body if kept is not None and self._clock() < kept.until else None

    def known(self, url: str) -> Kept | None:
        """The file as it was last seen."""
        with self._lock:
            if url in self._files:
                self._files.move_to_end(url)
            return self._files.get(url)

    def keep(self, url: str, body: bytes, etag: str, cache_control: str) -> None:
        """Take a file in, as its answer's headers allow."""
        with self._lock:
            self._drop(url)
            self._files[url] = Kept(body, etag, self._clock() + _age(cache_control))
            self._bytes += len(body)
            while self._bytes > self._most[0] or len(self._files) > self._most[1]:
                self._drop(next(iter(self._files)))

    def renew(self, url: str, kept: Kept, cache_control: str) -> None:
        """The register says that the file is unchanged."""
        with self._lock:
            if url in self._files:
                self._files[url] = replace(kept, until=self._clock() + _age(cache_control))

    def _drop(self, url: str) -> None:
        dropped = self._files.pop(url, None)
        self._bytes -= len(dropped.body) if dropped else 0


def _age(cache_control: str) -> timedelta:
    told = _MAX_AGE.search(cache_control.lower())
    if told is None or _NO_STORE.search(cache_control.lower()):
        return timedelta(0)
    return timedelta(seconds=min(int(told[1]), MAX_TTL))
