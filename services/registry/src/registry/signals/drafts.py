"""What a report may hold, checked field by field. No message repeats what was reported, or who reported it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

from registry.accreditations.drafts import check_year, evidence_of, long_text, visible
from registry.checks import country
from registry.errors import Invalid
from registry.signals.model import Kind, Report

MAX_TEXT: Final = 4_000  # characters
MAX_NOTE: Final = 2_000
MAX_NAME: Final = 200
MAX_CONTACT: Final = 300


@dataclass(frozen=True, slots=True)
class ReportDraft:
    """A report as somebody states it."""

    kind: Kind
    text: str = field(repr=False)
    organisation: str | None = None
    number: str | None = None
    occurred_on: date | None = None
    country: str | None = None
    evidence: Sequence[bytes] = ()
    name: str | None = field(default=None, repr=False)
    contact: str | None = field(default=None, repr=False)

    def report(self, now: datetime) -> Report:
        """What it says, as it is kept; Invalid."""
        if (self.organisation is None) == (self.number is None):
            raise Invalid("Name either the organisation or a number.", field="organisation")
        text = long_text("text", self.text, MAX_TEXT).strip()
        if not text:
            raise Invalid("text is needed: say what happened.", field="text")
        if self.occurred_on is not None:
            check_year("occurredOn", self.occurred_on)
            if self.occurred_on > (now + timedelta(days=1)).date():  # it may be tomorrow where it happened
                raise Invalid("occurredOn lies in the future.", field="occurredOn")
        where = None if self.country is None else country(self.country, "country")
        return Report(text, tuple(evidence_of(self.evidence)), self.occurred_on, where)

    def reporter(self) -> tuple[str | None, str | None]:
        """Name and contact, as they are kept; Invalid."""
        return _line("name", self.name, MAX_NAME), _line("contact", self.contact, MAX_CONTACT)


def note(text: str | None) -> str | None:
    """A note on a move, as it is kept; Invalid."""
    return long_text("note", text, MAX_NOTE).strip() or None if text is not None else None


def _line(field: str, text: str | None, most: int) -> str | None:
    tidied = visible(field, text) if text is not None else ""
    if len(tidied) > most:
        raise Invalid(f"{field} has {len(tidied)} characters; at most {most} are kept.", field=field)
    return tidied or None
