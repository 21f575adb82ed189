"""What a file says, verified by nobody: `goodstanding inspect` shows it, nothing decides by it."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any

from goodstanding.canonical import format_time
from goodstanding.checkpoint import Checkpoint, TlogProof
from goodstanding.errors import EvidenceError, LogError, TokenError
from goodstanding.evidence import Bundle
from goodstanding.jws import max_bytes_of, read_jws
from goodstanding.note import Note
from goodstanding.record import Record, parse_record
from goodstanding.status_list import TYP as STATUS_LIST_TYP
from goodstanding.status_list import StatusList

_TIMES = ("iat", "nbf", "exp")


def describe(data: bytes) -> dict[str, Any]:
    """What a bundle, record, tlog-proof, checkpoint or signed token holds, as JSON; EvidenceError for anything else."""
    text = data.decode("utf-8", "replace").strip()
    try:
        if text.startswith("{"):
            return _bundle(Bundle.parse(data))
        if text.startswith("c2sp.org/tlog-proof@"):
            return _proof(data)
        if "\n\n" in text:
            return _checkpoint(data)
        return _record(text) if text.endswith("~") else _token(text)
    except (TokenError, LogError) as error:
        raise EvidenceError(f"this cannot be read: {error}") from error


def _bundle(bundle: Bundle) -> dict[str, Any]:
    parts: dict[str, Any] = {"kind": "evidence bundle", "record": _record(bundle.record)}
    if bundle.tlog_proof is not None:
        parts["tlog_proof"] = _proof(bundle.tlog_proof.encode())
    if bundle.status_list is not None:
        parts["status_list"] = _token(bundle.status_list)
    if bundle.receipt is not None:
        parts["receipt"] = _token(bundle.receipt)
    return parts | ({"issuer_keys": list(bundle.issuer_keys)} if bundle.issuer_keys else {})


def _record(token: str) -> dict[str, Any]:
    record = parse_record(token)
    shown: dict[str, Any] = {"kind": "accreditation record", "header": record.header, "payload": record.payload}
    shown["times"] = _times(record.payload)
    try:
        leaf_hash = Record.from_payload(record.payload).leaf_hash.hex()
    except TokenError as error:
        return shown | {"problem": str(error)}
    return shown | {"leaf_hash": leaf_hash}


def _token(text: str) -> dict[str, Any]:
    token = read_jws(text, max_bytes=max_bytes_of(STATUS_LIST_TYP))
    shown: dict[str, Any] = {"kind": "signed token", "header": token.header, "payload": token.payload}
    shown["times"] = _times(token.payload)
    if token.header.get("typ") != STATUS_LIST_TYP:
        return shown
    content = token.payload.get("status_list")
    entries = StatusList.decode(str(content.get("lst")) if isinstance(content, dict) else "")
    return shown | {"kind": "status list", "entries": len(entries), "codes": _codes(entries)}


def _codes(entries: StatusList) -> dict[str, int]:
    per_byte = Counter(entries.data)
    codes = {str(code): 0 for code in range(4)}
    for byte, times in per_byte.items():
        for shift in (0, 2, 4, 6):
            codes[str(byte >> shift & 3)] += times
    return codes


def _proof(data: bytes) -> dict[str, Any]:
    proof = TlogProof.parse(data)
    hashes = [item.hex() for item in proof.hashes]
    checkpoint = _checkpoint(proof.checkpoint)
    return {"kind": "tlog-proof", "index": proof.index, "hashes": hashes, "checkpoint": checkpoint}


def _checkpoint(data: bytes) -> dict[str, Any]:
    note = Note.parse(data)
    tree = Checkpoint.parse(note.text)
    names = [signature.name for signature in note.signatures]
    return {"kind": "checkpoint", "origin": tree.origin, "size": tree.size, "root": tree.root.hex(), "signers": names}


def _times(payload: dict[str, Any]) -> dict[str, str]:
    """The times of a payload as people read them."""
    readable = {}
    for name in _TIMES:
        value = payload.get(name)
        if type(value) is int and 0 <= value < 1 << 33:
            readable[name] = format_time(datetime.fromtimestamp(value, UTC))
    return readable
