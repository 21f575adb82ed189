"""What each act of administration does: `prepare` says what would be stored, or refuses; `store` stores it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from goodstanding.canonical import parse_time
from registry.access import repository as access
from registry.access.model import Role
from registry.accreditations import repository as accreditations
from registry.administration.model import ADMINS_NEEDED, At, act_of
from registry.database import WriteTx
from registry.errors import Conflict, NotFound
from registry.ids import Node, fresh_id
from registry.schemes import repository, service
from registry.schemes.model import Mandate, Scheme

Content = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Doing:
    """The two halves of an act, in the caller's transaction."""

    prepare: Callable[[WriteTx, Content, datetime], Awaitable[Any]]
    store: Callable[[WriteTx, Any, datetime], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Succession:
    """An authority takes over under its mandate."""

    mandate: Mandate
    predecessor: str


async def place_of(tx: WriteTx, content: Content) -> str:
    """The authority an act belongs to. NotFound when it names no scheme or mandate there is."""
    if act_of(content["act"]).at is At.AUTHORITY:
        return str(content["authority"])
    scheme_id = content.get("scheme")
    if scheme_id is None:
        scheme_id = (await service.mandate_named(tx, content["mandate"])).scheme_id
    found = (await repository.schemes(tx, [scheme_id])).get(scheme_id) if Node.SCHEME.fits(scheme_id) else None
    if found is None:
        raise NotFound(f"There is no scheme {scheme_id[:60]!r}.")
    return found.owner_id


async def prepare(tx: WriteTx, content: Content, now: datetime) -> Any:
    """What the act would store as things stand, held until the transaction ends. Raises domain errors."""
    return await _DOING[content["act"]].prepare(tx, content, now)


async def carry_out(tx: WriteTx, content: Content, now: datetime) -> None:
    """Do the act, if it is legal as things stand. Raises domain errors."""
    doing = _DOING[content["act"]]
    await doing.store(tx, await doing.prepare(tx, content, now), now)


async def _to_give(tx: WriteTx, content: Content, now: datetime) -> Mandate:
    until = content.get("until")
    terms = Mandate(
        fresh_id("man", now), content["authority"], content["scheme"], frozenset(content["acts"]),
        parse_time(content["from"]), None if until is None else parse_time(until),
    )  # fmt: skip
    return await service.mandate_to_give(tx, terms)


async def _to_end(tx: WriteTx, content: Content, now: datetime) -> Mandate:
    since = content.get("suspect_from")
    suspect_from = None if since is None else parse_time(since)
    return await service.mandate_to_end(tx, content["mandate"], end=content["end"], suspect_from=suspect_from, now=now)


async def _to_succeed(tx: WriteTx, content: Content, now: datetime) -> Succession:
    made = await service.mandate_to_succeed(tx, content["mandate"], content["predecessor"], now)
    twice = await accreditations.open_at_both(tx, made.scheme_id, content["predecessor"], made.authority_id)
    if twice is not None:
        raise Conflict(
            f"The organisation of {twice} has an open accreditation at {made.authority_id} as well; end or merge one "
            "of the two first.",
            blocked_by=twice,
            code="ALREADY_OPEN",
        )
    return Succession(made, content["predecessor"])


async def _with_mapping(tx: WriteTx, content: Content, _: datetime) -> Scheme:
    return await service.scheme_with_mapping(
        tx, content["scheme"], version=content["version"], mappings=content["mappings"]
    )


async def _with_criteria(tx: WriteTx, content: Content, _: datetime) -> Scheme:
    return await service.scheme_with_criteria(
        tx, content["scheme"], version=content["version"], criteria=content["criteria"],
        assessment_required=content.get("assessment_required", False),
    )  # fmt: skip


async def _with_cadence(tx: WriteTx, content: Content, _: datetime) -> Scheme:
    return await service.scheme_with_cadence(tx, content["scheme"], content.get("days"))


async def _to_grant(tx: WriteTx, content: Content, _: datetime) -> Content:
    if await access.member_is_client(tx, content["member"]) is None:
        raise NotFound(f"There is no member {content['member'][:60]!r}; whoever operates the register adds members.")
    if (content["authority"], content["role"]) in await access.roles_of(tx, content["member"]):
        raise Conflict(f"{content['member']} is {content['role']} at {content['authority']} already.", code="HAS_ROLE")
    return content


async def _to_withdraw(tx: WriteTx, content: Content, _: datetime) -> Content:
    authority, role = content["authority"], content["role"]
    persons = await access.lock_persons(tx, authority, role)
    if (authority, role) not in await access.roles_of(tx, content["member"]):
        raise Conflict(f"{content['member']} is not {role} at {authority}.", code="NO_SUCH_ROLE")
    if role == Role.AUTHORITY_ADMIN and len(set(persons) - {content["member"]}) < ADMINS_NEEDED:
        raise Conflict(
            f"{authority} would be left with fewer than {ADMINS_NEEDED} persons who administer it; "
            "grant the role to another one first.",
            code="LAST_ADMINS",
        )
    return content


async def _store_given(tx: WriteTx, made: Mandate, now: datetime) -> None:
    await service.store_given(tx, made, now=now)


async def _store_end(tx: WriteTx, made: Mandate, now: datetime) -> None:
    await service.store_end(tx, made, now=now)


async def _store_succession(tx: WriteTx, made: Succession, now: datetime) -> None:
    mandate = made.mandate  # accreditations are held before status lists (`database.py`, rule 1)
    await accreditations.hand_over(tx, mandate.scheme_id, made.predecessor, mandate.authority_id, now)
    await service.store_succession(tx, mandate, now=now)


async def _store_scheme(tx: WriteTx, made: Scheme, now: datetime) -> None:
    await service.store_scheme_change(tx, made, now=now)


async def _grant(tx: WriteTx, made: Content, _: datetime) -> None:
    await access.insert_role(tx, made["authority"], made["member"], made["role"])


async def _withdraw(tx: WriteTx, made: Content, _: datetime) -> None:
    await access.delete_role(tx, made["authority"], made["member"], made["role"])


_DOING: Mapping[str, Doing] = {
    "give_mandate": Doing(_to_give, _store_given),
    "end_mandate": Doing(_to_end, _store_end),
    "succeed": Doing(_to_succeed, _store_succession),
    "set_mappings": Doing(_with_mapping, _store_scheme),
    "publish_criteria": Doing(_with_criteria, _store_scheme),
    "set_cadence": Doing(_with_cadence, _store_scheme),
    "grant_role": Doing(_to_grant, _grant),
    "withdraw_role": Doing(_to_withdraw, _withdraw),
}
