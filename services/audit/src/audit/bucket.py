"""Where published files live when they do not live in a folder: a bucket of an S3-compatible service."""

import re
from dataclasses import dataclass, field

_URL = re.compile(r"s3://(?P<name>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?P<prefix>(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)*)/?")
_ENDPOINT = re.compile(r"https?://[^/\s?#@]+")


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket, the folder in it, and how to be let in. Raises ValueError for what cannot be one.

    Without `endpoint` it is Amazon's of the region; without keys they are looked for where programs on Amazon's
    machines find theirs. `patience`: how many seconds an answer may take; a call with its retries takes about twice that.
    """

    url: str
    endpoint: str = ""
    region: str = "us-east-1"
    access_key: str = ""
    secret_key: str = field(default="", repr=False)
    path_style: bool = True
    patience: float = 5.0

    def __post_init__(self) -> None:
        if not _URL.fullmatch(self.url):
            raise ValueError(f"{self.url} is not the address of a bucket, such as s3://log or s3://public/log")
        if self.endpoint and not _ENDPOINT.fullmatch(self.endpoint):
            raise ValueError(f"{self.endpoint} is not the address of a store, such as http://store:8333")
        if bool(self.access_key) != bool(self.secret_key):
            raise ValueError("a store's access key and its secret key belong together: set both or neither")

    @property
    def name(self) -> str:
        """The bucket's name."""
        return self._part("name")

    @property
    def prefix(self) -> str:
        """The folder in the bucket; empty for the bucket itself."""
        return self._part("prefix").strip("/")

    def _part(self, name: str) -> str:
        match = _URL.fullmatch(self.url)
        assert match is not None
        return match[name]
