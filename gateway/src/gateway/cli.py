"""The command `gateway`.

Exit status: 0 done · 2 a setting or a file cannot be used · 3 trust file or keys are refused.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, NoReturn

import typer
import uvloop
from pydantic import ValidationError
from pydantic_settings import SettingsError

from gateway import serving
from gateway.settings import Settings
from goodstanding.errors import GoodstandingError

cli = typer.Typer(
    help="The one public door.", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)


@cli.callback()
def gateway() -> None:
    """Serve the public paths: GraphQL, verdicts, records, the log."""


@cli.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.", min=1, max=65535)] = None,
) -> None:
    """Serve until interrupted. Settings come from GOODSTANDING_* variables."""
    with _plain_errors():
        settings = Settings()
        uvloop.run(serving.serve(settings, host or settings.host, port or settings.port))


@contextmanager
def _plain_errors() -> Iterator[None]:
    """End with one sentence instead of a stack trace where an operator can do something about it."""
    try:
        yield
    except ValidationError as error:
        wrong = "; ".join(": ".join((*map(_variable, item["loc"][:1]), item["msg"])) for item in error.errors())
        _fail(f"a setting is wrong. {wrong}", 2)
    except SettingsError as error:
        _fail(f"a setting is wrong: {error}", 2)
    except GoodstandingError as error:
        _fail(str(error), 3)
    except OSError as error:
        _fail(f"{error.filename or 'the system'} cannot be used: {error.strerror}", 2)


def _variable(setting: int | str) -> str:
    return f"GOODSTANDING_{str(setting).upper()}"


def _fail(message: str, status: int) -> NoReturn:
    typer.echo(f"gateway: {message}", err=True)
    raise typer.Exit(status)


def main() -> None:
    """Entry point."""
    cli()
