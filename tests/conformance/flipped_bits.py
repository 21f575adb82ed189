"""One bit turned over, at places that matter."""

import base64
import re


def flip(data, position, bit=0):
    """The bytes with one bit of one byte turned over."""
    changed = bytearray(data)
    changed[position] ^= 1 << bit
    return bytes(changed)


def flip_in_token(token, part, position, bit=0):
    """A compact token with one bit of a decoded part (0 header, 1 payload, 2 signature) turned over."""
    jws, tilde, rest = token.partition("~")
    parts = jws.split(".")
    parts[part] = _b64u(flip(_unb64u(parts[part]), position, bit))
    return ".".join(parts) + tilde + rest


def flip_in_claim(token, name):
    """A token in which one character of a text claim is another: still JSON, so only the signature can tell."""
    payload = _unb64u(token.split(".")[1])
    text = re.search(rb'"%s":"([^"\\]+)"' % name.encode(), payload)
    return flip_in_token(token, 1, text.end(1) - 1)


def bytes_in(token):
    """(part, position) of every byte of a token's three parts."""
    parts = token.partition("~")[0].split(".")
    return [(part, position) for part in range(3) for position in range(len(_unb64u(parts[part])))]


def flip_in_proof(proof, what):
    """A `.tlog-proof` with one bit of a `hash`, of the checkpoint's `root`, or of the log's `signature` turned over."""
    lines = proof.split("\n")
    empty = [number for number, line in enumerate(lines) if not line]
    signed = f"— {lines[empty[0] + 1]} "  # the log's own line: it signs under its origin
    number = {
        "hash": empty[0] - 1,
        "root": empty[0] + 3,
        "signature": next(number for number, line in enumerate(lines) if line.startswith(signed)),
    }[what]
    *before, encoded = lines[number].split(" ")
    changed = flip(base64.b64decode(encoded), -1)
    lines[number] = " ".join([*before, base64.b64encode(changed).decode()])
    return "\n".join(lines)


def flip_in_file(path, position, bit=0):
    """Turn over one bit of a file."""
    path.write_bytes(flip(path.read_bytes(), position, bit))


def _b64u(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _unb64u(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
