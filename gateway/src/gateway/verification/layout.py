"""The bytes of one accreditation: all that an answer needs, in one block that is copied as it is.

    block        header ‖ decisions ‖ generations ‖ links ‖ keys ‖ name

    header       48   u32 decisions, u32 generations, u32 links, u32 authority*, u32 scheme*,
                      u16 keys, u16 bytes of the name, 16 organisation', u8 flags, 7 zeros
    decision     80   16 event id, i64 effective from, i64 decided at, i64 effective until, u64 log index,
                      u32 act*, u32 local word*, u32 mapping*, u32 source*, u32 generation (from 1, 0: opens none),
                      u32 first link, u16 links that it corrects, u8 closes (1: its first link), u8 basis, u8 measure,
                      u8 suspensive, 2 zeros; in the order of the chain
    generation   36   i64 valid from, i64 valid until, u64 status index, u32 status URI*, u32 scope*, u32 authority*
    link         16   event id: what a decision closes, then what it corrects
    key          16   what the newest accreditation object is found by (`keys.py`)
    name              UTF-8: the organisation's name in that object

Numbers are in the machine's byte order. Times are milliseconds since 1970, NEVER where there is none. A star marks the
id of a label (`labels.py`), 0 where there is none; organisation' is the organisation's key. Whatever belongs to this
accreditation alone stands in the block, so that erasing is forgetting the block. Not kept are texts, conditions and
redirects: no verdict rests on them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from struct import Struct
from typing import Any, Final, Protocol

from goodstanding.canonical import parse_time
from goodstanding.decisions import Decision, Generation, Scope
from goodstanding.transitions import Basis, Standing

Block = bytes | memoryview

HEADER: Final = Struct("=IIIIIHH16sB7x")
DECISION: Final = Struct("=16sqqqQIIIIIIHBBBB2x")
GENERATION: Final = Struct("=qqQIII")
ID: Final = 16
NEVER: Final = -(2**63)
FLAGS: Final = 40
"""Where in a block its flags stand."""

ERASED: Final = 1
"""Flag: a decision of this accreditation was erased; its block is a bare header."""

_BASES = (Basis.DECIDED, Basis.FEED, Basis.TRANSCRIBED)
_MEASURES = (None, "disciplinary", "preventive", "administrative")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class Words(Protocol):
    """What the ids in a block stand for."""

    def text(self, label: int) -> str:
        """The text of a label."""

    def scope(self, label: int) -> Scope:
        """The scope whose canonical JSON is the text of a label."""

    def listed(self, mapping: int, word: str) -> Standing | None:
        """What a local word means by a mapping; None where that is not known."""


class Labelling(Protocol):
    """Gives ids to texts."""

    def id(self, text: str) -> int:
        """The id of a text, the same every time."""

    def scope_id(self, scope: Mapping[str, Any]) -> int:
        """The id of a scope as it stands in a body."""

    def mapping_id(self, scheme: str, version: str) -> int:
        """The id of a version of a scheme's mapping."""


@dataclass(frozen=True, slots=True)
class Header:
    """The header of a block, read."""

    decisions: int
    generations: int
    links: int
    authority: int
    scheme: int
    keys: int
    name: int
    organisation: bytes
    flags: int

    @classmethod
    def of(cls, block: Block) -> "Header":
        """Read the header."""
        return cls(*HEADER.unpack_from(block))

    @property
    def erased(self) -> bool:
        """True where nothing is kept but the fact."""
        return bool(self.flags & ERASED)

    @property
    def ends(self) -> tuple[int, int, int, int]:
        """Where decisions, generations, links and keys end."""
        decisions = HEADER.size + self.decisions * DECISION.size
        generations = decisions + self.generations * GENERATION.size
        links = generations + self.links * ID
        return decisions, generations, links, links + self.keys * ID


def opened(organisation: bytes, authority: int, scheme: int, *, erased: bool = False) -> bytes:
    """A block without decisions; `organisation` is its key."""
    return HEADER.pack(0, 0, 0, authority, scheme, 0, 0, organisation, ERASED if erased else 0)


def erased(block: Block) -> bytes:
    """The block with nothing left but whose it was."""
    header = Header.of(block)
    return opened(header.organisation, header.authority, header.scheme, erased=True)


def decided(block: Block, body: Mapping[str, Any], index: int, labels: Labelling) -> bytes:
    """The block after one more decision of its chain; `body` was checked."""
    n, g, k, authority, scheme, keys, name, organisation, flags = HEADER.unpack_from(block)
    decisions = HEADER.size + n * DECISION.size
    generations = decisions + g * GENERATION.size
    links = generations + k * ID
    generation = _generation(body, labels) if "accreditation" in body else b""
    linked = _links(body)
    row = _decision(body, index, labels, g + 1 if generation else 0, k)
    header = HEADER.pack(
        n + 1, g + bool(generation), k + len(linked) // ID, authority, scheme, keys, name, organisation, flags
    )
    return b"".join((
        header, block[HEADER.size : decisions], row, block[decisions:generations], generation,
        block[generations:links], linked, block[links:],
    ))  # fmt: skip


def described(block: Block, keys: Sequence[bytes], name: str | None) -> bytes:
    """The block with other keys and another name."""
    n, g, k, authority, scheme, _, _, organisation, flags = HEADER.unpack_from(block)
    links = HEADER.size + n * DECISION.size + g * GENERATION.size + k * ID
    text = (name or "").encode()
    header = HEADER.pack(n, g, k, authority, scheme, len(keys), len(text), organisation, flags)
    return b"".join((header, block[HEADER.size : links], *keys, text))


def keys_of(block: Block) -> list[bytes]:
    """The keys that lead to this accreditation."""
    header = Header.of(block)
    _, _, start, end = header.ends
    return [bytes(block[at : at + ID]) for at in range(start, end, ID)]


def name_of(block: Block) -> str | None:
    """The name in the newest accreditation object."""
    header = Header.of(block)
    start = header.ends[3]
    return str(block[start : start + header.name], "utf-8") if header.name else None


def event_ids(block: Block) -> list[bytes]:
    """The event ids of its decisions, 16 bytes each."""
    end = Header.of(block).ends[0]
    return [bytes(block[at : at + ID]) for at in range(HEADER.size, end, DECISION.size)]


def decisions_of(block: Block, number: str, words: Words) -> tuple[Decision, ...]:
    """The decisions as the fold takes them, in the order of their chain."""
    header = Header.of(block)
    ends = header.ends
    rows = DECISION.iter_unpack(block[HEADER.size : ends[0]])
    return tuple(_read(row, number, block, ends, words) for row in rows)


def _decision(body: Mapping[str, Any], index: int, labels: Labelling, generation: int, link: int) -> bytes:
    word, until = body.get("local_word"), body.get("effective_until")
    return DECISION.pack(
        id_bytes(body["event_id"]),
        _milliseconds(body["effective_from"]),
        _milliseconds(body["decided_at"]),
        NEVER if until is None else _milliseconds(until),
        index,
        labels.id(body["act"]),
        0 if word is None else labels.id(word),
        0 if word is None else labels.mapping_id(body["scheme"], body.get("mapping_version", "")),
        labels.id(body["asserted_by"]) if "asserted_by" in body else 0,
        generation,
        link,
        len(body.get("corrects", ())),
        "closes" in body,
        _BASES.index(body["basis"].upper()),
        _MEASURES.index(body.get("measure")),
        body.get("suspensive", False),
    )


def _generation(body: Mapping[str, Any], labels: Labelling) -> bytes:
    accreditation, status = body["accreditation"], body["status"]
    start, end = accreditation.get("valid_from"), accreditation.get("valid_until")
    return GENERATION.pack(
        NEVER if start is None else _milliseconds(start),
        NEVER if end is None else _milliseconds(end),
        status["idx"],
        labels.id(status["uri"]),
        labels.scope_id(accreditation["scope"]),
        labels.id(body["authority"]),
    )


def _links(body: Mapping[str, Any]) -> bytes:
    closes = (body["closes"],) if "closes" in body else ()
    return b"".join(id_bytes(event_id) for event_id in (*closes, *body.get("corrects", ())))


def _read(row: tuple[Any, ...], number: str, block: Block, ends: tuple[int, int, int, int], words: Words) -> Decision:
    event, start, decided, until, index, act, word, mapping, source, generation, link, *small = row
    corrects, closes, basis, measure, suspensive = small
    event_id = id_text(event)
    said = words.text(word) if word else None
    at = ends[1] + link * ID
    links = [id_text(block[place : place + ID]) for place in range(at, at + (closes + corrects) * ID, ID)]
    return Decision(
        event_id=event_id,
        number=number,
        act=words.text(act),
        basis=_BASES[basis],
        effective_from=_moment(start),
        decided_at=_moment(decided),
        index=index,
        effective_until=None if until == NEVER else _moment(until),
        closes=links[0] if closes else None,
        corrects=tuple(links[closes:]),
        measure=_MEASURES[measure],
        suspensive=bool(suspensive),
        local_word=said,
        listed=None if said is None else words.listed(mapping, said),
        generation=_read_generation(event_id, block, ends[0] + (generation - 1) * GENERATION.size, words)
        if generation
        else None,
        source=words.text(source) if source else None,
    )


def _read_generation(event_id: str, block: Block, at: int, words: Words) -> Generation:
    start, end, idx, uri, scope, authority = GENERATION.unpack_from(block, at)
    return Generation(
        event_id=event_id,
        scope=words.scope(scope),
        valid_from=None if start == NEVER else _moment(start),
        valid_until=None if end == NEVER else _moment(end),
        status_uri=words.text(uri),
        status_idx=idx,
        authority=words.text(authority),
    )


def id_bytes(event_id: str) -> bytes:
    """An event id as 16 bytes."""
    return bytes.fromhex(event_id.replace("-", ""))


def id_text(event_id: Block) -> str:
    """An event id as it is written."""
    digits = event_id.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


@lru_cache(maxsize=4096)
def _milliseconds(text: str) -> int:
    """Cached: the times of decisions taken together are mostly the same."""
    return (parse_time(text) - _EPOCH) // _MILLISECOND


def _moment(milliseconds: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=milliseconds)
