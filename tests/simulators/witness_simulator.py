"""A C2SP tlog-witness over HTTP: it watches one log, cosigns what extends what it has seen, and lies when told to."""

import asyncio
import base64
import contextlib
import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from goodstanding.checkpoint import Checkpoint
from goodstanding.errors import LogError
from goodstanding.merkle import EMPTY_ROOT, verify_consistency
from goodstanding.note import Note, VerifierKey, cosign, verify_note

TIME = 1_790_000_000
_REASONS = {200: "OK", 400: "Bad Request", 403: "Forbidden", 404: "Not Found", 409: "Conflict", 422: "Unprocessable"}


class Witness:
    """One witness; `up` makes it listen on a free port of this machine."""

    def __init__(self, name, log_vkey):
        self.name = name
        self.size, self.root = 0, EMPTY_ROOT
        self.delay = 0.0  # seconds before each answer
        self.lie = None  # "signature" | "stranger" | "ahead" | "huge" | "silent" | "status"
        self.asked = []  # old sizes of the requests that came
        self.answered = []  # and what came of them
        self._log = VerifierKey.parse(log_vkey)
        self._private = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())
        self.key = VerifierKey.cosigner(name, self._private.public_key().public_bytes_raw())
        self._server = None
        self.port = 0

    @property
    def line(self):
        """Its line of a policy."""
        return f"witness {self.name} {self.key.encode()} http://127.0.0.1:{self.port}/w\n"

    async def up(self):
        """Listen, on the same port as before."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def down(self):
        """Stop listening; what it has seen is kept."""
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _serve(self, reader, writer):
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
            length = next(int(line.partition(":")[2]) for line in head if line.startswith("content-length:"))
            body = await reader.readexactly(length)
            await asyncio.sleep(self.delay)
            if self.lie != "silent":
                status, answer = self.add_checkpoint(body) if head[0].startswith("post /w/add-check") else (404, b"")
                self.answered.append(status)
                first = f"HTTP/1.1 {status} {_REASONS.get(status, 'Other')}\r\nConnection: close\r\n"
                writer.write(f"{first}Content-Length: {len(answer)}\r\n\r\n".encode() + answer)
                await writer.drain()
        writer.close()

    def add_checkpoint(self, body):
        """Status and body of the answer to a request."""
        match self.lie:
            case "ahead":
                return 409, b"1000000\n"
            case "huge":
                return 200, b"x" * 100_000
            case "status":
                return 503, b"later\n"
        try:
            head, _, note = body.partition(b"\n\n")
            old, *proof = head.decode().split("\n")
            size = int(old.removeprefix("old "))
            return self._judged(size, [base64.b64decode(line) for line in proof], Note.parse(note))
        except (LogError, ValueError):
            return 400, b""

    def _judged(self, old, proof, note):
        self.asked.append(old)
        checkpoint = Checkpoint.parse(note.text)
        if problem := self._problem(old, proof, note, checkpoint):
            return problem, f"{self.size}\n".encode() if problem == 409 else b""
        self.size, self.root = checkpoint.size, checkpoint.root
        return 200, self._lines(note.text)

    def _problem(self, old, proof, note, checkpoint):
        """The status of a refusal, None when the checkpoint can be cosigned."""
        if checkpoint.origin != self._log.name:
            return 404
        if not _signed(note, self._log):
            return 403
        if old > checkpoint.size:
            return 400
        if old != self.size or (old == checkpoint.size and checkpoint.root != self.root):
            return 409
        return None if not old or _extends(old, self.root, checkpoint, proof) else 422

    def _lines(self, text):
        """Its cosignature, between lines of keys nobody knows."""
        signed = text if self.lie != "signature" else text + b"other\n"
        own = cosign(signed, self.key, self._private.sign, TIME)
        stranger = VerifierKey.cosigner("stranger.example", own_public("stranger.example"))
        other = cosign(text, stranger, _private("stranger.example").sign, TIME)
        lines = [other] if self.lie == "stranger" else [other, own]
        return "".join(f"{line.encode()}\n" for line in lines).encode()


def _signed(note, key):
    try:
        return bool(verify_note(note, [key]))
    except LogError:
        return False


def _extends(old, root, checkpoint, proof):
    try:
        verify_consistency(old, root, checkpoint.size, checkpoint.root, proof)
    except LogError:
        return False
    return True


def _private(name):
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())


def own_public(name):
    return _private(name).public_key().public_bytes_raw()
