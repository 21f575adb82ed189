"""The log's two keys: files, or, where the settings name a PKCS#11 token, keys that were made in it.

Rules
1. A log never changes its key: it goes on with the file where there is one, whatever the settings say of tokens.
2. Nothing says which of two keys of one label is the log's; that is for a person to see to.
"""

from pathlib import Path

from audit.settings import Settings
from goodstanding.errors import KeyRefused
from goodstanding.keys import PemSigner, Signer
from goodstanding.pkcs11 import open_token


def made_signers(settings: Settings) -> tuple[Signer, Signer]:
    """The signers of checkpoints and of the time, made on first use. KeyRefused, KeyAway."""
    return _signer(settings, settings.log_key, make=True), _signer(settings, settings.time_key, make=True)


def known_signers(settings: Settings) -> tuple[Signer, Signer]:
    """The same, and none is made. KeyRefused, KeyAway, and OSError where there is no file."""
    return _signer(settings, settings.log_key, make=False), _signer(settings, settings.time_key, make=False)


def _signer(settings: Settings, file: Path, *, make: bool) -> Signer:
    if settings.pkcs11_module is not None and not file.exists():
        return _in_token(settings, settings.pkcs11_module, file.stem, make=make)
    return PemSigner.load_or_create(file) if make else PemSigner.load(file)


def _in_token(settings: Settings, module: Path, label: str, *, make: bool) -> Signer:
    """The one key of a label, which is the name the file would have had (rule 2)."""
    assert settings.pkcs11_pin_file is not None  # the settings' own rule
    token = open_token(module, settings.pkcs11_token, settings.pkcs11_pin_file)
    found = token.make(label) if make else token.find(label)
    if len(found) != 1:
        raise KeyRefused(
            f"the token {settings.pkcs11_token!r} holds {len(found)} keys named {label}, not one: restore the log's key, "
            f"and delete any other ({', '.join(signer.kid for signer in found) or 'none'})"
        )
    return found[0]
