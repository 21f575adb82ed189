"""A log's public files, fetched by whatever the caller uses: `log/checkpoint`, `log/tile/…` and `feed?after=…`.

A partial tile may be gone once the full one exists: then the full one is asked for and cut to the width of the tree
that is being read (C2SP tlog-tiles, "Partial Tiles").
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from goodstanding.errors import GoodstandingError, LogError
from goodstanding.feed import MAX_PAGE
from goodstanding.merkle import HASH_SIZE
from goodstanding.note import MAX_NOTE_SIZE
from goodstanding.tiles import ENTRIES_LEVEL, MAX_ENTRY_SIZE, TILE_WIDTH, Tile, decode_bundle, encode_bundle, tile_path

Fetch = Callable[[str, int], bytes | None]
"""(path below the register's origin, most bytes) -> what is served there; None where nothing is.

Raises Unreachable, and LogError for more bytes than that."""

_MAX_BUNDLE: Final = TILE_WIDTH * (MAX_ENTRY_SIZE + 2)


class Unreachable(GoodstandingError):
    """The log could not be asked: this says nothing about it. Try again later."""


class NotServed(LogError):
    """The log does not serve a file that its tree needs."""


class PublishedLog:
    """What a log serves to everybody."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch

    def checkpoint(self) -> bytes:
        """The newest checkpoint's bytes; NotServed, Unreachable."""
        return self._get("log/checkpoint", MAX_NOTE_SIZE)

    def page(self, after: int) -> bytes:
        """The feed's page after an index; NotServed, Unreachable."""
        return self._get(f"feed?after={after}", MAX_PAGE)

    def tile(self, tile: Tile) -> bytes:
        """The bytes of a hash tile or of an entry bundle; LogError when the full one cannot be cut, NotServed."""
        limit = _MAX_BUNDLE if tile.level == ENTRIES_LEVEL else TILE_WIDTH * HASH_SIZE
        path = tile_path(tile)
        data = self._fetch(f"log/{path}", limit)
        if data is None and tile.width < TILE_WIDTH:
            return _cut(tile, self._get(f"log/{tile_path(Tile(tile.level, tile.index, TILE_WIDTH))}", limit))
        if data is None:
            raise NotServed(f"the log does not serve {path}, which its tree needs")
        return data

    def _get(self, path: str, limit: int) -> bytes:
        data = self._fetch(path, limit)
        if data is None:
            raise NotServed(f"the log does not serve {path}")
        return data


def _cut(tile: Tile, full: bytes) -> bytes:
    """The first `width` of a full tile or bundle."""
    if tile.level != ENTRIES_LEVEL:
        return full[: tile.width * HASH_SIZE]
    return encode_bundle(decode_bundle(full)[: tile.width])
