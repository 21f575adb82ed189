"""The log of reads in the public schema: for those who answer for an authority, and for its regulators."""

from datetime import datetime

import strawberry

from registry.access.log import page
from registry.access.reading import RESTRICTED, Kind, Note
from registry.context import Info
from registry.documented import documented
from registry.pages import cursor, page_request
from registry.relay import UNSET, PageInfo, page_info, said


@strawberry.type(description="That somebody has read something restricted.")
class AccessNote:
    """A note."""

    member: strawberry.ID = strawberry.field(description="Who read.")
    kind: str = strawberry.field(
        description="What kind of thing: " + ", ".join(one.kind for one in RESTRICTED if one.noted) + "."
    )
    organisation: strawberry.ID | None = strawberry.field(description="People: the organisation they are behind.")
    subjects: list[strawberry.ID] = strawberry.field(description="Ids of what was shown; none: nothing was found.")
    at: datetime = strawberry.field(description="When it was read.")


@strawberry.type(description="A note in a list.")
class AccessNoteEdge:
    """One item."""

    cursor: str = strawberry.field(description="Continue after this item.")
    node: AccessNote = strawberry.field(description="The note.")


@strawberry.type(description="A page of notes of reads.")
class AccessNoteConnection:
    """Notes."""

    edges: list[AccessNoteEdge] = strawberry.field(description="The notes of this page.")
    page_info: PageInfo = strawberry.field(description="Where the page stands.")


@strawberry.type
class AccessQueries:
    """Queries on who has read what."""

    @documented
    async def access_log(
        self, info: Info, authority_id: strawberry.ID, first: int | None = 20, after: str | None = UNSET
    ) -> AccessNoteConnection | None:
        """Who has read what is restricted at an authority, oldest first. This read is noted as well.

        Takes the role authority-admin or regulator there.
        """
        context, request = info.context, page_request(first, said(after), fits=_is_number)
        async with context.reader.use() as tx:
            found = await page(tx, context.actor, str(authority_id), request)
        context.spend(len(found.items))
        context.notes.add(Kind.ACCESS_LOG, str(authority_id))
        edges = [AccessNoteEdge(cursor=cursor(str(number)), node=_shown(note)) for number, note in found.items]
        return AccessNoteConnection(edges=edges, page_info=page_info(found, request, [edge.cursor for edge in edges]))


def _shown(note: Note) -> AccessNote:
    return AccessNote(
        member=strawberry.ID(note.actor),
        kind=note.kind,
        organisation=None if note.organisation_id is None else strawberry.ID(note.organisation_id),
        subjects=[strawberry.ID(subject) for subject in note.subjects],
        at=note.at,
    )


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 18
