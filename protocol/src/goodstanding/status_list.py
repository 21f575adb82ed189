"""Token Status List (draft-ietf-oauth-status-list-20): two bits per record generation, signed, short-lived.

Payload of a `statuslist+jwt`::

    {"sub": "https://…/status-lists/1", "iat": 1777885200, "exp": 1777888800, "ttl": 60,
     "status_list": {"bits": 2, "lst": "eNrbuRgAAhcBXQ", "aggregation_uri": "https://…/status-lists"}}

Rules (a TokenError's reason in brackets, beside those of `jws.py`)
1. `sub` is the URI the record names [WRONG_LIST].
2. `bits` is 2; `lst` is unpadded base64url of one whole zlib stream, nothing behind it [BAD_LIST].
3. At most 4 MB once inflated, and inflating stops there [LIST_TOO_LARGE].
4. `iat` is there, `exp` ≤ `iat` + 1 h, 1 ≤ `ttl` ≤ 60 s: no list outlives what it says [BAD_LIFETIME].
5. An index outside the list has no status [INDEX_OUT_OF_RANGE].

Entry i is bits 2·(i mod 4) and up of byte i div 4: least significant first (section 4.1 of the draft).
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Self

from goodstanding.canonical import b64u, unb64u
from goodstanding.errors import EventError, TokenError
from goodstanding.jws import ALGS, check_times, sign_jws, verify_jws
from goodstanding.keys import Signer

TYP: Final = "statuslist+jwt"
MEDIA_TYPE: Final = "application/statuslist+jwt"
BITS: Final = 2
PER_BYTE: Final = 8 // BITS
MASK: Final = (1 << BITS) - 1
MAX_INFLATED: Final = 4 * 1024 * 1024
MAX_LIFETIME: Final = 3600
MAX_TTL: Final = 60


@dataclass(slots=True)
class StatusList:
    """The codes 0–3 of a list, four to a byte; `StatusList.of_size(n)` starts with n zeros."""

    data: bytearray = field(default_factory=bytearray)

    @classmethod
    def of_size(cls, entries: int) -> Self:
        """A list of so many zeros, rounded up to whole bytes."""
        return cls(bytearray(-(-entries // PER_BYTE)))

    def __len__(self) -> int:
        """How many entries the list holds."""
        return len(self.data) * PER_BYTE

    def get(self, idx: int) -> int:
        """The code of an entry; TokenError INDEX_OUT_OF_RANGE (rule 5)."""
        byte, shift = self._place(idx)
        return self.data[byte] >> shift & MASK

    def set(self, idx: int, code: int) -> None:
        """Set the code of an entry; ValueError for a code that is not 0–3."""
        if not 0 <= code <= MASK:
            raise ValueError(f"a status code is 0 to {MASK}, not {code}")
        byte, shift = self._place(idx)
        self.data[byte] = self.data[byte] & ~(MASK << shift) | code << shift

    def _place(self, idx: int) -> tuple[int, int]:
        if not 0 <= idx < len(self):
            raise TokenError("INDEX_OUT_OF_RANGE", f"the status list has {len(self)} entries, none with index {idx}")
        return idx // PER_BYTE, idx % PER_BYTE * BITS

    def encode(self) -> str:
        """The `lst` member: zlib at level 9, base64url."""
        return b64u(zlib.compress(bytes(self.data), level=9))

    @classmethod
    def decode(cls, lst: str, max_bytes: int = MAX_INFLATED) -> Self:
        """Read an `lst` member, inflating at most `max_bytes` (rules 2 and 3)."""
        try:
            packed = unb64u(lst)
        except EventError as error:
            raise TokenError("BAD_LIST", f"lst is {error}") from error
        stream = zlib.decompressobj()
        try:
            data = stream.decompress(packed, max_bytes + 1)
        except zlib.error as error:
            raise TokenError("BAD_LIST", "lst is not zlib-compressed data") from error
        if len(data) > max_bytes:
            raise TokenError("LIST_TOO_LARGE", f"the status list inflates to more than {max_bytes} bytes")
        if not stream.eof or stream.unused_data:
            raise TokenError("BAD_LIST", "lst is cut off, or has something behind its end")
        return cls(bytearray(data))


@dataclass(frozen=True, slots=True)
class VerifiedStatusList:
    """A status list whose signature, subject and lifetime were checked. Times are aware UTC, `ttl` is in seconds."""

    uri: str
    list: StatusList
    iat: datetime
    exp: datetime
    ttl: int
    kid: str  # the key that signed it
    nbf: datetime | None = None

    def check(self, now: datetime, leeway: int = 0) -> None:
        """TokenError EXPIRED or NOT_YET_VALID unless it may be relied on at `now`; `leeway` as in `check_times`."""
        times = {"exp": self.exp, "iat": self.iat, "nbf": self.nbf}
        check_times({name: int(at.timestamp()) for name, at in times.items() if at is not None}, now, leeway)


def status_list_payload(
    *,
    uri: str,
    lst: str,
    iat: datetime,
    exp: datetime,
    ttl: int = MAX_TTL,
    aggregation_uri: str | None = None,
) -> dict[str, Any]:
    """The claims of a status list token, times cut to whole seconds; TokenError for a lifetime rule 4 refuses."""
    content: dict[str, Any] = {"bits": BITS, "lst": lst}
    if aggregation_uri is not None:
        content["aggregation_uri"] = aggregation_uri
    claims = {
        "sub": uri,
        "iat": int(iat.timestamp()),
        "exp": int(exp.timestamp()),
        "ttl": ttl,
        "status_list": content,
    }
    _check_lifetime(claims)
    return claims


def sign_status_list(payload: Mapping[str, Any], signer: Signer) -> str:
    """Sign the claims that `status_list_payload` made."""
    return sign_jws(payload, typ=TYP, signer=signer)


def verify_status_list(
    token: str, *, uri: str, keys: Mapping[str, dict[str, Any]], now: datetime, leeway: int = 0
) -> VerifiedStatusList:
    """Verify a status list token for the URI a record names, valid at `now`; `leeway` as in `check_times`."""
    opened = open_status_list(token, uri=uri, keys=keys)
    opened.check(now, leeway)
    return opened


def open_status_list(token: str, *, uri: str, keys: Mapping[str, dict[str, Any]]) -> VerifiedStatusList:
    """Verify all of a status list but whether now is its time, so that it can be kept and asked again."""
    verified = verify_jws(token, typ=TYP, algs=ALGS, keys=keys)
    payload = verified.payload
    if payload.get("sub") != uri:
        raise TokenError(
            "WRONG_LIST",
            f"this is the status list {str(payload.get('sub'))[:200]!r}; the record names {uri!r}",
        )
    _check_lifetime(payload)
    content = payload.get("status_list")
    if not isinstance(content, dict) or content.get("bits") != BITS or not isinstance(content.get("lst"), str):
        raise TokenError("BAD_LIST", f"status_list must hold bits: {BITS} and lst")
    return VerifiedStatusList(
        uri=uri,
        list=StatusList.decode(content["lst"]),
        iat=datetime.fromtimestamp(payload["iat"], UTC),
        exp=datetime.fromtimestamp(payload["exp"], UTC),
        ttl=payload["ttl"],
        kid=verified.header["kid"],
        nbf=datetime.fromtimestamp(payload["nbf"], UTC) if "nbf" in payload else None,
    )


def _check_lifetime(payload: Mapping[str, Any]) -> None:
    ttl = payload.get("ttl")
    if type(ttl) is not int or not 1 <= ttl <= MAX_TTL:
        raise TokenError("BAD_LIFETIME", f"ttl of a status list is 1 to {MAX_TTL} seconds")
    if "iat" not in payload or not 0 < payload["exp"] - payload["iat"] <= MAX_LIFETIME:
        raise TokenError(
            "BAD_LIFETIME", f"a status list says when it was issued, and lives at most {MAX_LIFETIME} seconds"
        )
