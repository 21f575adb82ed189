"""Published files as objects of an S3-compatible service, with the headers that whoever reads them there is to see.

How the rules of `store.py` hold:

1. `create` puts on the condition that there is no such object (If-None-Match: *).
2. The service answers a put when it keeps the object.
3. It shows an object whole or not at all.
4. `swap` puts on the condition that the object is the one it has read (If-Match, by entity tag).

A refused condition is not taken for the answer: the put may be our own, repeated because its first answer was lost.
What the object holds decides. A service that never refuses one would lose files without a word: the first swap of a
process shows whether it does. Objects are put one after the other, because `create` promises an order.
"""

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

import obstore
import structlog
from obstore.exceptions import AlreadyExistsError, BaseError, PreconditionError

from audit.bucket import Bucket
from audit.bucket_client import client_of
from audit.errors import LogStopped, StoreUnavailable
from audit.served_as import headers_of
from audit.store import conflict

if TYPE_CHECKING:
    from obstore import PutMode

DISCARDED = 1000
"""Most objects that are listed at once, and that one `discard` deletes; a tile has 255 partial files at most."""

_REFUSED: Final = (AlreadyExistsError, PreconditionError)
_FAILED: Final = (BaseError, OSError)
_SAID: Final = (re.compile(r"status code: (\d{3})"), re.compile(r"<Code>(\w+)</Code>"))
_log = structlog.get_logger("audit.store")


class ObjectStore:
    """A store in a bucket, which must exist. Every call is bounded in time (`Bucket.patience`)."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = client_of(bucket)
        self._refuses = False

    def read(self, path: str) -> bytes | None:
        """Return a file's bytes, None when there is none. Raises StoreUnavailable."""
        found = self._get(path)
        return None if found is None else found[0]

    def create(self, files: Iterable[tuple[str, bytes]]) -> None:
        """Write files in the order given (rules 1 to 3); raises StoreConflict and StoreUnavailable."""
        for path, data in files:
            if self._put(path, data, "create"):
                continue
            held = self.read(path)
            if held is None:
                raise _refused(path)
            if held != data:
                raise conflict(path)

    def swap(self, path: str, seen: bytes | None, data: bytes) -> bool:
        """Replace a file atomically; False when it no longer has the bytes `seen` (rule 4).

        Raises StoreUnavailable, and LogStopped for a service that takes no notice of conditions.
        """
        found = self._get(path)
        if (None if found is None else found[0]) != seen:
            return False
        if self._put(path, data, "create" if found is None else {"e_tag": found[1]}):
            self._see_it_refuse(path, data)
            return True
        held = self.read(path)
        if held == seen:
            raise _refused(path)
        return held == data

    def discard(self, folder: str) -> None:
        """Forget a folder and what is in it. What cannot be deleted now stays, and does no harm."""
        try:
            for page in obstore.list(self._bucket, folder, chunk_size=DISCARDED):
                obstore.delete(self._bucket, [each["path"] for each in page])
                break
        except _FAILED as error:
            _log.warning("partial files stay in the store", folder=folder, why=_why(error))

    def paths(self) -> Iterator[str]:
        """Name every file that is there, in no promised order. Raises StoreUnavailable."""
        try:
            for page in obstore.list(self._bucket, chunk_size=DISCARDED):
                yield from (each["path"] for each in page)
        except _FAILED as error:
            raise _unavailable("LIST", error) from error

    def _see_it_refuse(self, path: str, data: bytes) -> None:
        """Once, put an object that is there on the condition that it is not."""
        if not self._refuses and self._put(path, data, "create"):
            raise LogStopped(
                "the store of the log's files takes no notice of If-None-Match: two writers could publish two logs. "
                "Use a service that honours conditions on a put"
            )
        self._refuses = True

    def _get(self, path: str) -> tuple[bytes, str] | None:
        """An object's bytes and its entity tag."""
        try:
            answer = obstore.get(self._bucket, path)
            page = answer.attributes.get("Content-Type", "").startswith("text/html")
            data, tag = bytes(answer.bytes()), answer.meta["e_tag"]
        except FileNotFoundError as error:
            if "<Code>NoSuchKey</Code>" in str(error):
                return None  # any other 404 is about the bucket, or not from the service at all
            raise _unavailable(f"GET {path}", error) from error
        except _FAILED as error:
            raise _unavailable(f"GET {path}", error) from error
        if page or tag is None:
            raise StoreUnavailable(f"what answered GET {path} is not the store of the log's files: it sent no object")
        return data, tag

    def _put(self, path: str, data: bytes, mode: "PutMode") -> bool:
        """Put an object on a condition; False when the condition was refused."""
        try:
            obstore.put(self._bucket, path, data, mode=mode, attributes=dict(headers_of(path)), use_multipart=False)
        except _REFUSED:
            return False
        except _FAILED as error:
            raise _unavailable(f"PUT {path}", error) from error
        return True


def _unavailable(act: str, error: Exception) -> StoreUnavailable:
    return StoreUnavailable(f"the store of the log's files does not do what it is asked now ({act}: {_why(error)})")


def _refused(path: str) -> StoreUnavailable:
    return StoreUnavailable(f"the store of the log's files refuses to write {path}, and nobody else has written it")


def _why(error: Exception) -> str:
    """What the service said, without addresses and without its page."""
    said = [match[1] for pattern in _SAID if (match := pattern.search(str(error)))]
    return " ".join(said) or "no answer"
