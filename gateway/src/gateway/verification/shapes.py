"""The verdict and its question as GraphQL types, member by member as the public schema has them."""

from datetime import date, datetime
from typing import NewType, TypeVar

import strawberry
from strawberry.federation.schema_directives import Key
from strawberry.federation.types import FieldSet

from gateway.verification.question import ScopeQuestion
from goodstanding import verdict as protocol
from goodstanding.transitions import Standing
from goodstanding.verdict import VerdictKind

JWT = NewType("JWT", str)

T = TypeVar("T")


def given(value: T | None) -> T | None:
    """The value of an optional input: absent and null are the same here."""
    return None if value is strawberry.UNSET else value


strawberry.enum(Standing, description="What an accreditation is shown as.")
strawberry.enum(VerdictKind, description="The three answers.")


@strawberry.federation.type(
    keys=[Key(fields=FieldSet("number"), resolvable=False)],
    description="The accreditation; the registry knows the rest.",
)
class Accreditation:
    """The registry's entity by its key alone."""

    number: str


@strawberry.type(description="Why the verdict is what it is.")
class Reason:
    """A machine-readable code and a sentence."""

    code: str
    message: str


@strawberry.type(description="An answer about one accreditation, its reasons, and how fresh it is.")
class Verdict:
    """The protocol's verdict, as GraphQL."""

    verdict: VerdictKind
    reasons: list[Reason]
    standing: Standing | None
    number: str | None
    organisation_name: str | None
    authority: str | None
    scheme: str | None
    valid_from: date | None
    valid_until: date | None = strawberry.field(description="Last valid day, in the authority's time zone.")
    as_of: datetime
    known_at: datetime = strawberry.field(description="First time cosignature of the tree size answered from.")
    tree_size: int
    fresh_until: datetime
    projected: bool = strawberry.field(description="True when asOf lies later than the time of answering.")
    record: JWT | None = strawberry.field(description="The released record of the generation in force.")
    receipt: JWT | None
    candidates: list[str] = strawberry.field(description="Numbers to ask by, where several match.")
    accreditation: Accreditation | None = strawberry.field(description="What the registry says of it now.")

    @classmethod
    def of(cls, verdict: protocol.Verdict) -> "Verdict":
        """Show a verdict of the protocol."""
        return cls(
            verdict=verdict.verdict,
            reasons=[Reason(code=reason.code, message=reason.message) for reason in verdict.reasons],
            standing=verdict.standing,
            number=verdict.number,
            organisation_name=verdict.organisation_name,
            authority=verdict.authority,
            scheme=verdict.scheme,
            valid_from=verdict.valid_from,
            valid_until=verdict.valid_until,
            as_of=verdict.as_of,
            known_at=verdict.known_at,
            tree_size=verdict.tree_size,
            fresh_until=verdict.fresh_until,
            projected=verdict.projected,
            record=None if verdict.record is None else JWT(verdict.record),
            receipt=None if verdict.receipt is None else JWT(verdict.receipt),
            candidates=list(verdict.candidates),
            accreditation=_accreditation(verdict),
        )


def _accreditation(verdict: protocol.Verdict) -> Accreditation | None:
    """None where the log knows no accreditation to ask the registry for."""
    unknown = any(reason.code == "UNKNOWN_NUMBER" for reason in verdict.reasons)
    return None if verdict.number is None or unknown else Accreditation(number=verdict.number)


@strawberry.input(description="An identifier of an organisation, for example an LEI.")
class IdentifierInput:
    """Scheme and value."""

    scheme: str
    value: str


@strawberry.input(one_of=True, description="What to look up.")
class VerifyBy:
    """Exactly one of these."""

    number: str | None = strawberry.UNSET
    identifier: IdentifierInput | None = strawberry.UNSET
    domain: str | None = strawberry.UNSET

    def to_domain(self) -> tuple[str | None, tuple[str, str] | None, str | None]:
        """Number, identifier and domain, None where not asked by."""
        identifier = given(self.identifier)
        pair = None if identifier is None else (identifier.scheme, identifier.value)
        return given(self.number), pair, given(self.domain)


@strawberry.input(name="ScopeQuestion", description="What must be covered, and whose accreditation is meant.")
class ScopeInput:
    """The question's scope."""

    origin: str | None = strawberry.UNSET
    destination: str | None = strawberry.UNSET
    sector: str | None = strawberry.UNSET
    activity: str | None = strawberry.UNSET
    authority: strawberry.ID | None = strawberry.UNSET
    scheme: strawberry.ID | None = strawberry.UNSET

    def to_domain(self) -> ScopeQuestion:
        """The checked question; QuestionError names a malformed member."""
        return ScopeQuestion(
            origin=given(self.origin),
            destination=given(self.destination),
            sector=given(self.sector),
            activity=given(self.activity),
            authority=given(self.authority),
            scheme=given(self.scheme),
        )
