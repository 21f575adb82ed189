"""Status lists, followed: what the edge knows before the log does.

Rules
1. A list counts only with the signature of a key that the trust configuration names for its URI, and only while it
   does.
2. The newest issue is kept; an older one offered later is refused, whoever offers it.
3. A list past its `exp`, a list never seen and an index beyond its end are *unknown*: nobody is told "good standing".
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from goodstanding.canonical import parse_json
from goodstanding.errors import EventError, TokenError
from goodstanding.jws import MAX_BYTES
from goodstanding.keys import usable
from goodstanding.status_list import TYP, VerifiedStatusList, verify_status_list
from goodstanding.trust import Trust

MAX_LISTS: Final = 1_000
MAX_AGGREGATION: Final = 512 * 1024
MAX_TOKEN: Final = MAX_BYTES[TYP]


@dataclass(frozen=True, slots=True)
class Listed:
    """The code of one index, and until when the list that says so holds."""

    code: int
    until: datetime


class StatusLists:
    """The newest verified status lists, by URI."""

    def __init__(self, trust: Trust) -> None:
        self._trust = trust
        self._lists: dict[str, VerifiedStatusList] = {}

    def trust(self, trust: Trust, now: datetime) -> list[str]:
        """Believe the keys of this configuration from now on; returns the lists that are forgotten for it (rule 1)."""
        self._trust = trust
        gone = [uri for uri, held in self._lists.items() if held.kid not in usable(trust.status_keys(uri) or {}, now)]
        for uri in gone:
            del self._lists[uri]
        return gone

    def __len__(self) -> int:
        return len(self._lists)

    def code(self, uri: str, idx: int, now: datetime) -> Listed | None:
        """The code of an index now, None where it is unknown (rule 3)."""
        held = self._lists.get(uri)
        if held is None or now >= held.exp or idx >= len(held.list):
            return None
        return Listed(held.list.get(idx), held.exp)

    def take(self, uri: str, token: str, now: datetime) -> None:
        """Keep a list that verifies; TokenError when it does not, or when a newer issue is held (rules 1 and 2)."""
        keys = self._trust.status_keys(uri)
        if keys is None:
            raise TokenError("UNKNOWN_LIST", f"the trust configuration names no keys for the status list {uri[:200]!r}")
        offered = verify_status_list(token, uri=uri, keys=usable(keys, now), now=now, leeway=60)
        held = self._lists.get(uri)
        if held is not None and offered.iat < held.iat:
            raise TokenError("OLDER_LIST", f"the status list {uri} was offered in an older issue than the one held")
        if held is None and len(self._lists) >= MAX_LISTS:
            raise TokenError("TOO_MANY_LISTS", f"{MAX_LISTS} status lists are followed already")
        self._lists[uri] = offered


def read_aggregation(data: bytes) -> tuple[str, ...]:
    """The URIs of `{"status_lists": […]}`; EventError when it is something else or names more than 1,000."""
    value = parse_json(data, max_bytes=MAX_AGGREGATION)
    uris = value.get("status_lists") if isinstance(value, dict) else None
    if not isinstance(uris, list) or len(uris) > MAX_LISTS or not all(isinstance(uri, str) for uri in uris):
        raise EventError(f"an aggregation of status lists holds status_lists, at most {MAX_LISTS} URIs")
    return tuple(uris)


def path_of(uri: str) -> str:
    """The path under which the registry serves a list of this URI."""
    return urlsplit(uri).path
