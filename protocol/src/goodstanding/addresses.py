"""Which addresses keys and artefacts may be fetched from: https, or http on this machine, where nobody stands between."""

from typing import Final
from urllib.parse import urlsplit

HERE: Final = ("127.0.0.1", "::1", "localhost")
"""Names of this machine."""


def is_address(url: str) -> bool:
    """True for an https address, or an http one on this machine; without a login, a fragment or anything unprintable."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    if not host or parts.username is not None or parts.fragment or not url.isprintable() or " " in url:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and host in HERE)
