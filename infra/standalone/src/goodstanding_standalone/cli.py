"""Registry, audit and gateway in one process on SQLite: `goodstanding-standalone serve | demo | import`.

Exit status: 0 done · 1 refused, or a step of the demo failed · 2 a setting, the port or the folder cannot be used.
"""

import logging
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import structlog
import typer
import uvloop
from rich.console import Console

from goodstanding.lossy_lines import lossy_lines
from goodstanding_standalone import demo as demonstration
from goodstanding_standalone import importing
from goodstanding_standalone.errors import StandaloneError
from goodstanding_standalone.server import serve as run_server
from goodstanding_standalone.settings import StandaloneSettings
from registry.console import UNUSABLE, fail, plain_errors, progress
from registry.intake.cli import show_snapshot
from registry.intake.layouts import LAYOUTS
from registry.intake.snapshots import RELEASED

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.command()
def serve() -> None:
    """Migrate the folder and serve on GOODSTANDING_PORT until SIGINT or SIGTERM."""
    _log_to_stderr(logging.INFO)
    with _plain_errors():
        uvloop.run(run_server(StandaloneSettings()))


@app.command()
def demo(once: Annotated[bool, typer.Option("--once", help="End after the walk.")] = False) -> None:
    """Make a sample, walk through the main job, and stay up until Ctrl-C."""
    _log_to_stderr(logging.ERROR)
    with _plain_errors():
        passed = uvloop.run(demonstration.demo(StandaloneSettings(), Console(), once=once))
    if not passed:
        raise typer.Exit(1)


@app.command("import")
def import_list(
    file: Annotated[Path, typer.Argument(help="The list as it was published; gzip is unpacked.")],
    layout: Annotated[str, typer.Option(help=f"One of {', '.join(LAYOUTS)}.")],
    transcribed_from: Annotated[
        str | None, typer.Option(help="Address at which somebody else published the list; without it, it is your own.")
    ] = None,
    token: Annotated[
        str | None,
        typer.Option(envvar="GOODSTANDING_TOKEN", help=f"Your access token; without one, {importing.UPLOADER} acts."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")] = False,
) -> None:
    """Stage FILE: read it, say what became of its rows, release nothing. Works while the server runs."""
    with _plain_errors(), progress("Reading") as report:
        snapshot = uvloop.run(
            importing.stage(StandaloneSettings(), file, layout, source=transcribed_from, token=token, report=report)
        )
    show_snapshot(snapshot, as_json=as_json)
    if snapshot.state != RELEASED and not as_json:
        typer.echo(f'  For example: {shlex.join(["registry", "intake", "release", snapshot.id])} '
                   '--token "$(registry token --member approver)"')  # fmt: skip


@contextmanager
def _plain_errors() -> Iterator[None]:
    try:
        with plain_errors():
            yield
    except StandaloneError as error:
        fail(str(error), UNUSABLE)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def _log_to_stderr(level: int) -> None:
    """One JSON object a line for machines; the demo shows only what went wrong."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(level),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(lossy_lines(sys.stderr)),
    )


def main() -> None:
    """Entry point of the `goodstanding-standalone` command."""
    app()
