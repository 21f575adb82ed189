"""Command line of intake: `registry intake prepare | stage | list | show | release`."""

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from goodstanding.canonical import format_time
from goodstanding.clock import system_clock
from registry.console import Register, print_json, progress, run
from registry.intake.layouts import LAYOUTS
from registry.intake.service import Intake
from registry.intake.snapshots import SETTLED, Snapshot

app = typer.Typer(help="Lists: stage a file, look at it, release it.", no_args_is_help=True)

ROWS_SHOWN = 20  # held and rejected rows that `show` prints

Token = Annotated[
    str, typer.Option(envvar="GOODSTANDING_TOKEN", show_envvar=True, help="Your access token.", show_default=False)
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
_LAYOUT = f"One of {', '.join(LAYOUTS)}."


@app.command()
def prepare(layout: Annotated[str, typer.Argument(help=_LAYOUT)], as_json: AsJson = False) -> None:
    """Found the schemes that lists of LAYOUT need, with owner and mandate. Doing it again changes nothing."""
    founded = run(lambda register: intake_of(register).prepare(layout))
    if as_json:
        print_json({"founded": founded})
    else:
        typer.echo(f"Founded {', '.join(founded)}." if founded else "Everything is there already.")


@app.command()
def stage(
    file: Annotated[Path, typer.Argument(help="The list, as it was published; gzip is unpacked.")],
    token: Token,
    layout: Annotated[str, typer.Option(help=_LAYOUT)],
    transcribed_from: Annotated[
        str | None, typer.Option(help="Address at which somebody else published the list; without it, it is your own.")
    ] = None,
    authority: Annotated[str | None, typer.Option(help="Whose list it is, when you may upload for several.")] = None,
    as_json: AsJson = False,
) -> None:
    """Read FILE and store what becomes of its rows; nothing is released."""

    async def work(register: Register) -> Snapshot:
        actor = await register.actor(token)
        size = file.stat().st_size if file.is_file() else 0
        with progress("Reading") as report:
            return await intake_of(register).stage(
                actor, file, layout, transcribed_from=transcribed_from, authority=authority,
                progress=lambda _rows, read: report(read, size),
            )  # fmt: skip

    show_snapshot(run(work), as_json=as_json)


@app.command("list")
def list_snapshots(token: Token, as_json: AsJson = False) -> None:
    """List the newest snapshots of your authorities."""

    async def work(register: Register) -> list[Snapshot]:
        return await intake_of(register).snapshots(await register.actor(token))

    snapshots = run(work)
    if as_json:
        print_json({"snapshots": [snapshot_json(snapshot) for snapshot in snapshots]})
        return
    for one in snapshots:
        typer.echo(f"{one.id}  {one.state:9}  {one.uploaded_at:%Y-%m-%d %H:%M}  {one.rows:>9,} rows  {one.file_name}")
    if not snapshots:
        typer.echo("Your authorities have no snapshots.")


@app.command()
def show(
    token: Token, snapshot: Annotated[str, typer.Argument(help="Id of the snapshot.")], as_json: AsJson = False
) -> None:
    """Show one snapshot and the first of its held and rejected rows."""

    async def work(register: Register) -> tuple[Snapshot, list[tuple[int, str, str]], list[tuple[str, str]]]:
        intake, actor = intake_of(register), await register.actor(token)
        rows = await intake.refused_rows(actor, snapshot, most=ROWS_SHOWN)
        return await intake.show(actor, snapshot), rows, await intake.held_gone(actor, snapshot, most=ROWS_SHOWN)

    shown, rows, gone = run(work)
    if as_json:
        refused = [{"row": row, "outcome": outcome, "reason": reason} for row, outcome, reason in rows]
        absent = [{"name": name, "reason": reason} for name, reason in gone]
        print_json(snapshot_json(shown) | {"refused_rows": refused, "held_absent": absent})
        return
    show_snapshot(shown, as_json=False)
    for row, outcome, reason in rows:
        typer.echo(f"  row {row}: {outcome}: {reason}")
    for name, reason in gone:
        typer.echo(f"  not in the file: {name}: HELD: {reason}")
    if (more := shown.held + shown.rejected + shown.held_gone - len(rows) - len(gone)) > 0:
        typer.echo(f"  and {more:,} more")


@app.command()
def release(
    token: Token,
    snapshot: Annotated[str | None, typer.Argument(help="Id of the snapshot; not needed when only one waits.")] = None,
    removes: Annotated[
        int | None, typer.Option(help="Needed where a list would remove more than 2 %: how many, as `show` tells.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Release a snapshot that another person uploaded; a release that was cut short goes on where it stopped."""

    async def work(register: Register) -> Snapshot:
        actor = await register.actor(token)
        with progress("Releasing") as report:
            return await intake_of(register).release(actor, snapshot, removes=removes, progress=report)

    show_snapshot(run(work), as_json=as_json)


def intake_of(register: Register) -> Intake:
    """Intake on an open register; the server's workers find what it leaves for them by themselves."""
    return Intake(register.database, system_clock, register.settings)


def show_snapshot(snapshot: Snapshot, *, as_json: bool) -> None:
    """Print a snapshot: what became of its rows, and what to do next."""
    if as_json:
        print_json(snapshot_json(snapshot))
        return
    one = snapshot
    lines = [
        f"{one.id}  {one.state}  {one.file_name}",
        f"  {one.basis} for {one.authority_id}" + (f" from {one.source}" if one.source else ""),
        f"  {one.rows:,} rows = {one.accepted:,} accepted + {one.held:,} held + {one.rejected:,} rejected",
        f"  {one.released:,} of {one.to_release:,} changes released; {one.listed_before:,} were listed before",
    ]
    console = Console()
    console.print(Text("\n".join(lines)), soft_wrap=True)
    console.print(_difference(one))
    console.print(Text("\n".join(_next(one))), soft_wrap=True)


def _difference(snapshot: Snapshot) -> Padding:
    """How the list differs from the one before."""
    table = Table(box=None, pad_edge=False, padding=(0, 2))
    for name in snapshot.difference:
        table.add_column(name, justify="right")
    table.add_row(*(f"{count:,}" for count in snapshot.difference.values()))
    return Padding.indent(table, 2)


def _next(one: Snapshot) -> list[str]:
    """What to do with a snapshot."""
    lines = []
    if one.held_because is not None:
        lines.append(f"  Held as a whole: {one.held_because}.")
        lines.append(f"  Make sure the file is whole and that they are really gone; then add --removes {one.absent}.")
    if one.state not in SETTLED:
        lines.append(f"  Next, by another person: registry intake release {one.id}")
    return lines


def snapshot_json(snapshot: Snapshot) -> dict[str, Any]:
    """A snapshot as `--json` prints it."""
    values = asdict(snapshot) | {
        "misses_many": snapshot.misses_many,
        "held_because": snapshot.held_because,
        "difference": snapshot.difference,
    }
    return {name: format_time(value) if isinstance(value, datetime) else value for name, value in values.items()}
