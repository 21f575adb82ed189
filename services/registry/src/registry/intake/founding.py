"""What must be founded before a list can be staged: schemes, their owner, and a mandate to list under them."""

from collections.abc import Iterable
from datetime import datetime

from registry.database import ReadTx, WriteTx
from registry.errors import Conflict, Forbidden
from registry.intake.known_schemes import KNOWN_SCHEMES, TRANSCRIBER, KnownOwner, KnownScheme
from registry.intake.layouts import Layout
from registry.intake.snapshots import ACT
from registry.schemes import repository
from registry.schemes.model import LISTING_ACTS, require_mandate
from registry.schemes.service import found_authority, found_scheme, give_mandate

NO_COUNTRY = "ZZ"  # reserved by ISO 3166 for users: a registry as such belongs to no country


async def need_schemes(tx: ReadTx, layout: Layout) -> None:
    """Conflict when a scheme the layout always lists under does not exist here."""
    found = await repository.schemes(tx, layout.schemes)
    if missing := [scheme for scheme in layout.schemes if scheme not in found]:
        raise Conflict(
            f"Lists of the layout {layout.name} need the schemes {', '.join(missing)}, which were not founded here. "
            f"An operator founds them with: registry intake prepare {layout.name}",
            code="NOT_PREPARED",
        )


async def no_mandate(
    tx: ReadTx | WriteTx, authority_id: str, scheme_id: str, at: datetime, act: str = ACT
) -> str | None:
    """Why the authority may not list (or do another act of lists) under a scheme, or None when it may."""
    mandates = await repository.mandates(tx, authority_id, scheme_id)
    try:
        require_mandate(mandates, authority_id=authority_id, scheme_id=scheme_id, act=act, at=at)
    except Forbidden as error:
        return error.message
    return None


async def need_mandates(tx: WriteTx, authority_id: str, acts: Iterable[tuple[str, str]], at: datetime) -> None:
    """Forbidden unless the authority may do all of these (scheme, act) at this time."""
    for scheme_id, act in acts:
        if (why := await no_mandate(tx, authority_id, scheme_id, at, act)) is not None:
            raise Forbidden(why, code="NO_MANDATE")


async def prepare(tx: WriteTx, layout: Layout, *, origin: str, now: datetime) -> list[str]:
    """Found what transcribing lists of this layout needs and is missing; the ids of what was founded."""
    founded = []
    for scheme in KNOWN_SCHEMES.get(layout.name, ()):
        for owner in (_TRANSCRIBER, scheme.owner):
            founded += await _authority(tx, owner, origin=origin, now=now)
        founded += await _scheme(tx, scheme, now=now)
    return founded


_TRANSCRIBER = KnownOwner(TRANSCRIBER, "This registry, as transcriber", NO_COUNTRY, "UTC", kind="transcriber")


async def _authority(tx: WriteTx, owner: KnownOwner, *, origin: str, now: datetime) -> list[str]:
    if await repository.authorities(tx, [owner.id]):
        return []
    await found_authority(
        tx, owner.id, kind=owner.kind, name=owner.name, jurisdiction=owner.jurisdiction, time_zone=owner.time_zone,
        origin=origin, now=now,
    )  # fmt: skip
    return [owner.id]


async def _scheme(tx: WriteTx, scheme: KnownScheme, *, now: datetime) -> list[str]:
    founded = []
    if not await repository.schemes(tx, [scheme.id]):
        words = {word: str(standing) for word, standing in scheme.words.items()}
        await found_scheme(
            tx, scheme.id, name=scheme.name, version=scheme.version, owner_id=scheme.owner.id, now=now, mappings=words,
            mapping_version=scheme.mapping_version,
        )  # fmt: skip
        founded.append(scheme.id)
    if any([await no_mandate(tx, TRANSCRIBER, scheme.id, now, act) for act in LISTING_ACTS]):
        mandate = await give_mandate(
            tx, authority_id=TRANSCRIBER, scheme_id=scheme.id, acts=LISTING_ACTS, valid_from=now, now=now
        )
        founded.append(mandate.id)
    return founded
