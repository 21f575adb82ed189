"""Planning: from an operation to the fetches that answer it. Pure; nothing here knows a value of a variable.

Rules
1. A root field is asked of its owner. Queries: one fetch per owner, all at once. Mutations: one fetch per field, one
   after another, each with its joins; but a mutation that one subgraph answers by itself goes there whole.
2. What an object's subgraph does not answer is joined: `_entities` of the owner, by the object's key, after the fetch
   that answers the object. Nothing is ever more than one join away (`schema.py`).
3. A fetch to which nothing had to be added, and which is all there is to ask, sends the client's own document (`whole`).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from graphql import DocumentNode, OperationDefinitionNode, OperationType, is_abstract_type, validate

from gateway.compose.document import Writer, split
from gateway.compose.names import Names
from gateway.compose.schema import Composition
from gateway.compose.sdl import ROOTS
from gateway.compose.selection import ALWAYS, Field, Selection, Source, named


@dataclass(frozen=True, slots=True)
class Step:
    """From an object to what stands in one of its fields; only from objects of type `on` where that is not None."""

    on: str | None
    key: str


@dataclass(frozen=True, slots=True)
class Join:
    """A fetch of further fields of the entities to which a path leads, from the data of the fetch before."""

    path: tuple[Step, ...]
    type_name: str
    is_certain: bool  # False: objects of other types stand there too
    keys: tuple[tuple[str, str], ...]  # (alias in the data, field)
    fetch: "Fetch"


@dataclass(frozen=True, slots=True)
class Fetch:
    """One question to one subgraph, and what is asked of others about its answer."""

    subgraph: str
    text: str
    variables: tuple[str, ...]
    fields: tuple[Field, ...]  # of the root or of the entity
    joins: tuple[Join, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """How an operation is answered."""

    operation: OperationType
    definition: OperationDefinitionNode
    selection: Selection
    fetches: tuple[Fetch, ...]
    is_whole: bool  # the only fetch sends the client's document
    names: Names
    size: int  # fields asked for in all fetches

    @property
    def root(self) -> str:
        """The root type."""
        return ROOTS[self.operation.value]


def plan(composition: Composition, document: DocumentNode, operation: OperationDefinitionNode, text: str) -> Plan:
    """Plan the operation of a validated document, whose text is `text` and which holds no other; TooLarge."""
    return _Planner(composition, document, operation, text).plan()


class _Planner:
    def __init__(
        self, composition: Composition, document: DocumentNode, operation: OperationDefinitionNode, text: str
    ) -> None:
        self._composition = composition
        self._document = document
        self._operation = operation
        self._text = text
        self._names = Names.unlike(text)
        self._writer = Writer(composition, operation, self._names)
        self._selection = Selection(Source(composition.schema, document), [(operation.selection_set, ALWAYS)])

    def plan(self) -> Plan:
        kind = self._operation.operation
        root = ROOTS[kind.value]
        fields = [field for field in self._selection.fields(root) if field.name != "__typename"]
        owned: dict[str, tuple[Field, ...]] = {}
        for field in fields:
            owner = self._composition.owner(root, field.name)
            owned[owner] = (*owned.get(owner, ()), field)
        fetches = tuple(self._root_fetch(owner, each) for owner, each in owned.items())
        alone = len(fetches) == 1 and not fetches[0].joins
        if kind is OperationType.MUTATION and not alone:
            fetches = tuple(self._root_fetch(self._composition.owner(root, field.name), (field,)) for field in fields)
        is_whole = alone and not self._writer.added and self._is_known_to(fetches[0].subgraph)
        if is_whole:
            fetches = (self._whole(fetches[0]),)
        return Plan(kind, self._operation, self._selection, fetches, is_whole, self._names, self._writer.written)

    def _is_known_to(self, subgraph: str) -> bool:
        """Whether the document as the client wrote it is one for the subgraph."""
        return not validate(self._composition.known[subgraph], self._document, max_errors=1)

    def _whole(self, fetch: Fetch) -> Fetch:
        declared = tuple(node.variable.name.value for node in self._operation.variable_definitions or ())
        return Fetch(fetch.subgraph, self._text, declared, fetch.fields, ())

    def _root_fetch(self, subgraph: str, fields: tuple[Field, ...]) -> Fetch:
        text, variables = self._writer.operation(subgraph, self._operation.operation, fields)
        joins = tuple(join for field in fields for join in self._joins_below(subgraph, field, (Step(None, field.key),)))
        return Fetch(subgraph, text, variables, fields, joins)

    def _joins_below(self, subgraph: str, field: Field, path: tuple[Step, ...]) -> Iterator[Join]:
        if field.below is None:
            return
        type_name = named(field.type)
        is_certain = not is_abstract_type(self._composition.schema.type_map[type_name])
        for name in self._composition.possible(subgraph, type_name):
            own, others = split(self._composition, subgraph, name, field.below)
            for owner, fields in others.items():
                yield self._join(owner, name, fields, path, is_certain=is_certain)
            for each in own:
                step = Step(None if is_certain else name, each.key)
                yield from self._joins_below(subgraph, each, (*path, step))

    def _join(
        self, owner: str, type_name: str, fields: tuple[Field, ...], path: tuple[Step, ...], *, is_certain: bool
    ) -> Join:
        text, variables = self._writer.entities(owner, type_name, fields)
        keys = tuple((self._names.key(type_name, key), key) for key in self._composition.keys[type_name])
        joins = tuple(join for field in fields for join in self._joins_below(owner, field, (Step(None, field.key),)))
        return Join(path, type_name, is_certain, keys, Fetch(owner, text, variables, fields, joins))
