"""Members, how providers know them, and roles: adding them, and asking, where the data is, whether a caller may act.

A token says what its bearer could do when it was issued. An act asks again inside its own transaction, and so does a
query (`context.py`), so that a role withdrawn a minute ago is gone.
"""

from collections.abc import Collection
from datetime import datetime

from goodstanding.addresses import is_address
from registry.access import repository
from registry.access.model import Actor, Role
from registry.access.reading import Kind, readers
from registry.database import ReadTx, WriteTx
from registry.errors import Conflict, Forbidden, Invalid, NotFound

MAX_ID = 200
MAX_ISSUER = 400


async def add_member(tx: WriteTx, member_id: str, name: str, *, now: datetime, client: bool = False) -> None:
    """Add a person, or with `client` an API key; `member_id` is the `sub` of its tokens. Conflict when it exists."""
    for field, value in (("id", member_id), ("name", name)):
        _need_text(field, value)
    if await repository.member_is_client(tx, member_id) is not None:
        raise Conflict(f"There is a member {member_id} already; grant it roles instead.", code="MEMBER_EXISTS")
    await repository.insert_member(tx, member_id, name, client=client, now=now)


async def link_member(tx: WriteTx, member_id: str, issuer: str, subject: str, *, now: datetime) -> None:
    """Have a member known by a provider's (issuer, subject), beside others; doing so twice changes nothing.

    Raises Invalid, NotFound, Conflict when that name is another member's: it would make one person two.
    """
    if not is_address(issuer) or len(issuer) > MAX_ISSUER:
        raise Invalid(f"{issuer[:60]!r} is not the https address of an issuer.", field="issuer")
    _need_text("subject", subject)
    if await repository.member_is_client(tx, member_id) is None:
        raise NotFound(f"There is no member {member_id}; add it first.")
    await repository.link(tx, issuer, subject, member_id, now)
    linked = await repository.linked_member(tx, issuer, subject)
    if linked is None or linked.sub != member_id:
        raise Conflict(f"{subject} of {issuer} is linked to another member already.", code="LINKED_ALREADY")


async def unlink_member(tx: WriteTx, member_id: str, issuer: str, subject: str) -> None:
    """Take such a name away: its tokens are nobody's from then on. NotFound."""
    if not await repository.unlink(tx, issuer, subject, member_id):
        raise NotFound(f"{member_id} is not linked to {subject} of {issuer}.")


async def grant_role(tx: WriteTx, authority_id: str, member_id: str, role: Role | str) -> None:
    """Give a member a role at an authority; doing so twice changes nothing. NotFound, Invalid."""
    if role not in set(Role):
        raise Invalid(f"There is no role {role!r}; known: {', '.join(Role)}.", field="role")
    if await repository.member_is_client(tx, member_id) is None:
        raise NotFound(f"There is no member {member_id}; add it first.")
    await repository.insert_role(tx, authority_id, member_id, str(role))


async def roles_of(tx: ReadTx | WriteTx, sub: str) -> frozenset[tuple[str, str]]:
    """The (authority, role) pairs a member holds now."""
    return await repository.roles_of(tx, sub)


async def authorities_where(tx: ReadTx | WriteTx, actor: Actor, roles: Collection[str]) -> frozenset[str]:
    """The authorities at which the token and the register both say that the actor has one of these roles."""
    held = actor.roles & await repository.roles_of(tx, actor.sub) if actor.roles else frozenset()
    return frozenset(authority for authority, role in held if role in roles)


async def need_reader(tx: ReadTx | WriteTx, actor: Actor, authority_id: str, kind: Kind) -> None:
    """Forbidden for who may not see this kind of data of the authority."""
    actor.need_identity()
    if authority_id not in await authorities_where(tx, actor, readers(kind)):
        raise Forbidden(
            f"This is for those who work at {authority_id[:60]}, and for its regulators.", code="ROLE_NEEDED"
        )


async def actor_of(tx: ReadTx | WriteTx, member_id: str) -> Actor:
    """The member with its roles as they stand, ready for a token. NotFound."""
    client = await repository.member_is_client(tx, member_id)
    if client is None:
        raise NotFound(f"There is no member {member_id}; add it first.")
    return Actor(member_id, client, await repository.roles_of(tx, member_id))


async def need_role(tx: ReadTx | WriteTx, actor: Actor, authority_id: str, *roles: Role) -> None:
    """Forbidden unless the token and the register both say that the actor has one of these roles at the authority."""
    actor.need_identity()
    wanted = {(authority_id, str(role)) for role in roles}
    if not wanted & actor.roles & await repository.roles_of(tx, actor.sub):
        names = " or ".join(roles)
        raise Forbidden(f"This takes the role {names} at {authority_id}, which you do not have.", code="ROLE_NEEDED")


async def need_person_with(tx: ReadTx | WriteTx, actor: Actor, authority_id: str, *roles: Role, what: str) -> None:
    """As `need_role`, and the actor is a person by token and by register: `what` is nothing for an API key."""
    actor.need_person(what)
    await need_role(tx, actor, authority_id, *roles)
    if await repository.member_is_client(tx, actor.sub) is not False:
        raise Forbidden(f"An API key may not {what}: this takes a person.", code="PERSON_NEEDED")


def _need_text(field: str, value: str) -> None:
    if not 0 < len(value) <= MAX_ID or not value.isprintable():
        raise Invalid(f"The {field} of a member is 1 to {MAX_ID} printable characters.", field=field)
