"""What the public GraphQL schema has promised, and whether it is kept; the rules are in docs/schema-changes.md.

python tests/contracts/schema_promise.py     write down, with a release, what the schema promises from then on
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Final

from graphql import (
    DocumentNode,
    GraphQLSchema,
    Node,
    Visitor,
    build_ast_schema,
    find_breaking_changes,
    get_directive_values,
    parse,
    print_ast,
    visit,
)
from graphql import GraphQLDeprecatedDirective as Deprecated

import audit.graph
import gateway.verification.graph
import registry.graph
from gateway.compose.schema import compose

BASELINE: Final = Path(__file__).resolve().parent / "public-schema.graphql"
REASON: Final = re.compile(r"Since (\d{4}-\d\d-\d\d): .{10,}\. Removed not before (\d{4}-\d\d-\d\d)\.")
"""How a deprecation is worded: since when, what to use instead, and until when it stays."""

_ROOTS = ("Query", "Mutation", "Subscription")


def public() -> str:
    """The schema that the gateway serves, composed of its services', without descriptions."""
    subgraphs = {
        "registry": registry.graph.sdl(),
        "audit": audit.graph.build_schema().as_str(),
        "verification": gateway.verification.graph.subgraph().as_str(),
    }
    return print_ast(visit(parse(compose(subgraphs).sdl), _Undescribed())) + "\n"


def broken(baseline: str, now: str, today: date) -> list[str]:
    """What breaks clients that keep to the baseline, for people; empty where every promise is kept."""
    before, after = _promised(baseline, today), build_ast_schema(parse(now))
    return sorted(change.description for change in find_breaking_changes(before, after))


def deprecations(schema: str) -> list[str]:
    """The reasons of everything that is deprecated."""
    found: list[str] = []

    class Reading(Visitor):
        def enter(self, node: Any, *_: Any) -> None:
            if reason := _deprecated(node):
                found.append(reason)

    visit(parse(schema), Reading())
    return found


def _promised(baseline: str, today: date) -> GraphQLSchema:
    """The baseline without what was deprecated and whose time is over, and without the types only that led to."""

    class Keeping(Visitor):
        def enter(self, node: Any, *_: Any) -> Any:
            told = REASON.fullmatch(_deprecated(node) or "")
            return Visitor.REMOVE if told and date.fromisoformat(told[2]) <= today else None

    kept = visit(parse(baseline), Keeping())
    by_name = {definition.name.value: definition for definition in kept.definitions if hasattr(definition, "name")}
    reached = [name for name in _ROOTS if name in by_name]
    for name in reached:  # grows as it is read
        reached += [
            other for other in dict.fromkeys(_named(by_name[name])) if other in by_name and other not in reached
        ]
        reached += [other for other, one in by_name.items() if name in _interfaces(one) and other not in reached]
    return build_ast_schema(DocumentNode(definitions=tuple(by_name[name] for name in reached)))


def _named(node: Node) -> Iterator[str]:
    found: list[str] = []

    class Naming(Visitor):
        def enter_named_type(self, named: Any, *_: Any) -> None:
            found.append(named.name.value)

    visit(node, Naming())
    yield from found


def _interfaces(node: Any) -> set[str]:
    return {one.name.value for one in getattr(node, "interfaces", None) or ()}


def _deprecated(node: Any) -> str | None:
    if not getattr(node, "directives", None) or not node.kind.endswith("definition"):
        return None
    values = get_directive_values(Deprecated, node)
    return None if values is None else str(values["reason"])


class _Undescribed(Visitor):
    def enter(self, node: Any, *_: Any) -> Any:
        return replace(node, description=None) if getattr(node, "description", None) is not None else None


if __name__ == "__main__":
    BASELINE.write_text(public(), "utf-8")
    print(f"wrote {BASELINE}")
