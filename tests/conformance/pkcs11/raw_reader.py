"""Looks at a token with the PKCS#11 library alone: `raw_reader.py MODULE LABEL PIN` prints its private keys as JSON."""

import json
import sys

import pkcs11
from pkcs11 import Attribute, ObjectClass

SHOWN = ("LABEL", "SENSITIVE", "EXTRACTABLE", "ALWAYS_SENSITIVE", "NEVER_EXTRACTABLE", "LOCAL", "SIGN", "DERIVE",
         "DECRYPT", "UNWRAP", "PRIVATE", "TOKEN")  # fmt: skip


def tried(read):
    """What is read, or the kind of refusal."""
    try:
        read()
    except pkcs11.PKCS11Error as error:
        return type(error).__name__
    return "read"


def wrapped(session, key):
    """Take a key out under another one."""
    wrapping = session.generate_key(pkcs11.KeyType.AES, 256, store=False)
    wrapping.wrap_key(key, mechanism=pkcs11.Mechanism.AES_KEY_WRAP)


if __name__ == "__main__":
    print("ready", flush=True)
    sys.stdin.read()
    module, label, pin = sys.argv[1:]
    with pkcs11.lib(module).get_token(token_label=label).open(rw=True, user_pin=pin) as session:
        print(json.dumps([
            {name: key[Attribute[name]] for name in SHOWN}
            | {"value": tried(lambda key=key: key[Attribute.VALUE]),
               "loosened": tried(lambda key=key: key.copy({Attribute.EXTRACTABLE: True, Attribute.SENSITIVE: False})),
               "wrapped": tried(lambda key=key: wrapped(session, key))}
            for key in list(session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY}))
        ]))  # fmt: skip
