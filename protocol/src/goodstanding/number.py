"""Accreditation numbers: ``PREFIX-XXXXXXXX-CC``, for example ``TEST-7K3M9QXR-23``.

A prefix of 2–6 letters per registry, eight Crockford base-32 characters, and two ISO 7064 MOD 97-10 check
digits over prefix and characters (A=10 … Z=35, no rotation). They find every single wrong character and every swap of
neighbours among letters or among digits, and 96 of 97 other mistakes. What a person types is forgiven where it
cannot be misread: lower case, and O, I, L for 0, 1, 1 in the eight characters.
"""

import re
import secrets

from goodstanding.errors import NumberError

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford base 32: no I, L, O, U
SAMPLE_PREFIX = "TEST"

_PREFIX = re.compile(r"[A-Z]{2,6}", re.ASCII)
_NUMBER = re.compile(rf"([A-Z]{{2,6}})-([{ALPHABET}]{{8}})-(\d\d)", re.ASCII)
_MISREAD = str.maketrans("OIL", "011")
_MAX_TYPED = 32


def check_digits(prefix: str, characters: str) -> str:
    """The two MOD 97-10 digits (ISO/IEC 7064) that make the whole number congruent to 1 modulo 97."""
    digits = "".join(str(int(letter, 36)) for letter in prefix + characters)
    return f"{98 - int(digits) * 100 % 97:02d}"


def make_number(prefix: str, characters: str) -> str:
    """Compose a number from its prefix and eight characters; NumberError when either is malformed."""
    if not _PREFIX.fullmatch(prefix):
        raise NumberError("BAD_NUMBER", f"{prefix!r} is not a prefix of 2 to 6 capital letters")
    number = f"{prefix}-{characters}-{check_digits(prefix, characters)}"
    if not _NUMBER.fullmatch(number):
        raise NumberError("BAD_NUMBER", f"{characters!r} is not eight characters of {ALPHABET}")
    return number


def new_number(prefix: str) -> str:
    """A fresh random number under the prefix (40 bits; the caller's unique key settles collisions)."""
    return make_number(prefix, "".join(secrets.choice(ALPHABET) for _ in range(8)))


def check_number(text: str) -> str:
    """Return the number as it is written officially.

    Raises NumberError with reason ``BAD_NUMBER``, saying whether the form or the check digits are wrong.
    """
    typed = text.strip().upper() if len(text) <= _MAX_TYPED else ""
    prefix, _, rest = typed.partition("-")
    number = f"{prefix}-{rest[:8].translate(_MISREAD)}{rest[8:]}"
    match = _NUMBER.fullmatch(number)
    if match is None:
        raise NumberError("BAD_NUMBER", "this is not an accreditation number; its form is ABCD-XXXXXXXX-00")
    if check_digits(match[1], match[2]) != match[3]:
        raise NumberError("BAD_NUMBER", f"the check digits of {number} do not fit; a character was probably mistyped")
    return number


def prefix_of(number: str) -> str:
    """The prefix of a checked number."""
    return number.partition("-")[0]
