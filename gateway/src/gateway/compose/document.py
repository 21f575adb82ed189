"""Writing the document of one fetch: what one subgraph is asked for, and the variables it takes.

Rules
1. The client's response keys stay: its document was valid over the whole schema, so a part of it is.
2. What the gateway needs besides has aliases of its own (`Names`), which no client's document contains: `__typename`
   where a type is abstract or nothing else is selected, the key where something is joined.
3. An abstract type is asked for by its concrete types, as far as the subgraph has them.
4. A selection that occurs again is written once (`fragments.py`).
5. Conditions are written where they begin to apply. Variables are declared as the client declared them, defaults
   included, and only those that occur.
"""

from typing import Final

from graphql import (
    OperationDefinitionNode,
    OperationType,
    ValueNode,
    VariableNode,
    Visitor,
    is_abstract_type,
    print_ast,
    visit,
)

from gateway.compose.fragments import Fragments
from gateway.compose.names import Names
from gateway.compose.schema import Composition
from gateway.compose.selection import ALWAYS, Condition, Field, Selection, named

MAX_FIELDS: Final = 10_000
"""Fields asked for in all fetches of an operation: abstract types multiply what a client writes."""


class TooLarge(Exception):
    """An operation whose fetches would be larger than MAX_FIELDS."""


class Writer:
    """Writes documents for subgraphs.

    `added` tells whether anything of the gateway's own had to go in; `written` how many fields there are in all.
    """

    def __init__(self, composition: Composition, operation: OperationDefinitionNode, names: Names) -> None:
        self._composition = composition
        self._declared = {node.variable.name.value: node for node in operation.variable_definitions or ()}
        self._names = names
        self._variables: dict[str, None] = {}
        self._fragments = Fragments(names)
        self.written = 0
        self.added = False

    def operation(self, subgraph: str, kind: OperationType, fields: tuple[Field, ...]) -> tuple[str, tuple[str, ...]]:
        """A document that asks for root fields; its text and the client's variables in it."""
        body, declared = self._body(subgraph, fields)
        head = f"({', '.join(declared)})" if declared else ""
        return self._fragments.document(f"{kind.value}{head} {{ {body} }}"), tuple(self._variables)

    def entities(self, subgraph: str, type_name: str, fields: tuple[Field, ...]) -> tuple[str, tuple[str, ...]]:
        """The same for fields of an entity."""
        body, declared = self._body(subgraph, fields)
        own = self._names.representations
        head = ", ".join([f"${own}: [_Any!]!", *declared])
        text = f"query({head}) {{ _entities(representations: ${own}) {{ ... on {type_name} {{ {body} }} }} }}"
        return self._fragments.document(text), tuple(self._variables)

    def _body(self, subgraph: str, fields: tuple[Field, ...]) -> tuple[str, list[str]]:
        self._variables, self._fragments = {}, Fragments(self._names)
        body = " ".join(self._field(subgraph, field, ALWAYS) for field in fields)
        return body, [print_ast(self._declared[name]) for name in self._variables]

    def _field(self, subgraph: str, field: Field, given: Condition) -> str:
        """A field, once for each way to include it (usually there is one)."""
        ways = {one.when - given for one in field.occurrences}
        texts = []
        for when in [ALWAYS] if ALWAYS in ways else sorted(ways, key=sorted):
            if not any((name, not value) in given for name, value in when):
                text = self._plain(subgraph, field, given | when)
                for name, value in sorted(when):
                    self._variables[name] = None
                    text = f"... @{'include' if value else 'skip'}(if: ${name}) {{ {text} }}"
                texts.append(text)
        return " ".join(texts)

    def _plain(self, subgraph: str, field: Field, given: Condition) -> str:
        self.written += 1
        if self.written > MAX_FIELDS:
            raise TooLarge
        alias = "" if field.key == field.name else f"{field.key}: "
        arguments = ", ".join(f"{each.name.value}: {self._value(each.value)}" for each in field.node.arguments or ())
        below = "" if field.below is None else f" {{ {self._below(subgraph, field, field.below, given)} }}"
        return f"{alias}{field.name}{f'({arguments})' if arguments else ''}{below}"

    def _below(self, subgraph: str, field: Field, below: Selection, given: Condition) -> str:
        type_name = named(field.type)
        if not is_abstract_type(self._composition.schema.type_map[type_name]):
            text = self._object(subgraph, type_name, below, given) or self._typename()
            return self._fragments.mark(type_name, text, on=False)
        texts = (
            (name, self._object(subgraph, name, below, given))
            for name in self._composition.possible(subgraph, type_name)
        )
        marks = (self._fragments.mark(name, text, on=True) for name, text in texts if text)
        return " ".join([self._typename(), *marks])

    def _object(self, subgraph: str, type_name: str, below: Selection, given: Condition) -> str:
        own, others = split(self._composition, subgraph, type_name, below)
        texts = [self._field(subgraph, field, given) for field in own]
        if others:
            self.added = True
            texts += [f"{self._names.key(type_name, key)}: {key}" for key in self._composition.keys[type_name]]
        return " ".join(filter(None, texts))

    def _typename(self) -> str:
        self.added = True
        return f"{self._names.typename}: __typename"

    def _value(self, value: ValueNode) -> str:
        visit(value, _Noting(self._variables))
        return print_ast(value)


class _Noting(Visitor):
    """Notes the variables in a value."""

    def __init__(self, found: dict[str, None]) -> None:
        super().__init__()
        self._found = found

    def enter_variable(self, node: VariableNode, *_: object) -> None:
        self._found[node.name.value] = None


def split(
    composition: Composition, subgraph: str, type_name: str, selection: Selection
) -> tuple[list[Field], dict[str, tuple[Field, ...]]]:
    """The fields of an object that a subgraph answers itself, and those it does not, by their owners."""
    own: list[Field] = []
    others: dict[str, tuple[Field, ...]] = {}
    for field in selection.fields(type_name):
        if field.name == "__typename":
            continue  # the gateway knows it
        owner = composition.owner(type_name, field.name, subgraph)
        if owner == subgraph:
            own.append(field)
        else:
            others[owner] = (*others.get(owner, ()), field)
    return own, others
