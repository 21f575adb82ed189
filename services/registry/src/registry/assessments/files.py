"""An accreditation as assessing needs it: held, with how it stands now and the criteria in force."""

from dataclasses import dataclass
from datetime import datetime

from goodstanding.standing import fold, shown
from goodstanding.transitions import Standing
from registry.accreditations import repository as accreditations
from registry.accreditations.model import Accreditation
from registry.database import WriteTx
from registry.errors import Conflict, NotFound
from registry.issuance import ledger
from registry.schemes import repository as schemes
from registry.schemes.model import Scheme


@dataclass(frozen=True, slots=True)
class File:
    """An accreditation that nobody decides about until the transaction ends."""

    accreditation: Accreditation
    standing: Standing | None
    scheme: Scheme

    @property
    def criteria(self) -> list[str]:
        """The codes of the criteria in force."""
        return [one["code"] for one in self.scheme.criteria]

    def need(self, standings: frozenset[Standing], what: str) -> None:
        """Conflict unless it stands as one of these; `what` says who may do what then."""
        if self.standing not in standings:
            number, standing = self.accreditation.number, self.standing or "shown as nothing"
            raise Conflict(
                f"{number} is {standing}: {what} while it is {', '.join(sorted(standings))}.", code="WRONG_STANDING"
            )


async def held_file(tx: WriteTx, wanted: str, now: datetime) -> File:
    """The accreditation, held until the transaction ends; NotFound."""
    held = await accreditations.lock_accreditation(tx, wanted)
    if held is None:
        raise NotFound(f"There is no accreditation {wanted}.", code="UNKNOWN_NUMBER")
    history = (await ledger.history(tx, [wanted]))[wanted]
    scheme = (await schemes.schemes(tx, [held.scheme_id]))[held.scheme_id]
    return File(held, shown(fold(history, now), now), scheme)
