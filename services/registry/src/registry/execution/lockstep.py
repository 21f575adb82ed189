"""Running a plan: level by level, all fields of a level before the next one, waits of a kind in one batch.

Resolvers are ordinary coroutines. They are not tasks: each runs until it waits for a loader (`loaders.Wanted`), and
once all of a level wait, each loader reads what all of them want, in one statement. How many statements an answer takes
so depends on its depth, never on how many objects are in it. Whatever else a resolver waits for is waited for at once.

An answer comes back whole and free of errors, or not at all: any error, and a null where none may be, raises. Queries
change nothing, so graphql-core then executes the operation again, and says what is wrong as the specification has it.
"""

import types
from collections.abc import Coroutine, Generator, Mapping
from types import CoroutineType
from typing import Any

from graphql import GraphQLIncludeDirective, GraphQLSkipDirective, get_argument_values
from graphql.execution.values import get_variable_values

from registry.context import Context
from registry.execution.plan import Field, Finish, Plan, Selection, Unplanned
from registry.loaders import Loader, Wanted

Waiting = tuple[Coroutine[Any, Any, Any], Finish, Any, Any]
"""A resolver that waits, and where its value goes."""

_DIRECTIVES = {one.name: one for one in (GraphQLSkipDirective, GraphQLIncludeDirective)}


class Info:
    """What resolvers are told: the request's context, and nothing about the operation."""

    __slots__ = ("context",)

    def __init__(self, context: Context) -> None:
        self.context = context


async def run(plan: Plan, context: Context, variables: Mapping[str, Any] | None) -> dict[str, Any]:
    """The data of an answer without errors. Raises Unplanned, and whatever a resolver raises."""
    definitions = plan.operation.variable_definitions or ()
    values = get_variable_values(plan.schema, definitions, dict(variables or {}))
    if isinstance(values, list):
        raise Unplanned
    running = _Run(plan, Info(context), values)
    data = running.begin(plan.root, None)
    await running.finish()
    return data


class _Run:
    def __init__(self, plan: Plan, info: Info, variables: Any) -> None:
        self._plan = plan
        self._info = info
        self._variables = variables
        self._arguments: dict[Field, Mapping[str, Any]] = {}
        self._selected: dict[Selection, tuple[tuple[Field, ...], dict[str, Any]]] = {}
        self._level: dict[Selection, list[tuple[Any, dict[str, Any]]]] = {}
        self._waiting: list[Waiting] = []

    def begin(self, selection: Selection, value: Any) -> dict[str, Any]:
        """An answer about an object of the next level, which is filled in when that level is run."""
        made = self._varying(selection)[1].copy() if selection.varies else dict(selection.keys)
        self._level.setdefault(selection, []).append((value, made))
        return made

    def wait(self, resolving: Coroutine[Any, Any, Any], finish: Finish, into: Any, key: Any) -> None:
        """Note that a value is still being resolved."""
        self._waiting.append((resolving, finish, into, key))

    async def finish(self) -> None:
        """Run every level."""
        try:
            while self._level:
                level, self._level = self._level, {}
                for selection, objects in level.items():
                    self._start(selection, objects)
                while self._waiting:
                    waiting, self._waiting = self._waiting, []
                    await self._drive(waiting)
        finally:
            for resolving, *_ in self._waiting:
                resolving.close()

    def _start(self, selection: Selection, objects: list[tuple[Any, dict[str, Any]]]) -> None:
        info = self._info
        fields = self._varying(selection)[0] if selection.varies else selection.fields
        for one in fields:
            call, finish, key = one.call, one.finish, one.key
            if one.basic:
                for parent, into in objects:
                    finish(self, call(parent), into, key)
                continue
            arguments = self._arguments_of(one)
            for parent, into in objects:
                value = call(parent, info=info, **arguments)
                if isinstance(value, CoroutineType):
                    self._waiting.append((value, finish, into, key))
                else:
                    finish(self, value, into, key)

    def _arguments_of(self, one: Field) -> Mapping[str, Any]:
        if one.arguments is not None:
            return one.arguments
        if one not in self._arguments:
            self._arguments[one] = self._plan.arguments(one, self._variables)
        return self._arguments[one]

    def _varying(self, selection: Selection) -> tuple[tuple[Field, ...], dict[str, Any]]:
        """The fields that are there with these variables, and an answer with nothing in it."""
        if selection not in self._selected:
            fields = tuple(one for one in selection.fields if self._is_there(one))
            self._selected[selection] = fields, selection.among(fields)
        return self._selected[selection]

    def _is_there(self, one: Field) -> bool:
        return all(
            get_argument_values(_DIRECTIVES[directive.name.value], directive, self._variables)["if"] is wanted
            for directive, wanted in one.conditions
        )

    async def _drive(self, waiting: list[Waiting]) -> None:
        """Run resolvers to their ends, in lockstep."""
        going: list[tuple[Waiting, Any]] = [(one, None) for one in waiting]
        try:
            while going:
                asked: dict[Loader[Any, Any], list[tuple[Waiting, Wanted]]] = {}
                for one, value in going:
                    wanted = await self._go_on(one, value)
                    if wanted is not None:
                        asked.setdefault(wanted.loader, []).append((one, wanted))
                going = []
                for loader, these in asked.items():
                    await loader.read({key: None for _, wanted in these for key in wanted.keys})
                    going += [(one, wanted.found()) for one, wanted in these]
        finally:
            for resolving, *_ in waiting:
                resolving.close()

    async def _go_on(self, one: Waiting, value: Any) -> Wanted | None:
        """Run a resolver until it wants a loader; None once it has ended and its value is in its place."""
        resolving, finish, into, key = one
        try:
            wanted = resolving.send(value)
        except StopIteration as done:
            finish(self, done.value, into, key)
            return None
        if type(wanted) is Wanted:
            return wanted
        outcome = await _passed_on(resolving, wanted)
        if isinstance(outcome, _Ended):
            finish(self, outcome.value, into, key)
            return None
        return outcome


class _Ended:
    """A resolver that has returned."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


@types.coroutine
def _passed_on(resolving: Coroutine[Any, Any, Any], awaited: Any) -> Generator[Any, Any, Wanted | _Ended]:
    """Have the event loop wait for what a resolver waits for, until it wants a loader or has ended."""
    while type(awaited) is not Wanted:
        try:
            try:
                sent = yield awaited
            except BaseException as error:  # noqa: BLE001 - it is the resolver's: a failure, or the end of all
                awaited = resolving.throw(error)
            else:
                awaited = resolving.send(sent)
        except StopIteration as done:
            return _Ended(done.value)
    return awaited
