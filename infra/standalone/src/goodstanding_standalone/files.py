"""Small files that programs find here: written whole or not at all, and secrets for their owner's eyes only."""

import os
import secrets
import tempfile
from pathlib import Path

PRIVATE = 0o600
PUBLIC = 0o644


def write_file(path: Path, text: str, mode: int) -> None:
    """Replace a file's text at once; a reader sees the old text or the new one, a crash leaves one of the two."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), mode)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def service_token(folder: Path) -> str:
    """What the registry shows the log to be let in: made on first use, kept in `folder`, never shown elsewhere."""
    path = folder / "service-token"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_file(path, secrets.token_urlsafe(32), PRIVATE)
    return path.read_text("utf-8").strip()
