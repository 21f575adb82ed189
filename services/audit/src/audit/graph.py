"""The audit subgraph: the log itself, and where a decision stands in it (Federation 2.9)."""

import asyncio
from collections.abc import Callable
from typing import Annotated, Any

import strawberry
from graphql import GraphQLError
from strawberry.extensions import MaskErrors, MaxTokensLimiter, ParserCache, ValidationCache
from strawberry.scalars import Base64
from strawberry.types import Info as StrawberryInfo
from strawberry.types.field import StrawberryField

from audit.errors import NotLogged, QuestionRefused
from audit.loaders import GraphContext
from audit.reader import LoggedEntry

MAX_TOKENS = 2_000
"""Longest query document; bounds how often one request can ask for a proof by aliases."""

Info = StrawberryInfo[GraphContext, None]


def documented(resolver: Callable[..., Any]) -> StrawberryField:
    """Make a field that is described by its resolver's docstring."""
    return strawberry.field(resolver, description=resolver.__doc__)


@strawberry.type(description="A Merkle audit path (RFC 6962) from an entry to a published checkpoint.")
class InclusionProof:
    """A proof of one entry against the request's checkpoint."""

    entry: strawberry.Private[LoggedEntry]

    @documented
    async def tree_size(self, info: Info) -> int:
        """Size of the tree the proof leads to."""
        return (await info.context.snapshot()).checkpoint.size

    @documented
    async def hashes(self, info: Info) -> list[Base64]:
        """From the entry's sibling to the root's child, 32 bytes each."""
        return [Base64(item) for item in await info.context.proofs.load(self.entry)]

    @documented
    async def tlog_proof(self, info: Info) -> str:
        """The same proof with its checkpoint as C2SP text, for verifiers of other makers."""
        snapshot = await info.context.snapshot()
        return snapshot.tlog_proof(self.entry, await info.context.proofs.load(self.entry)).decode()


@strawberry.type(description="An entry of the transparency log that a published checkpoint covers.")
class LogEntry:
    """Where an event stands in the log."""

    entry: strawberry.Private[LoggedEntry]

    @documented
    def index(self) -> int:
        """Position in the log, from 0."""
        return self.entry.index

    @documented
    def leaf_hash(self) -> Base64:
        """RFC 6962 hash of the entry."""
        return Base64(self.entry.leaf_hash)

    @documented
    def inclusion_proof(self) -> InclusionProof:
        """Proof that a published checkpoint covers the entry."""
        return InclusionProof(entry=self.entry)


@strawberry.federation.type(keys=["eventId"], description="A decision; this service knows where it stands in the log.")
class Decision:
    """Extension of the registry's entity, made from its key alone: an unknown event simply has no entry."""

    event_id: strawberry.ID

    @documented
    async def log_entry(self, info: Info) -> LogEntry | None:
        """Null until a published checkpoint covers the decision."""
        entry = await info.context.entries.load(self.event_id)
        return None if entry is None else LogEntry(entry=entry)


@strawberry.type(description="The transparency log, as its published checkpoint shows it.")
class Log:
    """The log of this registry."""

    @documented
    def origin(self, info: Info) -> str:
        """The log's name, first line of its checkpoints."""
        return info.context.log.origin

    @documented
    async def size(self, info: Info) -> int:
        """Number of published entries."""
        return (await info.context.snapshot()).checkpoint.size

    @documented
    async def checkpoint(self, info: Info) -> str:
        """The published checkpoint, a C2SP signed note."""
        return (await info.context.snapshot()).note.decode()

    @documented
    async def consistency_proof(
        self, info: Info, from_: Annotated[int, strawberry.argument(name="from")], to: int | None = strawberry.UNSET
    ) -> list[Base64]:
        """Proof that size `to` (default: the published one) extends size `from` (RFC 6962 section 2.1.2)."""
        snapshot = await info.context.snapshot()
        new = None if to is strawberry.UNSET else to
        return [Base64(item) for item in await asyncio.to_thread(snapshot.consistency, from_, new)]


@strawberry.type
class Query:
    """Entry points of the subgraph."""

    @documented
    def log(self) -> Log:
        """The transparency log."""
        return Log()


def build_schema() -> strawberry.federation.Schema:
    """Build the subgraph. Documents are parsed and validated once; unforeseen errors do not show their text."""
    return strawberry.federation.Schema(
        query=Query,
        types=[Decision],
        federation_version="2.9",
        extensions=[
            lambda: MaxTokensLimiter(max_token_count=MAX_TOKENS),
            lambda: MaskErrors(_is_unforeseen, "The log could not answer this; its operator finds the reason."),
            ParserCache,
            ValidationCache,
        ],
    )


def _is_unforeseen(error: GraphQLError) -> bool:
    return error.original_error is not None and not isinstance(error.original_error, (QuestionRefused, NotLogged))
