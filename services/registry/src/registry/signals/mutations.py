"""The acts on signals as mutations: inputs into drafts, results and domain errors into unions."""

from collections.abc import Awaitable
from datetime import date, datetime
from typing import Annotated

import strawberry

from registry.accreditations.mutations import KEY
from registry.context import Info
from registry.documented import documented_mutation
from registry.errors import DomainError
from registry.failures import Conflict, Failure, Forbidden, Invalid, NotAllowed, NotFound, failure, writing_failure
from registry.loaders import known
from registry.relay import UNSET, said
from registry.scalars import Base64
from registry.signals.drafts import ReportDraft
from registry.signals.enums import SignalKind, SignalState
from registry.signals.graph import Signal, signal_type
from registry.signals.model import Kind, State

_KEY = f"{KEY} Without an account: a random UUID, or 22 and more random letters and digits."


@strawberry.input(description="A report about an organisation, or about a number; anyone may send one.")
class ReportSignalInput:
    """A report."""

    idempotency_key: strawberry.ID = strawberry.field(description=_KEY)
    kind: SignalKind = strawberry.field(description="What it is about.")
    text: str = strawberry.field(description="What happened, at most 4,000 characters. Never public.")
    organisation: strawberry.ID | None = strawberry.field(default=UNSET, description="Whom it is about; or a number.")
    number: str | None = strawberry.field(default=UNSET, description="The number they show; or an organisation.")
    occurred_on: date | None = strawberry.field(default=UNSET, description="When it happened.")
    country: str | None = strawberry.field(default=UNSET, description="Where it happened (ISO 3166).")
    evidence: list[Base64] | None = strawberry.field(default=UNSET, description="SHA-256 hashes of documents.")
    name: str | None = strawberry.field(default=UNSET, description="Who reports; kept apart, and left out by choice.")
    contact: str | None = strawberry.field(default=UNSET, description="How to reach them; kept apart as well.")


@strawberry.input(description="A signal to be moved on.")
class MoveSignalInput:
    """A move."""

    idempotency_key: strawberry.ID = strawberry.field(description=KEY)
    signal: strawberry.ID = strawberry.field(description="The signal.")
    state: SignalState = strawberry.field(description="Where it stands from now on.")
    note: str | None = strawberry.field(default=UNSET, description="Why; restricted, at most 2,000 characters.")


@strawberry.input(description="A signal to be given to a member.")
class AssignSignalInput:
    """A handing over."""

    idempotency_key: strawberry.ID = strawberry.field(description=KEY)
    signal: strawberry.ID = strawberry.field(description="The signal, under review.")
    member: strawberry.ID = strawberry.field(description="A person at the authority that has taken it up.")


@strawberry.input(description="A reporter to erase.")
class EraseReporterInput:
    """An erasure."""

    idempotency_key: strawberry.ID = strawberry.field(description=KEY)
    reporter: strawberry.ID = strawberry.field(description="The reporter; signalReporter names it.")


@strawberry.type(description="The report has come in.")
class SignalReported:
    """Done."""

    signal: strawberry.ID = strawberry.field(description="Id of the signal, to name it to an authority.")


@strawberry.type(description="The signal as it stands now.")
class SignalDone:
    """Done."""

    signal: Signal = strawberry.field(description="The signal.")


@strawberry.type(description="The reporter is erased: only this much is left.")
class EraseReporterDone:
    """Done."""

    reporter: strawberry.ID = strawberry.field(description="Id of who was erased.")
    erased_at: datetime = strawberry.field(description="When it was erased.")


ReportSignalResult = Annotated[
    SignalReported | Invalid | NotFound | Forbidden | Conflict,
    strawberry.union("ReportSignalResult", description="What became of a report."),
]
SignalResult = Annotated[
    SignalDone | NotAllowed | Invalid | NotFound | Forbidden | Conflict,
    strawberry.union("SignalResult", description="What became of an act on a signal."),
]
EraseReporterResult = Annotated[
    EraseReporterDone | Invalid | NotFound | Forbidden | Conflict,
    strawberry.union("EraseReporterResult", description="What became of erasing a reporter."),
]


@strawberry.type
class SignalMutations:
    """The acts on signals."""

    @documented_mutation
    async def report_signal(self, info: Info, input: ReportSignalInput) -> ReportSignalResult:
        """Report something about an organisation, with an account or without. It changes no standing by itself.

        It reaches the authorities that have the organisation in their register, and nobody else; the answer says
        nothing of what others have reported.
        """
        draft = ReportDraft(
            kind=Kind[input.kind.name],
            text=input.text,
            organisation=said(input.organisation),
            number=said(input.number),
            occurred_on=said(input.occurred_on),
            country=said(input.country),
            evidence=said(input.evidence) or (),
            name=said(input.name),
            contact=said(input.contact),
        )
        acts = info.context.services.signals
        try:
            made = await acts.report(info.context.actor, draft, key=str(input.idempotency_key))
        except DomainError as error:
            return writing_failure(error)
        return SignalReported(signal=strawberry.ID(made))

    @documented_mutation
    async def move_signal(self, info: Info, input: MoveSignalInput) -> SignalResult:
        """Move a signal to another state. Takes a registrar or regulator at an authority it reaches, or its assignee.

        Of sexual exploitation or abuse only a regulator, or the member it was given to.
        """
        acts, state = info.context.services.signals, State[input.state.name]
        key, note = str(input.idempotency_key), said(input.note)
        return await _done(info, acts.move(info.context.actor, str(input.signal), state, note, key=key))

    @documented_mutation
    async def assign_signal(self, info: Info, input: AssignSignalInput) -> SignalResult:
        """Give a signal under review to a member of the authority that has taken it up. Takes who may move it."""
        acts, key = info.context.services.signals, str(input.idempotency_key)
        return await _done(info, acts.assign(info.context.actor, str(input.signal), str(input.member), key=key))

    @documented_mutation
    async def erase_reporter(self, info: Info, input: EraseReporterInput) -> EraseReporterResult:
        """Erase who reported; nothing but id and time is left. Takes who may move the signal."""
        acts, key = info.context.services.signals, str(input.idempotency_key)
        try:
            at = await acts.erase_reporter(info.context.actor, str(input.reporter), key=key)
        except DomainError as error:
            return writing_failure(error)
        return EraseReporterDone(reporter=input.reporter, erased_at=at)


async def _done(info: Info, act: Awaitable[str]) -> SignalDone | Failure:
    """Do an act on a signal, and read again what became of it."""
    try:
        signal_id = await act
    except DomainError as error:
        return failure(error)
    await info.context.renew()
    return SignalDone(signal=signal_type(await known(info.context.loaders.signals, signal_id)))
