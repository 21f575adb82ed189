"""A PKCS#11 token as this process reaches it (PKCS #11 3.0, sections 5.1 to 5.7).

Rules
1. One call at a time: a module is initialised without locking, so all threads of this process take turns. There is one
   session a token, and whoever waits longer than `TURN_SECONDS` is told that the token does not answer.
2. After a failure of device or session everything is opened anew, and the work done once more from its beginning. If
   that fails as well, the token is away: KeyAway, and the next caller tries again.
3. What trying again cannot mend is KeyRefused. A PIN the token has refused is not shown to it again: it would lock.
4. Handles are never kept beside their session: after a restart they could be those of other keys.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar

import pkcs11
from pkcs11 import exceptions as faults

from goodstanding.errors import KeyAway, KeyRefused
from goodstanding.keys import MAX_KEY_FILE

TURN_SECONDS: Final = 30.0
"""How long a caller waits for those before it; one call of the token takes milliseconds."""

_PIN = (faults.PinIncorrect, faults.PinInvalid, faults.PinLenRange)
_FINAL = (  # rule 3: the token's answer would be the same
    faults.PinLocked, faults.PinExpired, faults.UserPinNotInitialized, faults.MechanismInvalid, faults.DomainParamsInvalid,
    faults.TemplateIncomplete, faults.TemplateInconsistent, faults.AttributeTypeInvalid, faults.AttributeValueInvalid,
    faults.FunctionNotSupported, faults.TokenWriteProtected, faults.MultipleTokensReturned,
)  # fmt: skip

Done = TypeVar("Done")


@dataclass(frozen=True, slots=True)
class Open:
    """A session somebody is logged in to, and the private keys found in it: kid -> handle (rule 4)."""

    session: pkcs11.Session
    keys: dict[str, Any] = field(default_factory=dict)  # which mechanisms a key has is known at run time only


class Library:
    """A module, loaded: one in a process, whoever uses it."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._turn = threading.Lock()
        self._opened: dict[str, Open] = {}  # by label of the token; of whoever has the turn
        self._refused: set[tuple[str, str]] = set()  # label and PIN; of whoever has the turn

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Rule 1."""
        if not self._turn.acquire(timeout=TURN_SECONDS):
            raise KeyAway(f"the PKCS#11 module {self._path} has not answered for {TURN_SECONDS:.0f} s; try again")
        try:
            yield
        finally:
            self._turn.release()

    def opened(self, label: str, pin_file: Path) -> Open:
        """The token's session, opened where there is none. KeyRefused, and the module's own errors."""
        if label not in self._opened:
            self._opened[label] = Open(self._log_in(label, _read_pin(pin_file)))
        return self._opened[label]

    def close(self) -> None:
        """Forget every session, and have the module look for its devices again when next asked."""
        self._opened.clear()
        with suppress(faults.PKCS11Error):
            self._loaded().finalize()

    def _log_in(self, label: str, pin: str) -> pkcs11.Session:
        if (label, pin) in self._refused:
            raise KeyRefused(f"the token {label!r} has refused this PIN: correct the file it is in")
        token = self._loaded().get_token(token_label=label)
        try:
            session: pkcs11.Session = token.open(rw=True, user_pin=pin)
        except _PIN as error:
            self._refused.add((label, pin))
            raise KeyRefused(
                f"the token {label!r} refuses the PIN: correct the file it is in; it is not tried again, so that the "
                "token is not locked"
            ) from error
        return session

    def _loaded(self) -> Any:
        if not Path(self._path).is_file():
            raise KeyRefused(f"there is no PKCS#11 module at {self._path}: install it, or name the right file")
        try:
            return pkcs11.lib(self._path)
        except faults.PKCS11Error as error:
            if type(error) is not faults.PKCS11Error:
                raise
            raise KeyRefused(f"{self._path} cannot be loaded as a PKCS#11 module: {error}") from error


@cache
def library(path: str) -> Library:
    """The one library of a path: a process loads a module once, so its turn is one for everybody as well."""
    return Library(path)


class Device:
    """One token."""

    def __init__(self, module: Path, label: str, pin_file: Path) -> None:
        self.label = label
        self._library = library(str(module))
        self._pin_file = pin_file

    def ask(self, work: Callable[[Open], Done]) -> Done:
        """Do some work in the token's session, from its beginning once more after a failure. KeyRefused, KeyAway."""
        with self._library.turn():
            try:
                return self._attempt(work)
            except faults.PKCS11Error:
                self._library.close()
            try:
                return self._attempt(work)
            except faults.NoSuchKey as error:
                raise KeyRefused(
                    f"the token {self.label!r} no longer holds {error}: restore it, or revoke it"
                ) from error
            except faults.PKCS11Error as error:
                self._library.close()
                raise KeyAway(
                    f"the token {self.label!r} is away ({_said(error)}): see that the device runs and is connected; "
                    "nothing is signed with its keys until then, and it is tried again"
                ) from error

    def _attempt(self, work: Callable[[Open], Done]) -> Done:
        try:
            return work(self._library.opened(self.label, self._pin_file))
        except _FINAL as error:
            raise KeyRefused(
                f"the token {self.label!r} does not do what is asked of it ({_said(error)}): it must be unlocked, "
                "the only one of its label, and make keys for Ed25519 or P-256"
            ) from error


def _read_pin(file: Path) -> str:
    with file.open("rb") as content:
        try:
            return content.read(MAX_KEY_FILE).decode().strip()
        except UnicodeDecodeError as error:
            raise KeyRefused(f"the PIN file {file.name} is not text") from error


def _said(error: faults.PKCS11Error) -> str:
    """The kind of failure; what the module adds is for its own log."""
    return type(error).__name__
