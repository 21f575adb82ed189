"""Command line of intake: `registry intake prepare | stage | list | show | release`."""

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from goodstanding.canonical import format_time
from goodstanding.clock import system_clock
from registry.console import Register, print_json, progress, run
from registry.intake.layouts import LAYOUTS
from registry.intake.service import Intake
from registry.intake.snapshots import RELEASED, Snapshot

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

    async def work(register: Register) -> tuple[Snapshot, list[tuple[int, str, str]]]:
        intake, actor = intake_of(register), await register.actor(token)
        return await intake.show(actor, snapshot), await intake.refused_rows(actor, snapshot, most=ROWS_SHOWN)

    shown, rows = run(work)
    if as_json:
        refused = [{"row": row, "outcome": outcome, "reason": reason} for row, outcome, reason in rows]
        print_json(snapshot_json(shown) | {"refused_rows": refused})
        return
    show_snapshot(shown, as_json=False)
    for row, outcome, reason in rows:
        typer.echo(f"  row {row}: {outcome}: {reason}")
    if (more := shown.held + shown.rejected - len(rows)) > 0:
        typer.echo(f"  and {more:,} more")


@app.command()
def release(
    token: Token,
    snapshot: Annotated[str | None, typer.Argument(help="Id of the snapshot; not needed when only one waits.")] = None,
    as_json: AsJson = False,
) -> None:
    """Release a snapshot that another person uploaded; a release that was cut short goes on where it stopped."""

    async def work(register: Register) -> Snapshot:
        actor = await register.actor(token)
        with progress("Releasing") as report:
            return await intake_of(register).release(actor, snapshot, progress=report)

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
        f"  {one.listings:,} new accreditations, {one.released_listings:,} of them released; {one.unchanged:,} unchanged",
    ]
    if one.listed_before:
        lines.append(f"  {one.absent:,} of the {one.listed_before:,} listed before are not in this file")
    if one.misses_many:
        lines.append("  More than 2 % of what was listed is missing: make sure the file is whole. Nothing is revoked.")
    if one.state != RELEASED:
        lines.append(f"  Next, by another person: registry intake release {one.id}")
    Console().print(Text("\n".join(lines)), soft_wrap=True)


def snapshot_json(snapshot: Snapshot) -> dict[str, Any]:
    """A snapshot as `--json` prints it."""
    values = asdict(snapshot) | {"misses_many": snapshot.misses_many}
    return {name: format_time(value) if isinstance(value, datetime) else value for name, value in values.items()}
