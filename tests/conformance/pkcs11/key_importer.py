"""Puts a key into a token that was made outside: `key_importer.py MODULE LABEL PIN KEY_LABEL` prints null."""

import sys

import pkcs11
from pkcs11 import Attribute, KeyType, ObjectClass

P256 = bytes.fromhex("06082a8648ce3d030107")

if __name__ == "__main__":
    print("ready", flush=True)
    sys.stdin.read()
    module, label, pin, key_label = sys.argv[1:]
    with pkcs11.lib(module).get_token(token_label=label).open(rw=True, user_pin=pin) as session:
        session.create_object({
            Attribute.CLASS: ObjectClass.PRIVATE_KEY, Attribute.KEY_TYPE: KeyType.EC, Attribute.EC_PARAMS: P256,
            Attribute.VALUE: (7).to_bytes(32), Attribute.LABEL: key_label, Attribute.ID: b"imported",
            Attribute.TOKEN: True, Attribute.PRIVATE: True, Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False,
            Attribute.SIGN: True,
        })  # fmt: skip
    print("null")
