"""Which vault the settings describe."""

from goodstanding.errors import KeyRefused
from registry.issuance.key_files import KeyFolder, Vault
from registry.settings import Settings


def vault_of(settings: Settings) -> Vault:
    """A token where a PKCS#11 module is set, and a folder of files otherwise. KeyRefused when the extra is missing."""
    folder = KeyFolder(settings.var / "keys")
    if settings.pkcs11_module is None:
        return folder
    assert settings.pkcs11_pin_file is not None  # the settings' own rule
    try:
        from goodstanding.pkcs11.token import Token  # noqa: PLC0415 - an extra of its own
        from registry.issuance.key_tokens import Pkcs11Vault  # noqa: PLC0415 - an extra of its own
    except ModuleNotFoundError as error:
        raise KeyRefused("keys in a PKCS#11 token need python-pkcs11: install the extra pkcs11") from error
    return Pkcs11Vault(Token(settings.pkcs11_module, settings.pkcs11_token, settings.pkcs11_pin_file), folder)
