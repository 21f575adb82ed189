"""Where private keys are: a file each, named after owner, role and which of the owner's keys of this role it is."""

import re
from pathlib import Path
from typing import Protocol

from goodstanding.errors import KeyRefused
from goodstanding.keys import PemSigner, Signer

_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}", re.ASCII)


def require_owner(owner: str) -> None:
    """KeyRefused for what cannot be part of a key's name."""
    if not _FILE_NAME.fullmatch(owner):
        raise KeyRefused(f"no key for {owner[:40]!r}: this is not the id of an authority")


class Vault(Protocol):
    """Where private keys are. Both methods may wait for a disk or a device: call them in a thread."""

    def signer(self, owner: str, role: str, ordinal: int, kid: str) -> Signer | None:
        """The key of this name, None where there is none: of several the one with this id, so look at its id.

        KeyRefused for one that must not be used, KeyAway while a device does not answer.
        """

    def make(self, owner: str, role: str, ordinal: int) -> Signer:
        """The key of this name, made where there is none. KeyRefused for one that must not be used, KeyAway."""


class KeyFolder:
    """A vault of PEM files of mode 0600: `{owner}.{role}.pem`, and `{owner}.{role}.2.pem` for the second."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def signer(self, owner: str, role: str, ordinal: int, kid: str) -> Signer | None:  # noqa: ARG002 - a file is one key
        """The key of this name, None where there is none. KeyRefused for one that must not be used."""
        path = self._path(owner, role, ordinal)
        return PemSigner.load(path) if path.exists() else None

    def make(self, owner: str, role: str, ordinal: int) -> Signer:
        """The key of this name, made where there is none. KeyRefused for one that must not be used."""
        return PemSigner.load_or_create(self._path(owner, role, ordinal))

    def _path(self, owner: str, role: str, ordinal: int) -> Path:
        require_owner(owner)
        return self._folder / (f"{owner}.{role}.pem" if ordinal == 1 else f"{owner}.{role}.{ordinal}.pem")
