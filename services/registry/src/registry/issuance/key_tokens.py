"""Private keys in a PKCS#11 token, each under the label `{owner}.{role}.{ordinal}`.

A token may hold two keys of one label, made by two processes at the same moment. Both stay: which of them counts is the
one whose row was committed (`keys.py`, rule 2). To delete the other one here could delete it after its row was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from goodstanding.keys import Signer
from registry.issuance.key_files import KeyFolder, require_owner

if TYPE_CHECKING:
    from goodstanding.pkcs11.token import Token


class Pkcs11Vault:
    """A vault that makes keys in a token; those that were made in a folder before still sign, until they have had successors."""

    def __init__(self, token: Token, before: KeyFolder) -> None:
        self._token = token
        self._before = before

    def signer(self, owner: str, role: str, ordinal: int, kid: str) -> Signer | None:
        """The key of this name and id; where no id fits one of the name, None where there is none. KeyRefused, KeyAway."""
        found: list[Signer] = [*self._token.find(_label(owner, role, ordinal))]
        if all(signer.kid != kid for signer in found) and (file := self._before.signer(owner, role, ordinal, kid)):
            found.append(file)
        return next((signer for signer in found if signer.kid == kid), found[0] if found else None)

    def make(self, owner: str, role: str, ordinal: int) -> Signer:
        """The key of this name in the token, made where there is none. KeyRefused, KeyAway."""
        return self._token.make(_label(owner, role, ordinal))[0]


def _label(owner: str, role: str, ordinal: int) -> str:
    require_owner(owner)
    return f"{owner}.{role}.{ordinal}"
