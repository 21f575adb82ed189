"""Authorities, schemes and mandates come into being and change with an event each, in the caller's transaction.

These check form and what stands already, not roles: an operator who sets a register up calls them (bootstrap, command
line), and `administration` does once two persons agree. What changes later is in two parts: `…_to_…` and
`scheme_with_…` say what would be stored, or refuse, and hold it; `store_…` stores that.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from goodstanding.bodies import as_set
from goodstanding.canonical import format_time
from goodstanding.errors import EventError
from goodstanding.events import encode_body, new_event_id, new_subject
from registry.database import WriteTx
from registry.errors import Conflict, Invalid, NotFound
from registry.ids import Node, fresh_id
from registry.issuance import status
from registry.issuance.ledger import Entry, Stream, append
from registry.schemes import repository
from registry.schemes.model import (
    AUTHORITY_KINDS,
    Authority,
    Mandate,
    Scheme,
    check_time_zone,
    ended,
    given,
    succeeding,
)

_MANDATE = re.compile(r"man_[0-9a-f]{32}", re.ASCII)
_ANY_EVENT = "00000000-0000-7000-8000-000000000000"  # stands for an id not made yet, where only size and form count


async def found_authority(
    tx: WriteTx, authority_id: str, *, kind: str, name: str, jurisdiction: str, time_zone: str, origin: str,
    now: datetime,
) -> Authority:  # fmt: skip
    """Found an authority; `authority_id` is `aut_<slug>`. Its entity id is its address under the origin.

    Raises Invalid, Conflict when it exists.
    """
    if not Node.AUTHORITY.fits(authority_id):
        raise Invalid(f"{authority_id!r} is not an id of the form aut_name.", field="id")
    if kind not in AUTHORITY_KINDS:
        raise Invalid(f"An authority is one of {', '.join(AUTHORITY_KINDS)}.", field="kind")
    if await repository.authorities(tx, [authority_id]):
        raise Conflict(f"There is an authority {authority_id} already.", blocked_by=authority_id)
    entity_id = f"{origin}/authorities/{authority_id}"
    made = Authority(authority_id, kind, name, jurisdiction, check_time_zone(time_zone), entity_id)
    stream = await repository.store_authority(tx, made, subject=new_subject())
    data = {name: getattr(made, name) for name in Authority.__slots__}
    await _append(tx, "authority", made.id, data, stream, now)
    return made


async def found_scheme(
    tx: WriteTx, scheme_id: str, *, name: str, version: str, owner_id: str, now: datetime,
    criteria: Sequence[Mapping[str, Any]] = (), mappings: Mapping[str, str] | None = None,
    mapping_version: str | None = None,
) -> Scheme:  # fmt: skip
    """Found a scheme; `scheme_id` is `sch_<slug>`, `mappings` maps local words to canonical standings.

    Raises Invalid, NotFound for the owner, Conflict when it exists.
    """
    if not Node.SCHEME.fits(scheme_id):
        raise Invalid(f"{scheme_id!r} is not an id of the form sch_name.", field="id")
    if not await repository.authorities(tx, [owner_id]):
        raise NotFound(f"There is no authority {owner_id} to own the scheme; found it first.")
    if await repository.schemes(tx, [scheme_id]):
        raise Conflict(f"There is a scheme {scheme_id} already.", blocked_by=scheme_id)
    words = [{"word": word, "standing": str(standing)} for word, standing in (mappings or {}).items()]
    made = Scheme(scheme_id, name, version, owner_id, tuple(as_set(criteria)), tuple(as_set(words)), mapping_version)
    stream = await repository.store_scheme(tx, made, subject=new_subject())
    await _append(tx, "scheme", owner_id, made.facts, stream, now)
    return made


async def give_mandate(
    tx: WriteTx, *, authority_id: str, scheme_id: str, acts: Iterable[str], valid_from: datetime, now: datetime,
    valid_until: datetime | None = None,
) -> Mandate:  # fmt: skip
    """Let an authority do these acts under a scheme, in the name of the scheme's owner.

    Raises Invalid, NotFound, Conflict when there is such a mandate.
    """
    terms = Mandate(fresh_id("man", now), authority_id, scheme_id, frozenset(acts), valid_from, valid_until)
    return await store_given(tx, await mandate_to_give(tx, terms), now=now)


async def mandate_to_give(tx: WriteTx, terms: Mandate) -> Mandate:
    """The mandate that giving on these terms would store; its scheme is held. Raises as `give_mandate`."""
    scheme = await repository.lock_scheme(tx, terms.scheme_id) if Node.SCHEME.fits(terms.scheme_id) else None
    authority = Node.AUTHORITY.fits(terms.authority_id) and await repository.authorities(tx, [terms.authority_id])
    if scheme is None or not authority:
        raise NotFound(
            f"There is no authority {terms.authority_id[:60]!r} or no scheme {terms.scheme_id[:60]!r}; found them first."
        )
    made = given(terms, await repository.mandates(tx, terms.authority_id, terms.scheme_id))
    _check_size("mandate", scheme.owner_id, made.facts)
    return made


async def store_given(tx: WriteTx, made: Mandate, *, now: datetime) -> Mandate:
    """Store a mandate that may be given, or given again: the same one, without its end."""
    if await repository.mandate(tx, made.id) is None:
        stream = await repository.store_mandate(tx, made, subject=new_subject())
    else:
        stream = await repository.change_mandate(tx, made)
    await _append_mandate(tx, made, stream, now)
    return made


async def mandate_named(tx: WriteTx, mandate_id: str) -> Mandate:
    """The mandate with this id; NotFound."""
    held = await repository.mandate(tx, mandate_id) if _MANDATE.fullmatch(mandate_id) else None
    if held is None:
        raise NotFound(f"There is no mandate {mandate_id[:60]!r}.")
    return held


async def mandate_to_end(
    tx: WriteTx, mandate_id: str, *, end: str, suspect_from: datetime | None, now: datetime
) -> Mandate:
    """The mandate as it would have ended, its scheme held. Raises NotFound, Invalid, Conflict."""
    held = await mandate_named(tx, mandate_id)
    await repository.lock_scheme(tx, held.scheme_id)
    held = await repository.mandate(tx, mandate_id) or held  # as it stands now that nobody else changes it
    return ended(held, end, suspect_from, now)


async def store_end(tx: WriteTx, made: Mandate, *, now: datetime) -> Mandate:
    """Store a mandate that has ended. What that lowers reaches the status lists with this transaction."""
    await _append_mandate(tx, made, await repository.change_mandate(tx, made), now)
    return made


async def mandate_to_succeed(tx: WriteTx, mandate_id: str, predecessor: str, now: datetime) -> Mandate:
    """The mandate once its authority has taken over from another, its scheme held. Raises NotFound, Invalid, Conflict."""
    held = await mandate_named(tx, mandate_id)
    await repository.lock_scheme(tx, held.scheme_id)
    held = await repository.mandate(tx, mandate_id) or held
    theirs = await repository.mandates(tx, predecessor, held.scheme_id) if Node.AUTHORITY.fits(predecessor) else []
    made = succeeding(held, predecessor, theirs, now)
    (scheme,) = (await repository.schemes(tx, [made.scheme_id])).values()
    _check_size("mandate", scheme.owner_id, made.facts)
    return made


async def store_succession(tx: WriteTx, made: Mandate, *, now: datetime) -> None:
    """Store a mandate whose authority has taken over; the accreditations are handed over by the caller."""
    await _append_mandate(tx, made, await repository.change_mandate(tx, made), now)


async def scheme_with_mapping(
    tx: WriteTx, scheme_id: str, *, version: str, mappings: Sequence[Mapping[str, str]]
) -> Scheme:
    """The scheme with this version of its mapping, held. Raises NotFound, Conflict for a version used before."""
    held = await _scheme(tx, scheme_id)
    used = {facts.get("mapping_version", "") for facts in await repository.scheme_facts(tx, scheme_id)}
    if version in used | {held.mapping_version}:
        raise Conflict(
            f"{scheme_id} has had a mapping of version {version!r}, and decisions cite it; give this one a new version.",
            code="VERSION_USED",
        )
    return _sized(replace(held, mappings=tuple(as_set(mappings)), mapping_version=version))


async def scheme_with_criteria(
    tx: WriteTx,
    scheme_id: str,
    *,
    version: str,
    criteria: Sequence[Mapping[str, Any]],
    assessment_required: bool = False,
) -> Scheme:
    """The scheme with this version of its criteria, held. Raises NotFound, Conflict for a version used before."""
    held = await _scheme(tx, scheme_id)
    used = {facts["version"] for facts in await repository.scheme_facts(tx, scheme_id)}
    if version in used | {held.version}:
        raise Conflict(
            f"{scheme_id} has had a version {version!r}, and decisions cite it; give these criteria a new version.",
            code="VERSION_USED",
        )
    made = replace(held, criteria=tuple(as_set(criteria)), version=version, assessment_required=assessment_required)
    return _sized(made)


async def scheme_with_cadence(tx: WriteTx, scheme_id: str, days: int | None) -> Scheme:
    """The scheme with this cadence of its lists, held. Raises NotFound, Conflict when it is the one it has."""
    held = await _scheme(tx, scheme_id)
    if days == held.cadence_days:
        raise Conflict(
            f"The lists of {scheme_id} have that cadence already.", blocked_by=scheme_id, code="SAME_CADENCE"
        )
    return _sized(replace(held, cadence_days=days))


async def store_scheme_change(tx: WriteTx, made: Scheme, *, now: datetime) -> Scheme:
    """Store a scheme with other criteria, another mapping or cadence; events keep what was before."""
    stream = await repository.change_scheme(tx, made)
    await _append(tx, "scheme", made.owner_id, made.facts, stream, now)
    await status.outdate(tx, await repository.mandated_under(tx, [made.id]))
    return made


async def list_released(
    tx: WriteTx, authority_id: str, scheme_ids: Iterable[str], *, snapshot: str, source: str | None, at: datetime,
    now: datetime,
) -> None:  # fmt: skip
    """Log that a list of this day was released under these schemes; nothing under those without a cadence."""
    for scheme_id in sorted(scheme_ids):
        scheme = await _scheme(tx, scheme_id)
        if scheme.cadence_days is None:
            continue
        data = {"authority": authority_id, "scheme": scheme_id, "snapshot": snapshot, "at": format_time(at)}
        told = data | ({"source": source} if source else {})
        await _append(tx, "list", authority_id, told, await repository.scheme_stream(tx, scheme_id), now)


async def _scheme(tx: WriteTx, scheme_id: str) -> Scheme:
    held = await repository.lock_scheme(tx, scheme_id) if Node.SCHEME.fits(scheme_id) else None
    if held is None:
        raise NotFound(f"There is no scheme {scheme_id[:60]!r}.")
    return held


def _sized(scheme: Scheme) -> Scheme:
    _check_size("scheme", scheme.owner_id, scheme.facts)
    return scheme


def _check_size(kind: str, authority: str, facts: Mapping[str, Any]) -> None:
    """Invalid for facts that no event can hold: malformed, or too many."""
    try:
        encode_body({"kind": kind, "event_id": _ANY_EVENT, "authority": authority, "data": facts})
    except EventError as error:
        raise Invalid(f"This cannot be recorded: {error}.") from error


async def _append_mandate(tx: WriteTx, made: Mandate, stream: Stream, now: datetime) -> None:
    (scheme,) = (await repository.schemes(tx, [made.scheme_id])).values()
    await _append(tx, "mandate", scheme.owner_id, made.facts, stream, now)
    await status.outdate(tx, await repository.kin(tx, [made.authority_id]))


async def _append(
    tx: WriteTx, kind: str, authority: str, data: Mapping[str, Any], stream: Stream, now: datetime
) -> None:
    body = {"kind": kind, "event_id": new_event_id(now), "authority": authority, "data": data}
    await append(tx, [Entry(body, stream)], now=now)
