"""Pages of lists, the Relay way: `first` items after an opaque cursor.

Lists are in the order of their ids, which for most of them is the order of age. A cursor is the base64url of the id
of the last item seen; one that this register did not make is refused.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from goodstanding.canonical import b64u, unb64u
from goodstanding.errors import EventError
from registry.errors import Invalid

MAX_FIRST = 100
MAX_CURSOR = 300

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class PageRequest:
    """What was asked for: so many items after the item with this id."""

    first: int
    after: str | None = None

    @property
    def limit(self) -> int:
        """How many items to read: one more than asked for tells whether there are more."""
        return self.first + 1


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """Some items in order, and whether more follow."""

    items: tuple[Item, ...]
    more: bool


def page_request(
    first: int | None, after: str | None, *, default: int = 20, fits: Callable[[str], bool]
) -> PageRequest:
    """Check the arguments of a list; Invalid for a page that is too large and for a cursor that is not ours.

    `fits` says whether an id can be one of this list.
    """
    wanted = default if first is None else first
    if not 0 <= wanted <= MAX_FIRST:
        raise Invalid(f"first is {wanted}; ask for 0 to {MAX_FIRST} items at a time.", field="first")
    if after is None:
        return PageRequest(wanted)
    last = read_cursor(after)
    if last is None or not fits(last):
        raise Invalid("after is not a cursor of this list; leave it out to begin at the start.", field="after")
    return PageRequest(wanted, last)


def cut(items: Sequence[Item], request: PageRequest) -> Page[Item]:
    """The page out of up to `request.limit` items read."""
    return Page(tuple(items[: request.first]), len(items) > request.first)


def cursor(item_id: str) -> str:
    """The cursor that continues after an item."""
    return b64u(item_id.encode())


def read_cursor(text: str) -> str | None:
    """The id inside a cursor, or None when it is none."""
    if len(text) > MAX_CURSOR:
        return None
    try:
        return unb64u(text).decode()
    except (EventError, UnicodeDecodeError):
        return None
