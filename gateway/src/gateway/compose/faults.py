"""What went wrong, and where: errors by the place in the data at which a client will find null because of them.

Rules
1. A subgraph's error belongs to the deepest place of its path that its data has; what is left of the path (the subgraph
   had to null more than the field at fault) goes on behind the client's path. Where it had to null the whole root or
   entity, so must the gateway: the fault is noted for the object as such (`WHOLE`).
2. An error at a place makes it null, whatever the data says.
3. Of a subgraph's error the message and `extensions.code` go on. A message that speaks of what only the gateway asked
   for is replaced.
4. An error that has no place is reported without a path.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gateway.compose.names import Names

FAILED: Final = "UPSTREAM_FAILED"
INVALID: Final = "UPSTREAM_INVALID"
VEILED: Final = "The service that answers this could not answer it."
WHOLE: Final = ""
"""The key of an object itself; no response key is empty."""

MAX_MESSAGE: Final = 1_000
"""Characters of a message that go on."""

_MACHINERY = ("_entities", "_Entity", "_Any", "representation")


@dataclass(frozen=True, slots=True)
class Fault:
    """An error as a client may see it; `rest` is the part of its path below the place it is noted at."""

    message: str
    code: str | None
    rest: tuple[str | int, ...] = ()


UNAVAILABLE: Final = Fault("The service that answers this is not available; try again shortly.", FAILED)
"""A service did not answer, or nothing that counts."""


class Faults:
    """Faults by place: an object or list of the data, by identity, and a key in it."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._noted: dict[
            int, tuple[Any, dict[str | int, list[Fault]]]
        ] = {}  # holds the container: its id stays its own
        self.unplaced: list[Fault] = []

    def note(self, container: Any, key: str | int, faults: Iterable[Fault]) -> None:
        """Note faults at a place."""
        self._noted.setdefault(id(container), (container, {}))[1].setdefault(key, []).extend(faults)

    def at(self, container: Any, key: str | int) -> list[Fault]:
        """The faults at a place."""
        noted = self._noted.get(id(container)) if self._noted else None
        return noted[1].get(key, []) if noted else []

    def copy(self, source: Any, target: Any) -> None:
        """Note for one object what is noted for another, whose fields it takes over."""
        for key, faults in self._noted.get(id(source), (None, {}))[1].items():
            self.note(target, key, faults)

    def place(self, data: dict[str, Any] | None, errors: Iterable[Mapping[str, Any]]) -> list[Fault]:
        """Note a subgraph's errors where they belong in its data.

        Gives back those that belong nowhere in it; where there is no data at all, they keep their path.
        """
        nowhere: list[Fault] = []
        for error in errors:
            steps = _steps(error.get("path"))
            if data is None or (place := _deepest(data, steps)) is None:
                nowhere.append(self._fault(error, steps if data is None else ()))
            else:
                container, depth = place
                self.note(container, steps[depth], [self._fault(error, steps[depth + 1 :])])
        return nowhere

    def _fault(self, error: Mapping[str, Any], rest: Iterable[Any]) -> Fault:
        extensions = error.get("extensions")
        code = extensions.get("code") if isinstance(extensions, dict) else None
        known = []
        for step in rest:
            if str(step).startswith(self._names.prefix):
                break
            known.append(step)
        return Fault(self._scrubbed(error["message"]), code if isinstance(code, str) else None, tuple(known))

    def _scrubbed(self, message: str) -> str:
        if self._names.prefix in message or any(word in message for word in _MACHINERY):
            return VEILED
        return message[:MAX_MESSAGE]


def _steps(path: Any) -> list[str | int]:
    is_path = isinstance(path, list) and all(isinstance(step, (str, int)) for step in path)
    return path if is_path else []


def _deepest(data: Any, steps: Sequence[str | int]) -> tuple[Any, int] | None:
    """The innermost container on a path, and the index of the step into it; None for a path that data cannot have."""
    container = data
    found: tuple[Any, int] | None = None
    for depth, step in enumerate(steps):
        if isinstance(container, dict) and step in container:
            found, container = (container, depth), container[str(step)]
        elif isinstance(container, list) and isinstance(step, int) and 0 <= step < len(container):
            found, container = (container, depth), container[step]
        else:
            return found if container is None else None
    return found
