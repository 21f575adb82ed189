"""Ids of what the registry keeps. Those made here carry their time, so that lists by id are lists by age."""

import re
from datetime import datetime
from enum import Enum

from goodstanding.events import new_event_id


class Node(Enum):
    """What an id belongs to, told by its shape."""

    ORGANISATION = re.compile(r"org_[0-9a-f]{32}", re.ASCII)
    AUTHORITY = re.compile(r"aut_[a-z0-9][a-z0-9_-]{0,80}", re.ASCII)
    SCHEME = re.compile(r"sch_[a-z0-9][a-z0-9_-]{0,80}", re.ASCII)
    PROPOSAL = re.compile(r"prp_[0-9a-f]{32}", re.ASCII)
    ACCREDITATION = re.compile(r"[A-Z]{2,6}-[0-9A-HJKMNP-TV-Z]{8}-\d\d", re.ASCII)
    DECISION = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.ASCII)

    def fits(self, text: str) -> bool:
        """True when the text has the shape of such an id."""
        return self.value.fullmatch(text) is not None


def node_of(text: str) -> Node | None:
    """What kind of thing an id names, or None for a shape no id has."""
    return next((node for node in Node if node.fits(text)), None)


def fresh_id(kind: str, now: datetime) -> str:
    """A new id such as ``org_0198…``: the kind, then the digits of a UUID of version 7."""
    return f"{kind}_{new_event_id(now).replace('-', '')}"
