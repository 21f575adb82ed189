"""Accreditation numbers of one prefix as 64-bit numbers, in the same order."""

from goodstanding.number import ALPHABET

_DIGITS = "0123456789abcdefghijklmnopqrstuv"
_TO_BASE_32 = str.maketrans(ALPHABET, _DIGITS)
_CHECKS = 128  # room for the two check digits


def pack(number: str) -> int:
    """The eight characters and two digits of `PREFIX-XXXXXXXX-CC`, whatever the prefix; no check is done."""
    return int(number[-11:-3].translate(_TO_BASE_32), 32) * _CHECKS + int(number[-2:])


def unpack(prefix: str, packed: int) -> str:
    """The number that `pack` was given."""
    value, check = divmod(packed, _CHECKS)
    characters = "".join(ALPHABET[value >> shift & 31] for shift in range(35, -1, -5))
    return f"{prefix}-{characters}-{check:02d}"
