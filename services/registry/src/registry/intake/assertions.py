"""For whom a list is uploaded, and on what basis. Pure; the rules are those of `snapshots.py`."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from registry.access.model import Actor, Role
from registry.errors import Forbidden, Invalid
from registry.intake.known_schemes import TRANSCRIBER
from registry.intake.layouts import LAYOUTS, Layout
from registry.intake.snapshots import FEED, TRANSCRIBED, UPLOADERS

MAX_SOURCE = 400


@dataclass(frozen=True, slots=True)
class Assertion:
    """Who asserts a list, and on what basis."""

    authority_id: str
    basis: str
    source: str | None


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
