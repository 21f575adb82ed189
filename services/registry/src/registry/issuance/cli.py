"""Command line: `registry keys list | rotate | revoke`. Exit status as in `console.py`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import typer

from goodstanding.canonical import format_time
from goodstanding.clock import system_clock
from registry.console import Register, print_json, run
from registry.issuance import key_rows, rotation
from registry.issuance.key_rows import REGISTRY, Key

app = typer.Typer(
    help="Signing keys: which there are, the next one, and what to do when one is stolen.", no_args_is_help=True
)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON value instead of sentences.")]
Role = Annotated[str, typer.Argument(help="What the key signs: record, status, token or federation.")]
Owner = Annotated[str, typer.Option(help="Whose record or federation key it is; the others are the registry's.")]

_AFTER = "Give readers the trust file that `registry trust` prints now"


@app.command("list")
def list_command(as_json: AsJson = False) -> None:
    """Show every key, with where it is in its life."""

    async def found(register: Register) -> list[Key]:
        async with register.database.read() as tx:
            return await key_rows.keys_of(tx)

    keys = run(found)
    if as_json:
        print_json([_as_json(key) for key in keys])
    else:
        typer.echo(_shown(keys))


@app.command("rotate")
def rotate_command(
    role: Role,
    owner: Owner = REGISTRY,
    reserve: Annotated[
        bool, typer.Option("--reserve", help="Only publish the next key; take it into use later.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Publish the next key of a role now, and take it into use once everybody has had time to learn of it."""

    async def announced(register: Register) -> Key:
        return await rotation.announce(
            register.database, register.vault, owner, role, system_clock, notice=register.settings.key_notice,
            reserve=reserve,
        )  # fmt: skip

    key = run(announced)
    if as_json:
        print_json(_as_json(key))
        return
    when = "is kept in reserve" if key.current_from is None else f"signs from {_time(key.current_from)}"
    typer.echo(f"The {role} key {key.kid} of {owner} is announced and {when}. {_AFTER}.")


@app.command("revoke")
def revoke_command(
    kid: Annotated[str, typer.Argument(help="Id of the key.")],
    reason: Annotated[str, typer.Option(help=f"One of {', '.join(rotation.REASONS)}.")],
    as_json: AsJson = False,
) -> None:
    """Revoke a key at once: nothing it has signed verifies any more. What is still good is signed again."""

    async def revoked(register: Register) -> Key | None:
        return await rotation.revoke(register.database, register.vault, kid, reason, system_clock)

    successor = run(revoked)
    if as_json:
        print_json({"revoked": kid, "successor": None if successor is None else _as_json(successor)})
        return
    follows = "" if successor is None else f" Its successor {successor.kid} signs from now on."
    typer.echo(f"The key {kid} is revoked.{follows} {_AFTER}: with an older one the stolen key is still believed.")


def _shown(keys: Sequence[Key]) -> str:
    rows = [
        (key.owner, key.role, key.kid, key.state, _time(key.current_from), _time(key.verifies_until), key.reason or "")
        for key in keys
    ]
    table = [("OWNER", "ROLE", "KEY", "STATE", "SIGNS FROM", "VERIFIES UNTIL", "REASON"), *rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in table)


def _as_json(key: Key) -> dict[str, Any]:
    return {
        "kid": key.kid, "owner": key.owner, "role": key.role, "state": key.state, "jwk": key.published,
        "signs_from": _time(key.current_from) or None, "verifies_until": _time(key.verifies_until) or None,
        "reason": key.reason,
    }  # fmt: skip


def _time(at: datetime | None) -> str:
    return "" if at is None else format_time(at)
