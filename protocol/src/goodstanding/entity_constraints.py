"""What a superior allows of those below it (OpenID Federation 1.0, section 6.2), and one constraint of ours.

Rules (a TokenError's reason in brackets)
1. `max_path_length`: so many intermediates may stand between who sets it and the subject [PATH_TOO_LONG].
2. `naming_constraints`: `permitted` and `excluded` names as in RFC 5280, section 4.2.1.10. ``host.example`` is that
   host, ``.example`` every host below it, not itself. They bind the host alone, never a port or path [NAME_REFUSED].
3. `allowed_entity_types`: other types are taken out of the subject's metadata; `federation_entity` never is.
4. `goodstanding_paths`, which is not the specification's and which others pass over: on the host of who sets it, an
   entity's path begins with one of these texts. Hosted organisations share a host, which rule 2 cannot tell apart
   [PATH_REFUSED].
5. Each constraint of each statement counts, for every entity below. What is malformed is refused [BAD_CONSTRAINTS].
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self
from urllib.parse import urlsplit

from goodstanding.errors import TokenError

MAX_NAMES: Final = 64
PATHS: Final = "goodstanding_paths"
ALWAYS_ALLOWED: Final = "federation_entity"
_NAME = re.compile(r"\.?[a-z0-9]([a-z0-9.-]*[a-z0-9])?", re.ASCII)
_PREFIX = re.compile(r"/([A-Za-z0-9._~-]+/)+", re.ASCII)
_TYPE = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class Constraints:
    """The constraints of one statement. None: not constrained."""

    max_path_length: int | None = None
    permitted: tuple[str, ...] | None = None
    excluded: tuple[str, ...] = ()
    allowed_entity_types: frozenset[str] | None = None
    paths: tuple[str, ...] | None = None

    @classmethod
    def read(cls, value: Any) -> Self:
        """Read the `constraints` claim; members nobody here knows are passed over, as the specification says."""
        if not isinstance(value, dict):
            raise _malformed("constraints is not an object")
        length, names = value.get("max_path_length"), value.get("naming_constraints", {})
        if length is not None and (type(length) is not int or length < 0):
            raise _malformed("max_path_length is not a number from 0")
        if not isinstance(names, dict):
            raise _malformed("naming_constraints is not an object")
        types = _texts(value, "allowed_entity_types", _TYPE)
        if types is not None and ALWAYS_ALLOWED in types:
            raise _malformed(f"allowed_entity_types names {ALWAYS_ALLOWED}, which is always allowed")
        return cls(
            max_path_length=length,
            permitted=_texts(names, "permitted", _NAME),
            excluded=_texts(names, "excluded", _NAME) or (),
            allowed_entity_types=None if types is None else frozenset(types),
            paths=_texts(value, PATHS, _PREFIX),
        )

    def check_length(self, intermediates: int) -> None:
        """Rule 1."""
        if self.max_path_length is not None and intermediates > self.max_path_length:
            raise TokenError(
                "PATH_TOO_LONG",
                f"{intermediates} intermediates stand between, where max_path_length allows {self.max_path_length}",
            )

    def check_name(self, entity: str, superior: str) -> None:
        """Rules 2 and 4, for an entity below `superior`, who sets them."""
        host = _host(entity)
        allowed = self.permitted is None or any(_matches(host, name) for name in self.permitted)
        if not allowed or any(_matches(host, name) for name in self.excluded):
            raise TokenError("NAME_REFUSED", f"the naming constraints of {superior} do not allow the host of {entity}")
        if self.paths is None or host != _host(superior):
            return
        path = urlsplit(entity).path
        if not any(path.startswith(prefix) and path != prefix for prefix in self.paths):
            raise TokenError("PATH_REFUSED", f"{superior} confines those on its own host to other paths than {entity}")

    def allowed(self, metadata: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        """Rule 3: the metadata without types that are not allowed."""
        types = self.allowed_entity_types
        return {name: of for name, of in metadata.items() if types is None or name in types or name == ALWAYS_ALLOWED}


def _host(entity: str) -> str:
    return (urlsplit(entity).hostname or "").removesuffix(".")


def _matches(host: str, name: str) -> bool:
    return host.endswith(name) and len(host) > len(name) if name.startswith(".") else host == name


def _texts(value: Mapping[str, Any], name: str, form: re.Pattern[str]) -> tuple[str, ...] | None:
    if name not in value:
        return None
    found = value[name]
    if not isinstance(found, list) or len(found) > MAX_NAMES:
        raise _malformed(f"{name} is not an array of at most {MAX_NAMES} texts")
    lowered = [one.lower() if form is _NAME and isinstance(one, str) else one for one in found]
    if not all(isinstance(one, str) and form.fullmatch(one) for one in lowered):
        raise _malformed(f"{name} holds something else than what it is an array of")
    return tuple(lowered)


def _malformed(why: str) -> TokenError:
    return TokenError("BAD_CONSTRAINTS", f"the statement's constraints cannot be read: {why}")
