"""Fields of the public schema that are described by the docstring of their resolver."""

import inspect
from collections.abc import Callable
from typing import Any

import strawberry
from strawberry.types.field import StrawberryField


def documented(resolver: Callable[..., Any]) -> StrawberryField:
    """Make a field."""
    return strawberry.field(resolver, description=_description(resolver))


def documented_mutation(resolver: Callable[..., Any]) -> StrawberryField:
    """Make a mutation."""
    return strawberry.mutation(resolver, description=_description(resolver))


def _description(resolver: Callable[..., Any]) -> str:
    return " ".join((inspect.getdoc(resolver) or "").split())
