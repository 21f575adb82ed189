"""Which 32 bytes may serve as an Ed25519 public key, and which 64 as a signature (RFC 8032 sections 5.1.3, 5.1.7).

A signature verifies under a point of small order whatever was signed, and a point with two encodings
gives one key two names. Libraries accept both, so they are refused before a key is trusted:

1. exactly 32 bytes;
2. y below 2**255 - 19, and the sign bit clear where x is zero: one encoding per point;
3. the point lies on the curve -x**2 + y**2 = 1 + d * x**2 * y**2;
4. its order is none of 1, 2, 4, 8.

On two kinds of signature libraries disagree, so both are refused before any is asked:

5. S is below the group order: a greater one is a second spelling of the same signature;
6. R is not of small order, in no spelling: only who holds the key can make such a one, and libsodium refuses it where
   OpenSSL does not. What is left both judge alike, by the equation without cofactor.

What is found of a key is kept for as many keys as a verifier meets again and again: it follows from the bytes alone, and costs more
than verifying a signature.
"""

from functools import lru_cache

PUBLIC_KEY_SIZE = 32
"""Bytes of an encoded point."""

SIGNATURE_SIZE = 64
"""Bytes of a signature."""

_P = 2**255 - 19
_D = -121665 * pow(121666, -1, _P) % _P
_SIGN_BIT = 1 << 255
_KEPT = 1024
_ORDER = 2**252 + 27742317777372353535851937790883648493


@lru_cache(maxsize=_KEPT)
def public_key_problem(raw: bytes) -> str | None:
    """Say why these bytes must not be trusted as an Ed25519 public key; None when they may be."""
    if len(raw) != PUBLIC_KEY_SIZE:
        return f"an Ed25519 public key has {PUBLIC_KEY_SIZE} bytes, not {len(raw)}"
    encoded = int.from_bytes(raw, "little")
    y = encoded & (_SIGN_BIT - 1)
    x_is_zero = y in (1, _P - 1)
    if y >= _P or (x_is_zero and encoded & _SIGN_BIT):
        return "the Ed25519 public key is not in canonical form"
    if not _on_curve(y):
        return "the Ed25519 public key is not a point on the curve"
    if _has_small_order(y):
        return "the Ed25519 public key is a point of small order"
    return None


def signature_problem(signature: bytes) -> str | None:
    """Say why these bytes are no signature whatever was signed (rules 5 and 6); None when they may be one."""
    if len(signature) != SIGNATURE_SIZE:
        return f"an Ed25519 signature has {SIGNATURE_SIZE} bytes, not {len(signature)}"
    if int.from_bytes(signature[32:], "little") >= _ORDER:
        return "S of the Ed25519 signature is not below the group order: a second spelling of the same signature"
    if _has_small_order((int.from_bytes(signature[:32], "little") & (_SIGN_BIT - 1)) % _P):
        return "R of the Ed25519 signature is a point of small order"
    return None


def _on_curve(y: int) -> bool:
    """Whether some x fits: x**2 = (y**2 - 1) / (d * y**2 + 1) is zero or a square (Euler's criterion)."""
    square = y * y % _P
    # A quotient is a square when the product is. The divisor is never zero, as -1/d is not a square.
    product = (square - 1) * (_D * square + 1) % _P
    return pow(product, (_P - 1) // 2, _P) in (0, 1)


def _has_small_order(y: int) -> bool:
    """Whether eight times the point is neutral.

    y is 1 or -1 for orders 1 and 2, and 0 for order 4. Doubling a point of order 8 gives y = 0, that is
    x**2 = -y**2, and the curve equation becomes d * y**4 + 2 * y**2 = 1.
    """
    square = y * y % _P
    return y in (0, 1, _P - 1) or (_D * square * square + 2 * square - 1) % _P == 0
