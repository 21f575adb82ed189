"""docs/settings.md, made from the settings themselves: `python tests/docs/settings_page.py` writes it anew."""

from collections import defaultdict
from pathlib import Path

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from audit.settings import Settings as Audit
from gateway.settings import Settings as Gateway
from goodstanding_standalone.settings import StandaloneSettings
from registry.settings import Settings as Registry

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"

PROCESSES: dict[str, type[BaseSettings]] = {
    "standalone": StandaloneSettings,
    "registry": Registry,
    "audit": Audit,
    "gateway": Gateway,
}

HEAD = """# Settings

Every setting is an environment variable with the prefix `GOODSTANDING_`. The one-process way (`goodstanding-standalone`) reads
the settings marked *standalone* and derives the rest. Secrets are never logged and never printed.

| variable | read by | default | what it sets |
|---|---|---|---|
"""


def render() -> str:
    """The whole page."""
    seen: dict[str, list[tuple[str, FieldInfo]]] = defaultdict(list)
    for process, settings in PROCESSES.items():
        for name, field in settings.model_fields.items():
            seen[f"GOODSTANDING_{name.upper()}"].append((process, field))
    rows = [_row(variable, uses) for variable, uses in sorted(seen.items())]
    return HEAD + "\n".join(rows) + "\n"


def _row(variable: str, uses: list[tuple[str, FieldInfo]]) -> str:
    readers = ", ".join(process for process, _ in uses)
    defaults = " / ".join(dict.fromkeys(_default(field) for _, field in uses))
    texts = [(field.description or "").rstrip(".") for _, field in uses]
    said = "; ".join({text.lower(): text for text in reversed(texts)}.values())
    return f"| `{variable}` | {readers} | {defaults} | {said} |"


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    if isinstance(value, SecretStr) or value in ("", None, []):
        return "–"
    return f"`{value}`"


if __name__ == "__main__":
    PAGE.write_text(render())
