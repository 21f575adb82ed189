"""What the commands share: an exit status of their own, and text that cannot steer a terminal."""

from __future__ import annotations

import re
import sys
from typing import NoReturn

UNUSABLE = 3

# What could move a terminal's cursor or reverse its text: a stranger's file must not redraw the answer above it.
_UNPRINTABLE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class Answer(SystemExit):
    """An exit status that is this command's own; the parser's 2 for bad usage is not, as 2 means CANNOT_CONCLUDE."""


def plain(text: str) -> str:
    """The text with everything that steers a terminal written out as an escape."""
    return _UNPRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def write(text: str) -> None:
    """Print a text and a newline."""
    sys.stdout.write(plain(text) + "\n")
    sys.stdout.flush()


def complain(sentence: str) -> None:
    """Say on standard error what is wrong."""
    sys.stderr.write(f"goodstanding: {plain(sentence)}\n")


def sentence(error: Exception) -> str:
    """What an error says to a person."""
    return f"{error.filename}: {error.strerror}" if isinstance(error, OSError) else str(error)


def stop(text: str) -> NoReturn:
    """End with the status of what cannot be used."""
    complain(text)
    raise Answer(UNUSABLE)
