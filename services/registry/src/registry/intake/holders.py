"""Which organisations are known here, and what they hold at an authority."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlmodel import col

from registry.accreditations.tables import AccreditationRow
from registry.database import ReadTx, WriteTx
from registry.organisations.tables import OrganisationIdentifierRow, OrganisationRow


async def by_identifier(
    tx: ReadTx | WriteTx, identifiers: set[tuple[str, str]]
) -> dict[tuple[str, str] | None, dict[str, tuple[str, ...]]]:
    """(scheme, value) -> organisation id -> its names."""
    found: dict[tuple[str, str] | None, dict[str, tuple[str, ...]]] = {}
    if not identifiers:
        return found
    statement = (
        select(
            col(OrganisationIdentifierRow.scheme), col(OrganisationIdentifierRow.value),
            col(OrganisationRow.id), col(OrganisationRow.names),
        )
        .join(OrganisationRow, col(OrganisationRow.id) == col(OrganisationIdentifierRow.organisation_id))
        .where(
            col(OrganisationIdentifierRow.scheme).in_({scheme for scheme, _ in identifiers}),
            col(OrganisationIdentifierRow.value).in_({value for _, value in identifiers}),
        )
    )  # fmt: skip
    for scheme, value, organisation, names in await tx.execute(statement):
        if (scheme, value) in identifiers:
            found.setdefault((scheme, value), {})[organisation] = tuple(name["text"] for name in names)
    return found


async def open_numbers(
    tx: ReadTx | WriteTx, authority_id: str, organisations: Iterable[str]
) -> dict[tuple[str, str], str]:
    """(organisation, scheme) -> number of the open accreditation at this authority."""
    statement = select(
        col(AccreditationRow.organisation_id), col(AccreditationRow.scheme_id), col(AccreditationRow.number)
    ).where(
        col(AccreditationRow.authority_id) == authority_id,
        col(AccreditationRow.open),
        col(AccreditationRow.organisation_id).in_(list(organisations)),
    )
    return {(organisation, scheme): number for organisation, scheme, number in await tx.execute(statement)}
