"""Keys in a PKCS#11 token: made there, used there, never seen outside. Needs the extra `pkcs11` of this package."""
