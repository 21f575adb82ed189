"""Ask a register by number, and believe nothing of its answer that does not verify (extra `client`).

    with Client("https://register.example", Trust.load("trust.json")) as register:
        verdict = register.verify("ABCD-7K3M9QXR-23")

`AsyncClient` is the same with `async with` and `await`. What goes wrong on the way is an answer as well: CANNOT_CONCLUDE
with a reason of `asking.py`, so that one register, number or bad minute never stops a list of thousands.
"""

from goodstanding.client.awaiting import AsyncClient
from goodstanding.client.blocking import Client

__all__ = ["AsyncClient", "Client"]
