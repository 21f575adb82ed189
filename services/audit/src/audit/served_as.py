"""How a published file is to be served and kept: by our own routes, or by a store that serves it as it is."""

from goodstanding.tiles import TILE_WIDTH, parse_tile_path

TEXT = "text/plain; charset=utf-8"
IMMUTABLE = "public, max-age=604800, immutable"
NO_STORE = "no-store"


def headers_of(path: str) -> dict[str, str]:
    """Content-Type and Cache-Control of a published file. Raises LogError for the path of a tile that cannot be."""
    if not path.startswith("tile/"):
        return {"Content-Type": TEXT, "Cache-Control": NO_STORE}
    full = parse_tile_path(path).width == TILE_WIDTH
    return {"Content-Type": "application/octet-stream", "Cache-Control": IMMUTABLE if full else NO_STORE}
