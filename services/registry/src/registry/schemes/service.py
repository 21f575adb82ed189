"""Founding: authorities, schemes and mandates come into being with an event each, in the caller's transaction.

These are for an operator who sets a register up (bootstrap, command line); they check form, not roles.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from goodstanding.bodies import as_set
from goodstanding.canonical import format_time
from goodstanding.events import new_event_id, new_subject
from goodstanding.transitions import TRANSITIONS
from registry.database import WriteTx
from registry.errors import Conflict, Invalid, NotFound
from registry.ids import Node, fresh_id
from registry.issuance.ledger import Entry, Stream, append
from registry.schemes import repository
from registry.schemes.model import AUTHORITY_KINDS, Authority, Mandate, Scheme, check_time_zone


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
    data: dict[str, Any] = {"id": made.id, "name": name, "version": version, "owner": owner_id}
    data |= {"criteria": list(made.criteria)} if made.criteria else {}
    data |= {"mappings": list(made.mappings)} if made.mappings else {}
    data |= {"mapping_version": mapping_version} if mapping_version else {}
    await _append(tx, "scheme", owner_id, data, stream, now)
    return made


async def give_mandate(
    tx: WriteTx, *, authority_id: str, scheme_id: str, acts: Iterable[str], valid_from: datetime, now: datetime,
    valid_until: datetime | None = None,
) -> Mandate:  # fmt: skip
    """Let an authority do these acts under a scheme, in the name of the scheme's owner. Raises Invalid, NotFound."""
    known = {row.act for row in TRANSITIONS}
    allowed = frozenset(acts)
    if not allowed or not allowed <= known:
        raise Invalid(f"A mandate names acts out of {', '.join(sorted(known))}.", field="acts")
    if valid_until is not None and valid_until <= valid_from:
        raise Invalid("A mandate ends after it begins.", field="validUntil")
    scheme = (await repository.schemes(tx, [scheme_id])).get(scheme_id)
    if scheme is None or not await repository.authorities(tx, [authority_id]):
        raise NotFound(f"There is no authority {authority_id} or no scheme {scheme_id}; found them first.")
    made = Mandate(fresh_id("man", now), authority_id, scheme_id, allowed, valid_from, valid_until)
    stream = await repository.store_mandate(tx, made, subject=new_subject())
    data: dict[str, Any] = {
        "authority": authority_id,
        "scheme": scheme_id,
        "acts": as_set(allowed),
        "from": format_time(valid_from),
    }
    data |= {"until": format_time(valid_until)} if valid_until else {}
    await _append(tx, "mandate", scheme.owner_id, data, stream, now)
    return made


async def _append(
    tx: WriteTx, kind: str, authority: str, data: Mapping[str, Any], stream: Stream, now: datetime
) -> None:
    body = {"kind": kind, "event_id": new_event_id(now), "authority": authority, "data": data}
    await append(tx, [Entry(body, stream)], now=now)
