"""Keys in a PKCS#11 token: made there, used there, never seen outside. Needs the extra `pkcs11` of this package."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from goodstanding.errors import KeyRefused

if TYPE_CHECKING:
    from goodstanding.pkcs11.token import Token


def open_token(module: Path, label: str, pin_file: Path) -> Token:
    """The token of a label, asked when it is first needed. KeyRefused where the extra is missing."""
    try:
        from goodstanding.pkcs11.token import Token  # noqa: PLC0415 - an extra of its own
    except ModuleNotFoundError as error:
        raise KeyRefused("keys in a PKCS#11 token need python-pkcs11: install the extra pkcs11") from error
    return Token(module, label, pin_file)
