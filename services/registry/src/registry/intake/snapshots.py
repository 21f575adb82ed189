"""A snapshot: one uploaded list on its way into the registry, and who may take it further. Pure.

Rules
1. A list is staged by a proposer (or registrar) of the authority that asserts it, and released by an approver there.
2. The two are different persons; an API key never releases.
3. A copy of somebody else's list is asserted by this registry itself and names where it was published.
4. A snapshot goes STAGED → RELEASING → RELEASED, and a release that was cut short goes on where it stopped.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from registry.access.model import Actor, Role
from registry.errors import Conflict, Forbidden, Invalid
from registry.intake.known_schemes import TRANSCRIBER
from registry.intake.layouts import LAYOUTS, Layout

STAGED = "STAGED"
RELEASING = "RELEASING"
RELEASED = "RELEASED"

FEED = "feed"
TRANSCRIBED = "transcribed"

ACT = "list"  # the act that releasing a list amounts to, row 0 of the transition table
UPLOADERS = (Role.PROPOSER, Role.REGISTRAR)

MISSING_SHARE = 0.02  # a list that lacks more than this share of what was listed is marked
MAX_SOURCE = 400

_ID = re.compile(r"snp_[0-9a-f]{32}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Tally:
    """What one batch of a release came to."""

    released: int = 0  # new accreditations
    unchanged: int = 0  # accreditations listed since the list was staged, with the same word
    held_listings: int = 0  # accreditations that met something else since
    held_rows: int = 0  # their rows


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One uploaded list; accepted + held + rejected = rows."""

    id: str
    authority_id: str
    layout: str
    basis: str  # feed | transcribed
    source: str | None
    file_name: str
    file_hash: str
    rows: int
    accepted: int
    held: int
    rejected: int
    listings: int  # new accreditations
    unchanged: int  # accreditations listed before with the same word
    absent: int  # accreditations listed before that the file does not name
    listed_before: int  # accreditations listed when the file was staged
    released_listings: int
    state: str
    uploaded_by: str
    uploaded_at: datetime
    released_by: str | None
    released_at: datetime | None

    @property
    def misses_many(self) -> bool:
        """True when more than 2 % of what was listed under these schemes is not in this file."""
        return self.absent > MISSING_SHARE * self.listed_before

    def after(self, tally: Tally) -> dict[str, Any]:
        """The columns that change once a batch was released."""
        settled = tally.unchanged + tally.held_listings
        return {
            "released_listings": self.released_listings + tally.released,
            "listings": self.listings - settled,
            "unchanged": self.unchanged + tally.unchanged,
            "accepted": self.accepted - tally.held_rows,
            "held": self.held + tally.held_rows,
        }


@dataclass(frozen=True, slots=True)
class Assertion:
    """Who asserts a list, and on what basis."""

    authority_id: str
    basis: str
    source: str | None


def is_id(text: str) -> bool:
    """True for what has the form of a snapshot's id."""
    return _ID.fullmatch(text) is not None


def layout_named(name: str) -> Layout:
    """The layout of that name; Invalid lists what there is."""
    if (layout := LAYOUTS.get(name)) is None:
        raise Invalid(f"There is no layout {name[:40]!r}; choose one of {', '.join(LAYOUTS)}.", field="layout")
    return layout


def asserted_by(actor: Actor, transcribed_from: str | None, authority_id: str | None) -> Assertion:
    """Decide for whom the actor uploads (rules 1 and 3); Forbidden or Invalid say what is missing."""
    actor.need_identity()
    mine = sorted({authority for authority, role in actor.roles if role in UPLOADERS})
    if transcribed_from is not None:
        _check_source(transcribed_from)
        if authority_id not in (None, TRANSCRIBER):
            raise Invalid(
                f"A transcribed list is asserted by {TRANSCRIBER}, not by {authority_id}; leave the authority out.",
                field="authority",
            )
        if TRANSCRIBER not in mine:
            raise Forbidden(f"To transcribe a list you need the role {Role.PROPOSER} at {TRANSCRIBER}.")
        return Assertion(TRANSCRIBER, TRANSCRIBED, transcribed_from)
    mine = [authority for authority in mine if authority != TRANSCRIBER]
    return Assertion(_own(mine, authority_id), FEED, None)


def _own(mine: list[str], wanted: str | None) -> str:
    if wanted is not None and wanted not in mine:
        raise Forbidden(f"To upload a list for {wanted} you need the role {Role.PROPOSER} there.")
    if wanted is not None:
        return wanted
    if not mine:
        raise Forbidden(
            f"To upload a list you need the role {Role.PROPOSER} at the authority whose list it is; for a copy of a "
            "published list, say where it was transcribed from."
        )
    if len(mine) > 1:
        raise Invalid(f"You may upload for {', '.join(mine)}; say for which authority this is.", field="authority")
    return mine[0]


def _check_source(url: str) -> None:
    parts = urlsplit(url) if url.isprintable() else None
    if parts is None or parts.scheme not in ("http", "https") or not parts.netloc or len(url.encode()) > MAX_SOURCE:
        raise Invalid(
            f"The source must be the http or https address the list was published at, at most {MAX_SOURCE} bytes.",
            field="transcribed_from",
        )


def check_release(snapshot: Snapshot, actor: Actor) -> None:
    """Refuse a release that rules 1, 2 and 4 do not allow: Forbidden, Conflict."""
    actor.need_person(f"release {snapshot.id}")
    if (snapshot.authority_id, str(Role.APPROVER)) not in actor.roles:
        raise Forbidden(f"To release {snapshot.id} you need the role {Role.APPROVER} at {snapshot.authority_id}.")
    if actor.sub == snapshot.uploaded_by:
        raise Forbidden(f"You uploaded {snapshot.id}; another person must release it.", code="SAME_PERSON")
    if snapshot.state == RELEASED:
        raise Conflict(f"{snapshot.id} is already released; there is nothing left to do.")
