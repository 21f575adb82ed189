r"""Which witnesses must have cosigned a checkpoint before it counts (C2SP tlog-policy).

    log goodstanding.example/log+33d7b496+AeHTm...
    witness north north.example/w+c7a6b9f3+BKx... https://north.example/witness
    witness south south.example/w+1d0b5a0e+BPq...
    group both all north south
    quorum both

One statement a line, its words between spaces or tabs; lines that are empty or begin with `#` say nothing. A group is
witnessed when so many of its members are as it says: a number, `any` (one) or `all`.

What reading a policy enforces:

1. at most 64 KB, of octets that may stand in a line; every line ends in a newline; at most 64 logs, witnesses, groups;
2. a log has a key of type 0x01, a witness one of type 0x04; no public key stands twice, whatever it is called;
3. a name is defined once, before it is used, and is a member of one group at most, so that nobody counts twice;
4. exactly one quorum: a witness, a group, or `none`.

Names mean nothing outside the file and are compared as octets.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from goodstanding.errors import LogError
from goodstanding.note import COSIGNATURE_V1, ED25519, VerifierKey

MAX_POLICY_SIZE: Final = 64 * 1024
"""Bytes of the longest policy that is read."""

MAX_OF_A_KIND: Final = 64
"""Most logs, witnesses and groups, each: a note has room for 100 signatures."""

_NONE = "none"
_FORBIDDEN = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]")
_BLANK = re.compile(r"[ \t]+")
_NUMBER = re.compile(r"[1-9][0-9]{0,3}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Witness:
    """Somebody who cosigns; `url` is the prefix checkpoints are submitted under, empty when the file names none."""

    name: str
    key: VerifierKey
    url: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """So many of these members must be witnesses of a checkpoint."""

    name: str
    threshold: int
    members: tuple["Witness | Group", ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """A checked policy. `quorum` is None where no cosignature is asked for; `text` is the file it was read from."""

    logs: tuple[VerifierKey, ...]
    witnesses: tuple[Witness, ...]
    quorum: Witness | Group | None
    text: str = field(default="", compare=False, repr=False)

    @property
    def keys(self) -> tuple[VerifierKey, ...]:
        """The keys of all witnesses."""
        return tuple(witness.key for witness in self.witnesses)


def satisfied(policy: Policy, cosigners: Iterable[VerifierKey]) -> bool:
    """Say whether the quorum is among the keys whose cosignatures have been verified; others do not count."""
    return policy.quorum is None or _witnessed(policy.quorum, {key.public_key for key in cosigners})


def load_policy(path: Path) -> Policy:
    """Read a policy from a file; LogError says what is wrong and in which line."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_POLICY_SIZE + 1)
    except OSError as error:
        raise LogError(f"the policy {path.name} cannot be read: {error.strerror}") from error
    try:
        return parse_policy(data)
    except LogError as error:
        raise LogError(f"the policy {path.name} is refused: {error}") from error


def parse_policy(data: bytes) -> Policy:
    """Read a policy; LogError says what is wrong and in which line."""
    if len(data) > MAX_POLICY_SIZE:
        raise LogError(f"it is longer than {MAX_POLICY_SIZE} bytes")
    if not data.endswith(b"\n"):
        raise LogError("its last line does not end in a newline")
    if _FORBIDDEN.search(data):
        raise LogError("it contains control characters other than tab and newline")
    text = data.decode("utf-8", "surrogateescape")  # octets that are no UTF-8 stay distinct
    reading = _Reading()
    for number, line in enumerate(text.split("\n")[:-1], 1):
        try:
            reading.line(_words(line))
        except LogError as error:
            raise LogError(f"line {number}: {error}") from error
    return reading.policy(text)


def fitting(policy: Policy, *own: VerifierKey) -> Policy:
    """Return the policy if it fits a log with these keys, its own and its time cosigner's; LogError if not.

    A log that vouches for itself is no witness.
    """
    if policy.logs and own[0] not in policy.logs:
        raise LogError(f"the policy is about other logs than {own[0].name}")
    ours = {key.public_key for key in own}
    for witness in policy.witnesses:
        if witness.key.public_key in ours:
            raise LogError(f"the witness {_shown(witness.name)} has a key of the log itself")
    return policy


class _Reading:
    """The lines read so far."""

    def __init__(self) -> None:
        self._logs: list[VerifierKey] = []
        self._named: dict[str, Witness | Group] = {}
        self._members: set[str] = set()
        self._quorum: list[Witness | Group | None] = []

    def line(self, words: Sequence[str]) -> None:
        """Take in one line; LogError."""
        match words:
            case []:
                return
            case ["log", vkey] | ["log", vkey, _]:
                self._log(vkey)
            case ["witness", name, vkey]:
                self._define(name, Witness(name, _key(vkey, COSIGNATURE_V1)))
            case ["witness", name, vkey, url]:
                self._define(name, Witness(name, _key(vkey, COSIGNATURE_V1), url))
            case ["group", name, count, *members] if members:
                self._define(name, Group(name, _threshold(count, len(members)), self._unused(members)))
            case ["quorum", name]:
                self._quorum.append(None if name == _NONE else self._known(name))
            case [word, *_]:
                raise LogError(f"{_shown(word)} with {len(words) - 1} more words is not a statement of a policy")

    def policy(self, text: str) -> Policy:
        """What all lines say together; LogError."""
        if len(self._quorum) != 1:
            raise LogError(f"it has {len(self._quorum)} quorum lines instead of one")
        witnesses = tuple(found for found in self._named.values() if isinstance(found, Witness))
        groups = len(self._named) - len(witnesses)
        if max(len(self._logs), len(witnesses), groups) > MAX_OF_A_KIND:
            raise LogError(f"it has more than {MAX_OF_A_KIND} logs, witnesses or groups")
        keys = [key.public_key for key in (*self._logs, *(witness.key for witness in witnesses))]
        if len(set(keys)) != len(keys):
            raise LogError("a public key stands in it twice")
        return Policy(tuple(self._logs), witnesses, self._quorum[0], text)

    def _log(self, vkey: str) -> None:
        self._logs.append(_key(vkey, ED25519))

    def _define(self, name: str, what: Witness | Group) -> None:
        if name == _NONE or name in self._named:
            raise LogError(f"the name {_shown(name)} is taken")
        self._named[name] = what

    def _known(self, name: str) -> Witness | Group:
        if (found := self._named.get(name)) is None:
            raise LogError(f"{_shown(name)} is not defined above")
        return found

    def _unused(self, names: Sequence[str]) -> tuple[Witness | Group, ...]:
        for name in names:
            if name in self._members:
                raise LogError(f"{_shown(name)} is a member already: nobody counts twice")
            self._members.add(name)
        return tuple(map(self._known, names))


_COUNTS: Final[dict[str, Callable[[int], int]]] = {"any": lambda _: 1, "all": lambda members: members}


def _threshold(count: str, members: int) -> int:
    if count in _COUNTS:
        return _COUNTS[count](members)
    if not _NUMBER.fullmatch(count) or int(count) > members:
        raise LogError(f"a group of {members} needs any, all, or a number from 1 to {members}")
    return int(count)


def _key(vkey: str, kind: int) -> VerifierKey:
    key = VerifierKey.parse(vkey)
    if key.type != kind:
        raise LogError(f"{key.name} has a key of type {key.type:#04x} where {kind:#04x} is needed")
    return key


def _witnessed(who: Witness | Group, signed: set[bytes]) -> bool:
    if isinstance(who, Witness):
        return who.key.public_key in signed
    return sum(_witnessed(member, signed) for member in who.members) >= who.threshold


def _words(line: str) -> list[str]:
    stripped = line.strip(" \t")
    return [] if not stripped or stripped.startswith("#") else _BLANK.split(stripped)


def _shown(name: str) -> str:
    return ascii(name[:60])
