"""Which vault the settings describe."""

from goodstanding.pkcs11 import open_token
from registry.issuance.key_files import KeyFolder, Vault
from registry.issuance.key_tokens import Pkcs11Vault
from registry.settings import Settings


def vault_of(settings: Settings) -> Vault:
    """A token where a PKCS#11 module is set, and a folder of files otherwise. KeyRefused when the extra is missing."""
    folder = KeyFolder(settings.var / "keys")
    if settings.pkcs11_module is None:
        return folder
    assert settings.pkcs11_pin_file is not None  # the settings' own rule
    return Pkcs11Vault(open_token(settings.pkcs11_module, settings.pkcs11_token, settings.pkcs11_pin_file), folder)
