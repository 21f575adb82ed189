"""What the commands share: settings, an open register, whoever holds the token, progress, and plain errors.

Exit status: 0 done · 1 refused: what was asked for cannot be done as asked · 2 the command, a setting or the database
cannot be used.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from sqlalchemy import make_url, select
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col

from goodstanding.clock import system_clock
from goodstanding.errors import GoodstandingError, TokenError
from registry.access.door import door_of
from registry.access.model import Actor
from registry.database import Database
from registry.errors import DatabaseRefused, DomainError, Unavailable
from registry.issuance.errors import IssuanceError
from registry.issuance.key_files import Vault
from registry.issuance.keys import KeyStore
from registry.issuance.tables import SettingRow
from registry.issuance.vaults import vault_of
from registry.migrate import is_current
from registry.settings import Settings

REFUSED, UNUSABLE = 1, 2

Result = TypeVar("Result")
Report = Callable[[int, int], None]  # done, of


@dataclass(frozen=True, slots=True)
class Register:
    """The register as a command sees it."""

    settings: Settings
    database: Database
    vault: Vault
    keys: KeyStore

    async def actor(self, token: str) -> Actor:
        """Whoever the access token was issued to. TokenError."""
        return await door_of(self.settings, self.database, system_clock).actor(f"Bearer {token}")


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Register]:
    """The register these settings describe. DatabaseRefused when it was not migrated or belongs to other settings."""
    _need_file(settings)
    database = Database(settings.database)
    try:
        ours = await _as_fixed(database, settings)
        vault = vault_of(ours)
        yield Register(ours, database, vault, KeyStore(vault, database, system_clock))
    finally:
        await database.close()


def _need_file(settings: Settings) -> None:
    """SQLite would make an empty database where there is none."""
    path = make_url(settings.database).database
    if settings.database.startswith("sqlite") and path and not Path(path).exists():
        raise DatabaseRefused(f"There is no database at {path}; run: registry migrate")


async def _as_fixed(database: Database, settings: Settings) -> Settings:
    """The settings with what the first migration fixed for good; what somebody set must agree with it."""
    async with database.read() as tx:
        if not await is_current(tx):
            raise DatabaseRefused("The database is not at the version this program needs; run: registry migrate")
        rows = await tx.execute(select(col(SettingRow.name), col(SettingRow.value)))
        fixed = {str(name): str(value) for name, value in rows}
    for name in settings.model_fields_set & fixed.keys():
        if getattr(settings, name) != fixed[name]:
            raise DatabaseRefused(
                f"The database was made for the {name} {fixed[name]}; set GOODSTANDING_{name.upper()} to that"
            )
    return settings.model_copy(update=fixed)


def run(work: Callable[[Register], Coroutine[Any, Any, Result]]) -> Result:
    """Do something with the register; every foreseeable failure ends the command with one sentence."""

    async def within() -> Result:
        async with opened(Settings()) as register:
            return await work(register)

    with plain_errors():
        return asyncio.run(within())


@contextmanager
def plain_errors() -> Iterator[None]:
    """One sentence instead of a stack trace, wherever a person can do something about it."""
    try:
        yield
    except DomainError as error:
        fail(error.message, REFUSED)
    except TokenError as error:
        fail(
            f"The access token is refused: {error}. Get a new one, where the register issues them itself: registry token --member ID",
            REFUSED,
        )
    except ValidationError as error:
        wrong = "; ".join(": ".join((*map(_variable, item["loc"][:1]), item["msg"])) for item in error.errors())
        fail(f"A setting is wrong. {wrong}", UNUSABLE)
    except IssuanceError as error:
        fail(f"{str(error).rstrip('.')}. Try again.", REFUSED)
    except (DatabaseRefused, GoodstandingError) as error:
        fail(f"{str(error).rstrip('.')}.", UNUSABLE)
    except Unavailable as error:
        fail(f"The database cannot be used now: {error.why}.", UNUSABLE)
    except SQLAlchemyError as error:
        fail(f"The database cannot be used: {getattr(error, 'orig', None) or type(error).__name__}.", UNUSABLE)
    except OSError as error:
        fail(f"{error.filename or 'The system'} cannot be used: {error.strerror}.", UNUSABLE)


def _variable(setting: int | str) -> str:
    return f"GOODSTANDING_{str(setting).upper()}"


def fail(message: str, status: int) -> NoReturn:
    """End the command."""
    typer.echo(f"Error: {message}", err=True)
    raise typer.Exit(status)


def print_json(value: Any, output: Path | None = None) -> None:
    """The one JSON value of a command, printed, or put into a file: readers see the old one or the new one."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    if output is None:
        typer.echo(text)
        return
    fresh = output.with_name(f".{output.name}.new")
    fresh.write_text(text + "\n", "utf-8")
    fresh.replace(output)


@contextmanager
def progress(what: str) -> Iterator[Report]:
    """A bar on standard error when that is a terminal, and nothing otherwise."""
    if not sys.stderr.isatty():
        yield lambda _done, _of: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, of: bar.update(task, completed=done, total=of)
