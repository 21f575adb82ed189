"""The trust configuration: whose signatures count, and for what. A verifier takes keys from here and nowhere else.

The file::

    {"samples": true,
     "logs": [{"prefix": "TEST", "origin": "r.example/log", "vkey": "…", "time_vkey": "…", "witnesses": ["…"],
               "policy": "…"}],
     "issuers": {"https://r.example/authorities/aut_x":
                     {"name": "Ministry", "time_zone": "Asia/Manila", "keys": [{…}]}},
     "status": [{"prefix": "https://r.example/status-lists/", "keys": [{…}]}]}

Rules
1. A number prefix belongs to exactly one log, and every log names its own time cosigner.
2. Keys are sound (`keys.py`), verifier keys well formed (`note.py`); an issuer's key is no other issuer's.
3. A status list is trusted when its URI is one of the prefixes plus a single path segment.
4. A log is witnessed when one of its `witnesses` has cosigned, and with a `policy` (the text of a C2SP tlog-policy)
   when that is satisfied; the policy's witnesses are then the log's.
5. `samples` says whether numbers with the prefix `TEST` may be answered at all; absent means no.

Compatibility: members may be added; a reader ignores those it does not know. When absent, `time_zone` is UTC,
`witnesses` and `status` are empty, and there is no `policy`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self
from zoneinfo import ZoneInfo

from goodstanding.canonical import parse_json
from goodstanding.checkpoint import VerifiedCheckpoint, verify_checkpoint
from goodstanding.errors import EventError, KeyRefused, LogError, TrustError
from goodstanding.keys import key_set
from goodstanding.note import COSIGNATURE_V1, ED25519, VerifierKey
from goodstanding.policy import Policy, fitting, parse_policy, satisfied

MAX_TRUST_FILE: Final = 1024 * 1024

_PREFIX = re.compile(r"[A-Z]{2,6}", re.ASCII)
_SEGMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII)


@dataclass(frozen=True, slots=True)
class TrustedLog:
    """The log that numbers of one prefix are logged in, the key that tells its time, and outside witnesses."""

    prefix: str
    origin: str
    vkey: VerifierKey
    time_vkey: VerifierKey
    witnesses: tuple[VerifierKey, ...] = ()
    policy: Policy | None = None

    def verify(self, note: bytes) -> VerifiedCheckpoint:
        """Check a checkpoint against this log's keys; LogError when it is not the log's, or carries no time."""
        return verify_checkpoint(note, log=self.vkey, time_cosigner=self.time_vkey, witnesses=self.witnesses)

    def witnessed(self, seen: VerifiedCheckpoint) -> bool:
        """Whether those outside who cosigned are enough (rule 4)."""
        return bool(seen.outside) if self.policy is None else satisfied(self.policy, seen.outside)


@dataclass(frozen=True, slots=True)
class TrustedIssuer:
    """An authority whose records count: its name for people, its keys (kid -> JWK), its time zone for printed days."""

    name: str
    keys: Mapping[str, dict[str, Any]]
    time_zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Trust:
    """A checked trust configuration."""

    logs: Mapping[str, TrustedLog]  # by number prefix
    issuers: Mapping[str, TrustedIssuer]  # by `iss`
    status: Mapping[str, Mapping[str, dict[str, Any]]] = field(default_factory=dict)  # by URI prefix
    samples: bool = False

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """Read a trust file of at most 1 MB; TrustError says what is wrong and where."""
        path = Path(path)
        try:
            with path.open("rb") as file:
                data = file.read(MAX_TRUST_FILE + 1)
            return cls.from_json(parse_json(data, max_bytes=MAX_TRUST_FILE))
        except OSError as error:
            raise TrustError(f"the trust file {path.name} cannot be read: {error.strerror}") from error
        except (EventError, TrustError) as error:
            raise TrustError(f"the trust file {path.name} is refused: {error}") from error

    @classmethod
    def from_json(cls, value: Any) -> Self:
        """Check a trust configuration read from JSON; TrustError says what is wrong and where."""
        members = _object(value, "the trust configuration")
        samples = members.get("samples", False)
        if not isinstance(samples, bool):
            raise TrustError("samples must be true or false")
        logs: dict[str, TrustedLog] = {}
        for entry in _array(members, "logs"):
            log = _log(_object(entry, "an entry of logs"))
            if logs.setdefault(log.prefix, log) is not log:
                raise TrustError(f"the prefix {log.prefix} is given to two logs; a number belongs to exactly one")
        issuers = {iss: _issuer(iss, entry) for iss, entry in _object(members.get("issuers"), "issuers").items()}
        _check_owners(issuers)
        return cls(logs, issuers, _status(members), samples)

    def to_json(self) -> dict[str, Any]:
        """The configuration as the JSON object `from_json` reads."""
        return {
            "samples": self.samples,
            "logs": [_log_json(log) for log in self.logs.values()],
            "issuers": {
                iss: {"name": issuer.name, "time_zone": issuer.time_zone, "keys": list(issuer.keys.values())}
                for iss, issuer in self.issuers.items()
            },
            "status": [{"prefix": prefix, "keys": list(keys.values())} for prefix, keys in self.status.items()],
        }

    def status_keys(self, uri: str) -> Mapping[str, dict[str, Any]] | None:
        """The keys (kid -> JWK) trusted to sign a status list (rule 3), None for a URI nobody vouches for."""
        for prefix, keys in self.status.items():
            if uri.startswith(prefix) and _SEGMENT.fullmatch(uri.removeprefix(prefix)):
                return keys
        return None


def _log(entry: dict[str, Any]) -> TrustedLog:
    prefix, origin = _text(entry, "prefix", "a log"), _text(entry, "origin", "a log")
    if not _PREFIX.fullmatch(prefix):
        raise TrustError(f"the number prefix {prefix[:20]!r} of a log is not 2 to 6 capital letters")
    where = f"the log for {prefix}"
    vkey = _vkey(_text(entry, "vkey", where), ED25519, where)
    if vkey.name != origin:
        raise TrustError(f"{where} has origin {origin!r}, but its vkey is of {vkey.name!r}")
    time_vkey = _vkey(_text(entry, "time_vkey", where), COSIGNATURE_V1, where)
    witnesses = tuple(_vkey(text, COSIGNATURE_V1, where) for text in _array(entry, "witnesses", optional=True))
    policy = _policy(entry, where, vkey, time_vkey)
    return TrustedLog(prefix, origin, vkey, time_vkey, witnesses if policy is None else policy.keys, policy)


def _policy(entry: dict[str, Any], where: str, *own: VerifierKey) -> Policy | None:
    if "policy" not in entry:
        return None
    try:
        return fitting(parse_policy(_text(entry, "policy", where).encode()), *own)
    except (LogError, UnicodeEncodeError) as error:
        raise TrustError(f"the policy of {where} is refused: {error}") from error


def _log_json(log: TrustedLog) -> dict[str, Any]:
    witnesses = [witness.encode() for witness in log.witnesses]
    keys = {"vkey": log.vkey.encode(), "time_vkey": log.time_vkey.encode(), "witnesses": witnesses}
    policy = {} if log.policy is None else {"policy": log.policy.text}
    return {"prefix": log.prefix, "origin": log.origin, **keys, **policy}


def _vkey(text: Any, kind: int, where: str) -> VerifierKey:
    try:
        key = VerifierKey.parse(text if isinstance(text, str) else "")
    except LogError as error:
        raise TrustError(f"a verifier key of {where} is refused: {error}") from error
    if key.type != kind:
        raise TrustError(
            f"{where} needs type 0x01 for its vkey and 0x04 for time_vkey and witnesses; {key.name} is 0x{key.type:02x}"
        )
    return key


def _issuer(iss: str, value: Any) -> TrustedIssuer:
    where = f"the issuer {iss[:200]}"
    entry = _object(value, where)
    time_zone = entry.get("time_zone", "UTC")
    try:
        ZoneInfo(time_zone)
    except (ValueError, TypeError, OSError, KeyError) as error:
        raise TrustError(f"{where} has a time_zone nobody knows: {str(time_zone)[:60]!r}") from error
    return TrustedIssuer(_text(entry, "name", where), _keys(entry, where), time_zone)


def _check_owners(issuers: Mapping[str, TrustedIssuer]) -> None:
    """Whoever lists another's key has not shown that it holds it."""
    owners: dict[str, str] = {}
    for iss, issuer in issuers.items():
        for kid in issuer.keys:
            if owners.setdefault(kid, iss) != iss:
                raise TrustError(
                    f"the key {kid} is listed for {owners[kid][:200]} and for {iss[:200]}; leave it with its holder"
                )


def _status(members: dict[str, Any]) -> dict[str, Mapping[str, dict[str, Any]]]:
    status: dict[str, Mapping[str, dict[str, Any]]] = {}
    for value in _array(members, "status", optional=True):
        entry = _object(value, "an entry of status")
        prefix = _text(entry, "prefix", "a status list")
        if not prefix.endswith("/") or prefix in status:
            raise TrustError(f"the status list prefix {prefix[:200]!r} must end with / and be given once")
        status[prefix] = _keys(entry, f"the status lists under {prefix[:200]}")
    return status


def _keys(entry: dict[str, Any], where: str) -> dict[str, dict[str, Any]]:
    try:
        return key_set([_object(jwk, f"a key of {where}") for jwk in _array(entry, "keys")])
    except KeyRefused as error:
        raise TrustError(f"a key of {where} is refused: {error}") from error


def _object(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TrustError(f"{what} must be a JSON object")
    return value


def _array(entry: dict[str, Any], name: str, *, optional: bool = False) -> list[Any]:
    value = entry.get(name, [] if optional else None)
    if not isinstance(value, list):
        raise TrustError(f"{name} must be a JSON array")
    return value


def _text(entry: dict[str, Any], name: str, where: str) -> str:
    value = entry.get(name)
    if not isinstance(value, str) or not value:
        raise TrustError(f"{where} lacks its {name}")
    return value
