"""Command line of the audit service: `audit migrate | vkeys | serve | fsck | rebuild | catch-up`.

Exit status: 0 done, nothing is wrong · 1 it could not be done · 3 `fsck` has found something wrong.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Annotated

import typer
import uvloop
from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError

from audit.fsck.report import Progress
from audit.maintenance import run_catch_up, run_fsck, run_rebuild
from audit.migrate import is_current, migrate
from audit.serving import serve, verifier_keys
from audit.settings import Settings
from audit.telling import as_json, as_text, now_and_then
from goodstanding.errors import GoodstandingError

FOUND = 3
"""Exit status of a check that has found something."""

Keys = Annotated[
    Path | None, typer.Option("--vkeys", help="File of the log's public keys; default: the log's own keys.")
]

app = typer.Typer(
    help="The transparency log.", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)


@app.command("migrate")
def migrate_command() -> None:
    """Bring the log's database to the current version."""
    with _plain_errors():
        migrate(Settings().database_url)
    typer.echo("The log's database is at the current version.")


@app.command()
def vkeys(
    output: Annotated[Path | None, typer.Option(help="File to put them into, instead of printing them.")] = None,
) -> None:
    """Print the public keys of the log and of its time cosigner, one a line; makes the keys on first use."""
    with _plain_errors():
        keys = verifier_keys(Settings())
        if output is None:
            typer.echo(keys, nl=False)
        else:
            fresh = output.with_name(f".{output.name}.new")  # readers see the old file or the new one
            fresh.write_text(keys, "ascii")
            fresh.replace(output)


@app.command("serve")
def serve_command() -> None:
    """Serve the log, take in entries, and sign the time."""
    with _plain_errors():
        settings = Settings()
        if not settings.audit_token.get_secret_value():
            _fail("Set GOODSTANDING_AUDIT_TOKEN to a secret that registry and gateway share with this service.")
        if not is_current(settings.database_url):
            _fail("The log's database is not at the current version; run: audit migrate")
        uvloop.run(serve(settings))


@app.command("fsck")
def fsck_command(
    vkeys: Keys = None, json_: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False
) -> None:
    """Verify everything that is stored, file by file and row by row; exit with 3 when something is wrong."""
    with _plain_errors():
        report = run_fsck(Settings(), vkeys, _progress())
    for line in [as_json(report)] if json_ else as_text(report):
        typer.echo(line)
    if report.total:
        raise typer.Exit(FOUND)


@app.command("rebuild")
def rebuild_command(vkeys: Keys = None) -> None:
    """Make missing and altered bundles and tiles again from the database, byte for byte."""
    with _plain_errors():
        done = run_rebuild(Settings(), vkeys, _progress())
    typer.echo(f"size {done.size:,}: {done.made:,} files made, {done.replaced:,} replaced.")


@app.command("catch-up")
def catch_up_command(
    bodies: Annotated[
        list[Path], typer.Option(help="A copy of the feed, or what `registry events` prints; may be given again.")
    ] = [],  # noqa: B006 - Typer copies it
    vkeys: Keys = None,
) -> None:
    """Give a database restored from an older backup what was published since."""
    with _plain_errors():
        done = run_catch_up(Settings(), vkeys, bodies, _progress())
    reached = "was not behind" if done.old == done.new else f"was at {done.old:,}"
    typer.echo(f"size {done.new:,}: the database {reached}, {done.bodies:,} bodies given.")


def main() -> None:
    """Entry point of the `audit` command."""
    app()


@contextmanager
def _plain_errors() -> Iterator[None]:
    """End with one sentence instead of a stack trace where an operator can do something about it."""
    try:
        yield
    except ValidationError as error:
        wrong = ", ".join(": ".join((*map(_variable, item["loc"][:1]), item["msg"])) for item in error.errors())
        _fail(f"A setting is wrong. {wrong}")
    except GoodstandingError as error:
        _fail(str(error))
    except (OSError, SQLAlchemyError) as error:
        _fail(f"The log's database or folder cannot be used: {getattr(error, 'orig', error)}")


def _progress() -> Progress:
    return now_and_then(lambda line: typer.echo(line, err=True), monotonic)


def _variable(setting: int | str) -> str:
    return f"GOODSTANDING_{str(setting).upper()}"


def _fail(message: str) -> None:
    typer.echo(message, err=True)
    raise typer.Exit(1)
