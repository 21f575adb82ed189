"""What every list of the public schema shares (Relay connections), and the `Node` interface."""

from collections.abc import Sequence
from typing import Any

import strawberry

from registry.pages import Page, PageRequest

UNSET: Any = strawberry.UNSET


@strawberry.interface(description="Anything with an id that `node` can find again.")
class Node:
    """Relay's node."""

    id: strawberry.ID = strawberry.field(description="Permanent id.")


@strawberry.federation.type(shareable=True, description="Where a page stands within its list.")
class PageInfo:
    """Relay's page info."""

    has_next_page: bool = strawberry.field(description="More items follow.")
    has_previous_page: bool = strawberry.field(description="The page does not begin at the start of the list.")
    start_cursor: str | None = strawberry.field(description="Cursor of the first item of the page.")
    end_cursor: str | None = strawberry.field(description="Cursor of the last item: ask for what comes after it.")


def page_info(page: Page[Any], request: PageRequest, cursors: Sequence[str]) -> PageInfo:
    """The page info of a page whose items have these cursors."""
    return PageInfo(
        has_next_page=page.more,
        has_previous_page=request.after is not None,
        start_cursor=cursors[0] if cursors else None,
        end_cursor=cursors[-1] if cursors else None,
    )


def said(value: Any) -> Any:
    """The value a client gave, or None where it gave none."""
    return None if value is strawberry.UNSET else value
