"""What a verifier has opened already: many records stand under one checkpoint and one status list.

Rules
1. Only what verified is kept, under the very bytes that were shown; whatever differs is verified anew.
2. Nothing that depends on the time is kept: expiry and ended keys are judged at each question.
3. Bounded, the longest unused goes first: at most 4 MB for each list, 64 KB for each checkpoint.
"""

from __future__ import annotations

from functools import lru_cache, partial
from typing import Final

from goodstanding.checkpoint import VerifiedCheckpoint
from goodstanding.errors import TokenError
from goodstanding.status_list import VerifiedStatusList, open_status_list
from goodstanding.trust import Trust

MAX_CHECKPOINTS: Final = 128
MAX_LISTS: Final = 16


class Seen:
    """Verified checkpoints and status lists of one trust configuration; may be used from several threads."""

    def __init__(self, trust: Trust) -> None:
        self._checkpoints = lru_cache(MAX_CHECKPOINTS)(partial(_checkpoint, trust))
        self._lists = lru_cache(MAX_LISTS)(partial(_status_list, trust))

    def checkpoint(self, prefix: str, note: bytes) -> VerifiedCheckpoint:
        """The checkpoint in a note, under the keys of the log that has this number prefix; LogError if it is refused."""
        return self._checkpoints(prefix, note)

    def status_list(self, uri: str, token: str) -> VerifiedStatusList:
        """The list in a token, signed by any key that the trust file names for its URI, whether or not it has ended.

        TokenError if it is refused; the caller still judges the time, and whether the key counts at it.
        """
        return self._lists(uri, token)


def _checkpoint(trust: Trust, prefix: str, note: bytes) -> VerifiedCheckpoint:
    return trust.logs[prefix].verify(note)


def _status_list(trust: Trust, uri: str, token: str) -> VerifiedStatusList:
    keys = trust.status_keys(uri)
    if keys is None:
        raise TokenError("UNKNOWN_KEY", f"no key is trusted for the status list {uri[:200]!r}")
    return open_status_list(token, uri=uri, keys=keys)
