"""The verification subgraph (Federation 2.9): `verify` and `verifyMany`, answered from the edge without a hop.

Errors a client can act on carry `extensions.code`: BAD_USER_INPUT (with `argument`), TOO_MANY, NOT_READY. All others
are masked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

import strawberry
import structlog
from graphql import GraphQLError
from strawberry.extensions import MaskErrors, ParserCache, ValidationCache
from strawberry.federation import Schema
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext, Info

from gateway.verification.answer import NotReady
from gateway.verification.edge import Edge
from gateway.verification.question import Question, QuestionError, parse_instant
from gateway.verification.shapes import JWT, ScopeInput, Verdict, VerifyBy, given
from goodstanding.canonical import format_time

MAX_MANY: Final = 1_000
CACHED_DOCUMENTS: Final = 500

_log = structlog.get_logger("gateway.verification")


@dataclass(frozen=True, slots=True)
class Context:
    """Context of one GraphQL request."""

    edge: Edge


def verify(
    info: Info[Context, None],
    by: VerifyBy,
    as_of: datetime | None = strawberry.UNSET,
    known_at: datetime | None = strawberry.UNSET,
    scope: ScopeInput | None = strawberry.UNSET,
    min_tree_size: int | None = strawberry.UNSET,
    receipt: bool | None = False,  # noqa: ARG001 - part of the public schema; none is issued yet
) -> Verdict:
    """Answer one question."""
    return _answers(info, [by], as_of or None, known_at or None, scope or None, given(min_tree_size))[0]


def verify_many(
    info: Info[Context, None],
    by: list[VerifyBy],
    as_of: datetime | None = strawberry.UNSET,
    scope: ScopeInput | None = strawberry.UNSET,
    min_tree_size: int | None = strawberry.UNSET,
) -> list[Verdict]:
    """Answer many questions, in their order."""
    if len(by) > MAX_MANY:
        message = f"{len(by)} questions at once; at most {MAX_MANY:,} are answered. Ask in several requests"
        raise GraphQLError(message, extensions={"code": "TOO_MANY", "argument": "by"})
    return _answers(info, by, as_of or None, None, scope or None, given(min_tree_size))


@strawberry.type
class Query:
    """Entry points of the subgraph."""

    verify: Verdict = strawberry.field(
        resolver=verify, description="Is this recruiter in good standing? Receipts are not issued yet."
    )
    verify_many: list[Verdict] = strawberry.field(
        resolver=verify_many, description="The same for at most 1,000 at once; the order is kept."
    )


def _answers(
    info: Info[Context, None],
    by: Sequence[VerifyBy],
    as_of: datetime | None,
    known_at: datetime | None,
    scope: ScopeInput | None,
    min_tree_size: int | None,
) -> list[Verdict]:
    answer = info.context.edge.answer
    try:
        asked = scope.to_domain() if scope else None
        questions = [Question(*one.to_domain(), as_of, known_at, asked, min_tree_size) for one in by]
        return [Verdict.of(answer(question)) for question in questions]
    except QuestionError as error:
        extensions = {"code": "BAD_USER_INPUT", "argument": error.parameter}
        raise GraphQLError(str(error), extensions=extensions) from error
    except NotReady as error:
        raise GraphQLError(f"{error}; try again shortly", extensions={"code": "NOT_READY"}) from error


class Subgraph(Schema):
    """The executable subgraph. What it logs of an error names no number and quotes no document."""

    def process_errors(
        self,
        errors: list[GraphQLError],
        execution_context: ExecutionContext | None = None,  # noqa: ARG002 - the name is Strawberry's, and it holds the document
    ) -> None:
        """Log what went wrong here; what a client got wrong is told to the client alone."""
        for error in filter(is_internal, errors):
            _log.error("resolver failed", path=error.path, kind=type(error.original_error).__name__)


def subgraph() -> Subgraph:
    """Build the executable subgraph; its context is a `Context`."""
    return Subgraph(
        query=Query,
        federation_version="2.9",
        config=StrawberryConfig(scalar_map=_SCALARS),
        extensions=[
            lambda: ParserCache(maxsize=CACHED_DOCUMENTS),
            lambda: ValidationCache(maxsize=CACHED_DOCUMENTS),
            lambda: MaskErrors(should_mask_error=is_internal, error_message="The gateway could not answer this field."),
        ],
    )


def is_internal(error: GraphQLError) -> bool:
    """True for an error nobody meant for the client."""
    return error.original_error is not None and not isinstance(error.original_error, GraphQLError)


def _instant(value: Any) -> datetime:
    try:
        return parse_instant(value)
    except ValueError as error:
        raise GraphQLError(str(error), extensions={"code": "BAD_USER_INPUT"}) from error


def _day(value: Any) -> date:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise GraphQLError("a date is written YYYY-MM-DD", extensions={"code": "BAD_USER_INPUT"}) from error


def _shown(moment: datetime) -> str:
    return format_time(moment.astimezone(UTC))


_SCALARS: dict[object, Any] = {
    JWT: strawberry.scalar(
        name="JWT", description="A signed token in compact serialisation.", serialize=str, parse_value=str
    ),
    datetime: strawberry.scalar(
        name="DateTime", description="An instant, RFC 3339.", serialize=_shown, parse_value=_instant
    ),
    date: strawberry.scalar(
        name="Date", description="A calendar day, YYYY-MM-DD.", serialize=date.isoformat, parse_value=_day
    ),
}
