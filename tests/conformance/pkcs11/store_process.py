"""A process of a registry whose keys are in a token: `store_process.py DATABASE_URL MODULE LABEL PIN_FILE`.

Prints the id of the status key it signs with, and of the key it found or made in the token, as JSON.
"""

import asyncio
import json
import sys
from pathlib import Path

from goodstanding.clock import system_clock
from goodstanding.errors import KeyAway
from goodstanding.pkcs11.token import Token
from registry.database import Database
from registry.issuance.key_files import KeyFolder
from registry.issuance.key_rows import REGISTRY, STATUS
from registry.issuance.key_tokens import Pkcs11Vault
from registry.issuance.keys import KeyStore


async def until_back(ask):
    """Ask as workers do: again, a bounded number of times, while the token is away."""
    for _ in range(30):
        try:
            return await ask()
        except KeyAway:  # SoftHSM shows no token to one process while another one logs in to it
            await asyncio.sleep(0.1)
    return await ask()


async def main(url, module, label, pin_file):
    database, token = Database(url), Token(Path(module), label, Path(pin_file))
    try:
        vault = Pkcs11Vault(token, KeyFolder(Path(pin_file).parent / "none"))
        made = await until_back(lambda: asyncio.to_thread(vault.make, REGISTRY, STATUS, 1))
        signer = await until_back(KeyStore(vault, database, system_clock).status_signer)
        print(json.dumps({"signs": signer.kid, "made": made.kid, "signature": len(signer.sign(b"hello"))}))
    finally:
        await database.close()


if __name__ == "__main__":
    print("ready", flush=True)
    sys.stdin.read()
    asyncio.run(main(*sys.argv[1:]))
