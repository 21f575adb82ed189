"""What others have seen of this log: sizes that whoever stands outside has had signed, and remembers when we do not.

A database and a folder that were restored from one backup agree with each other, and neither shows that more was
published since. Who has cosigned this log, or keeps a copy of it, knows.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sighting:
    """A size of this log that somebody outside has seen signed; `who` is the name an operator knows them by."""

    who: str
    size: int


Sightings = Callable[[], Awaitable[Sequence[Sighting]]]
"""Asks everyone configured, in bounded time. Raises OSError when nothing can be signed before they answer."""


async def nobody_else() -> Sequence[Sighting]:
    """Return nothing: nobody outside is configured."""
    return ()
