"""The command line: `goodstanding verify`, `goodstanding inspect` and `goodstanding monitor`.

Exit status: 0 in good standing · 1 not in good standing · 2 cannot conclude · 3 input or command cannot be used.
`inspect` exits 0 when it could read the file: it verifies nothing. `monitor` has statuses of its own from 10 on.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

from goodstanding.canonical import format_time
from goodstanding.errors import GoodstandingError
from goodstanding.evidence import MAX_BUNDLE, Bundle
from goodstanding.inspection import describe
from goodstanding.standing import Scope
from goodstanding.terminal import UNUSABLE, Answer, plain, sentence, stop, write
from goodstanding.trust import Trust
from goodstanding.verdict import Verdict, VerdictKind
from goodstanding.verifier import Verifier

try:
    import typer
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from goodstanding.monitoring.command import app as monitor_app
except ImportError:  # the library works without them; only this module does not
    sys.stderr.write("goodstanding: the command line needs its extra; run: pip install 'goodstanding[cli]'\n")
    raise SystemExit(3) from None

if TYPE_CHECKING:
    from goodstanding.client import Client

_EXIT = {VerdictKind.IN_GOOD_STANDING: 0, VerdictKind.NOT_IN_GOOD_STANDING: 1, VerdictKind.CANNOT_CONCLUDE: 2}
_PAINT = {  # the words carry the answer; colour only repeats it
    VerdictKind.IN_GOOD_STANDING: ("IN GOOD STANDING", "bold green"),
    VerdictKind.NOT_IN_GOOD_STANDING: ("NOT IN GOOD STANDING", "bold red"),
    VerdictKind.CANNOT_CONCLUDE: ("CANNOT CONCLUDE", "bold yellow"),
}
_LINES = ("number", "organisation_name", "standing", "authority", "scheme", "valid_from", "valid_until",
          "as_of", "known_at", "tree_size", "fresh_until")  # fmt: skip

app = typer.Typer(help=__doc__, add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
app.add_typer(monitor_app, name="monitor")


@app.command()
def verify(
    what: Annotated[str, typer.Argument(help="An evidence bundle, a record alone, or with --register a number.")],
    trust: Annotated[Path, typer.Option(help="The trust file: whose signatures count.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the verdict as JSON.")] = False,
    at: Annotated[str, typer.Option(help="Judge at this time, such as 2026-05-04T09:00:00Z.")] = "",
    origin: Annotated[str, typer.Option(help="Country the workers leave; goes with --destination.")] = "",
    destination: Annotated[str, typer.Option(help="Country the workers go to; goes with --origin.")] = "",
    sector: Annotated[str, typer.Option(help="Sector that must be covered.")] = "",
    activity: Annotated[str, typer.Option(help="Activity that must be covered.")] = "",
    register: Annotated[str, typer.Option(help="Ask this register about a number.")] = "",
    still_stands: Annotated[
        bool, typer.Option("--still-stands", help="Judge by the proof and status list published now.")
    ] = False,
) -> None:
    """Say whether an organisation is in good standing. Uses the network with --register and --still-stands only."""
    scope = _scope(origin, destination, sector, activity)
    if at and (register or still_stands):
        stop("--at judges what is in a file; with --register or --still-stands the register answers for now")
    try:
        keys = Trust.load(trust)
        if register:
            verdict = _online(register, keys, lambda client: client.verify(what, scope=scope))
        elif still_stands:
            bundle = _bundle(_read(Path(what)))
            verdict = _online("", keys, lambda client: client.still_stands(bundle, scope=scope))
        else:
            now = _time(at) if at else None
            verdict = Verifier(keys).verify_bundle(_bundle(_read(Path(what))), now=now, scope=scope)
    except (GoodstandingError, OSError) as error:
        stop(sentence(error))
    if as_json:
        write(json.dumps(verdict_json(verdict), ensure_ascii=False, indent=2))
    else:
        _show(verdict)
    raise Answer(_EXIT[verdict.verdict])


@app.command()
def inspect(
    file: Annotated[Path, typer.Argument(help="A bundle, record, proof, checkpoint or status list.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON only.")] = False,
) -> None:
    """Show what FILE says WITHOUT verifying any of it."""
    try:
        content = describe(_read(file))
    except (GoodstandingError, OSError) as error:
        stop(sentence(error))
    if not as_json:
        write("NOT VERIFIED. This is what the file says of itself; nothing below has been checked.")
    write(json.dumps({"verified": False, **content}, ensure_ascii=False, indent=2))
    raise Answer(0)


def main() -> NoReturn:
    """Entry point of the `goodstanding` command."""
    try:
        app()
    except Answer:
        raise
    except SystemExit as error:
        raise SystemExit(UNUSABLE if error.code else 0) from None
    raise SystemExit(0)


def verdict_json(verdict: Verdict) -> dict[str, Any]:
    """Write a verdict as JSON: the names of the public schema, times in the one text form, absent members null."""
    return {_camel(name): _value(value) for name, value in dataclasses.asdict(verdict).items()}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _value(value: Any) -> Any:
    if isinstance(value, datetime):
        return format_time(value)
    return value.isoformat() if isinstance(value, date) else value


def _online(register: str, trust: Trust, ask: Callable[[Client], Verdict]) -> Verdict:
    try:
        from goodstanding.client import Client  # noqa: PLC0415 - an extra of its own
    except ImportError:
        stop("asking a register needs its extra; run: pip install 'goodstanding[cli,client]'")
    with Client(register or None, trust) as client:
        return ask(client)


def _read(file: Path) -> bytes:
    with file.open("rb") as stream:
        return stream.read(MAX_BUNDLE + 1)


def _bundle(data: bytes) -> Bundle:
    record = data.strip()
    if record.endswith(b"~") and record.isascii():
        return Bundle(record.decode("ascii"))
    return Bundle.parse(data)


def _scope(origin: str, destination: str, sector: str, activity: str) -> Scope | None:
    if bool(origin) != bool(destination):
        stop("--origin and --destination name a corridor together; give both or neither")
    asked = Scope(
        activities=frozenset({activity} - {""}),
        sectors=frozenset({sector} - {""}),
        corridors=frozenset({(origin, destination)} - {("", "")}),
    )
    return None if asked == Scope() else asked


def _time(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        stop(f"--at {text[:40]!r} is not a time; write it as 2026-05-04T09:00:00Z")
    if moment.tzinfo is None:
        stop(f"--at {text} has no zone; end it with Z for UTC")
    return moment.astimezone(UTC)


def _show(verdict: Verdict) -> None:
    words, style = _PAINT[verdict.verdict]
    table = Table.grid(padding=(0, 2))
    for name, value in ((name, _value(getattr(verdict, name))) for name in _LINES):
        if value is not None:
            table.add_row(Text(name.replace("_", " "), style="dim"), Text(plain(str(value))))
    for entry in verdict.reasons:
        table.add_row(Text(plain(entry.code), style="bold"), Text(plain(entry.message)))
    console = Console(highlight=False)
    console.print(Text(words, style=style))
    console.print(table)
