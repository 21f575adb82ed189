"""What a log and a witness say to each other (C2SP tlog-witness). Pure.

POST <prefix>/add-checkpoint                200    — witness.example/w CMp+6LWB…
old 20852014                                409    20852014 (the size it has cosigned)
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
(the consistency proof, a hash a line)

(the checkpoint)
"""

import base64
import re
from collections.abc import Sequence
from typing import Final

from goodstanding.errors import LogError
from goodstanding.note import Note, Signature, VerifierKey, verify_note

MAX_ANSWER: Final = 16 * 1024
"""Bytes of the longest answer that is read."""

_SIZE = re.compile(rb"(0|[1-9][0-9]{0,18})\n")


def request(old: int, proof: Sequence[bytes], note: bytes) -> bytes:
    """The body that asks for a cosignature of a checkpoint which extends size `old`."""
    hashes = "".join(f"{base64.b64encode(item).decode()}\n" for item in proof)
    return f"old {old}\n{hashes}\n".encode() + note


def cosigned_size(answer: bytes) -> int:
    """The size a witness says it has cosigned; LogError when it does not say one."""
    match = _SIZE.fullmatch(answer)
    if match is None:
        raise LogError("it did not say which size it has cosigned")
    return int(match[1])


def cosignature(answer: bytes, text: bytes, key: VerifierKey) -> Signature:
    """The line of this key over a checkpoint's text; lines of others are ignored.

    LogError when the key's line is missing or does not verify.
    """
    try:
        lines = answer.decode().split("\n")
    except UnicodeDecodeError:
        raise LogError("its answer is not UTF-8") from None
    if lines.pop():
        raise LogError("its answer does not end in a newline")
    own = tuple(line for line in map(Signature.parse, lines) if (line.name, line.key_id) == (key.name, key.key_id))
    if not own:
        raise LogError(f"its answer has no signature of {key.name}")
    verify_note(Note(text, own), [key])
    return own[-1]
