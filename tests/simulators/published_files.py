"""The published files of a log, in a folder or in a bucket, seen and changed past the program under test."""

import shutil
from pathlib import Path

import obstore
from obstore.store import S3Store

from audit.bucket import Bucket


class Objects:
    """What a bucket's folder holds, seen and changed past the program under test."""

    def __init__(self, bucket: Bucket) -> None:
        self._there = S3Store(
            bucket.name, prefix=bucket.prefix, endpoint=bucket.endpoint, region=bucket.region,
            access_key_id="another", secret_access_key="another", client_options={"allow_http": True},
        )  # fmt: skip

    def all(self, folder: str = "") -> dict[str, bytes]:
        """Path -> bytes."""
        return {path: self.read(path) for path in self._paths(folder)}

    def read(self, path: str) -> bytes:
        return bytes(obstore.get(self._there, path).bytes())

    def headers(self, path: str) -> dict[str, str]:
        return dict(obstore.get(self._there, path).attributes)

    def write(self, path: str, data: bytes) -> None:
        obstore.put(self._there, path, data)

    def remove(self, path: str) -> None:
        obstore.delete(self._there, path)

    def lose(self, folder: str = "") -> None:
        """Everything in a folder is gone."""
        obstore.delete(self._there, self._paths(folder))

    def _paths(self, folder: str) -> list[str]:
        return [each["path"] for page in obstore.list(self._there, folder or None) for each in page]


class Files:
    """What a folder of this machine holds, in the words of `Objects`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def all(self, folder: str = "") -> dict[str, bytes]:
        """Path -> bytes."""
        found = (path for path in (self._folder / folder).rglob("*") if path.is_file())
        return {str(path.relative_to(self._folder)): path.read_bytes() for path in found}

    def read(self, path: str) -> bytes:
        return (self._folder / path).read_bytes()

    def write(self, path: str, data: bytes) -> None:
        (self._folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self._folder / path).write_bytes(data)

    def remove(self, path: str) -> None:
        (self._folder / path).unlink()

    def lose(self, folder: str = "") -> None:
        """Everything in a folder is gone."""
        shutil.rmtree(self._folder / folder)
