"""Command line: `registry migrate | serve | work | trust | access-keys | token | events | erase-again | members | intake | keys`.

Exit status: 0 done · 1 refused: what was asked for cannot be done as asked · 2 the command, a setting or the database
cannot be used.
"""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
import uvloop

from goodstanding.clock import system_clock
from registry.access.repository import token_keys
from registry.access.service import actor_of, add_member, grant_role, link_member, unlink_member
from registry.access.tokens import TokenIssuer
from registry.console import Register, plain_errors, print_json, run
from registry.erasure import repository as erasures
from registry.errors import Invalid
from registry.intake import cli as intake
from registry.issuance import cli as issuance
from registry.issuance import copying
from registry.migrate import migrate
from registry.serving import serve, work
from registry.settings import Settings
from registry.trust import trust_of

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
members = typer.Typer(help="Persons and API keys, and their roles.", no_args_is_help=True)
app.add_typer(members, name="members")
app.add_typer(intake.app, name="intake")
app.add_typer(issuance.app, name="keys")

Roles = Annotated[list[str], typer.Option("--role", help="ROLE@AUTHORITY, such as proposer@aut_registry; repeatable.")]
Subject = Annotated[str, typer.Option(help="The `sub` by which the provider knows the member.")]
Issuer = Annotated[str, typer.Option(help="The provider's issuer. Default: GOODSTANDING_OIDC_ISSUER.")]
Output = Annotated[Path | None, typer.Option(help="File to put it into, instead of printing it.")]


@app.command("migrate")
def migrate_command() -> None:
    """Bring the database to the current version; the first time fixes the number prefix and the origin for good."""
    with plain_errors():
        settings = Settings()
        settings.var.mkdir(parents=True, exist_ok=True)
        asyncio.run(migrate(settings.database, prefix=settings.prefix, origin=settings.origin))
    typer.echo("The registry's database is at the current version.")


@app.command("serve")
def serve_command(
    workers: Annotated[bool, typer.Option(help="Work off, too, what decisions leave to do.")] = True,
) -> None:
    """Serve the registry and work off what its decisions leave to do."""
    with plain_errors():
        uvloop.run(serve(Settings(), workers=workers))


@app.command("work")
def work_command() -> None:
    """Only work off what decisions leave to do. Any number of these may run; one works at a time, the others wait."""
    with plain_errors():
        uvloop.run(work(Settings()))


@app.command("trust")
def trust_command(output: Output = None) -> None:
    """Print the trust file: whom readers of this register's records should trust. Public keys only."""
    trust = run(lambda register: trust_of(register.settings, register.database, register.keys))
    with plain_errors():
        print_json(trust.to_json(), output)


@app.command("access-keys")
def access_keys(output: Output = None) -> None:
    """Print the public keys of the register's own access tokens, for gateways."""

    async def found(register: Register) -> list[dict[str, Any]]:
        await register.keys.token_signer()  # made on first need
        async with register.database.read() as tx:
            return list((await token_keys(tx)).values())

    keys = run(found)
    with plain_errors():
        print_json(keys, output)


@app.command()
def token(
    member: Annotated[str, typer.Option(help="Whose token it is.")],
    seconds: Annotated[int | None, typer.Option(help="How long it is valid; at most what the settings allow.")] = None,
    as_json: intake.AsJson = False,
) -> None:
    """Print an access token of a member, with the roles the member has now."""

    async def work(register: Register) -> str:
        ttl = _ttl(seconds, register.settings.token_lifetime)
        signer = await register.keys.token_signer()
        async with register.database.as_registry().read() as tx:
            actor = await actor_of(tx, member)
        return TokenIssuer(signer, register.settings.origin, system_clock).issue(actor, ttl)

    issued = run(work)
    if as_json:
        print_json({"token": issued})
    else:
        typer.echo(issued)


@app.command("events")
def events(output: Annotated[Path, typer.Option(help="File to put them into.")]) -> None:
    """Write every event with body and salt into a file, for `audit catch-up`."""

    async def work(register: Register) -> int:
        count = 0
        with output.open("w", encoding="ascii") as file:
            async for line in copying.lines(register.database):
                file.write(f"{line}\n")
                count += 1
        return count

    typer.echo(f"{run(work)} events are in {output}.")


@app.command("erase-again")
def erase_again() -> None:
    """Have every erasure done once more: after a backup was put back, which holds what was erased since it was made."""

    async def work(register: Register) -> int:
        async with register.database.as_registry().write() as tx:
            return await erasures.again(tx)

    typer.echo(f"The workers will do {run(work)} erasures again.")


@members.command("add")
def add(
    member: Annotated[str, typer.Argument(help="Id: the `sub` of the member's tokens.")],
    name: Annotated[str, typer.Option(help="Name; never public. Default: the id.")] = "",
    role: Roles = [],  # noqa: B006 - Typer reads it and never changes it
    client: Annotated[bool, typer.Option("--client", help="An API key: it never approves or releases.")] = False,
) -> None:
    """Add a member, with its first roles."""

    async def work(register: Register) -> None:
        async with register.database.as_registry().write() as tx:
            await add_member(tx, member, name or member, now=system_clock(), client=client)
            for authority, wanted in map(_role, role):
                await grant_role(tx, authority, member, wanted)

    run(work)
    typer.echo(f"Added {member}.")


@members.command("grant")
def grant(member: Annotated[str, typer.Argument(help="Id of the member.")], role: Roles) -> None:
    """Give a member more roles."""

    async def work(register: Register) -> None:
        async with register.database.as_registry().write() as tx:
            for authority, wanted in map(_role, role):
                await grant_role(tx, authority, member, wanted)

    run(work)
    typer.echo(f"Granted {', '.join(role)} to {member}.")


@members.command("link")
def link(
    member: Annotated[str, typer.Argument(help="Id of the member.")], subject: Subject, issuer: Issuer = ""
) -> None:
    """Have the tokens of a provider's SUBJECT count as the member's. One person is one member, whatever it is called."""

    async def work(register: Register) -> None:
        async with register.database.as_registry().write() as tx:
            await link_member(tx, member, issuer or register.settings.oidc_issuer, subject, now=system_clock())

    run(work)
    typer.echo(f"Linked {member}.")


@members.command("unlink")
def unlink(
    member: Annotated[str, typer.Argument(help="Id of the member.")], subject: Subject, issuer: Issuer = ""
) -> None:
    """Take such a link away: SUBJECT's tokens are refused from then on."""

    async def work(register: Register) -> None:
        async with register.database.as_registry().write() as tx:
            await unlink_member(tx, member, issuer or register.settings.oidc_issuer, subject)

    run(work)
    typer.echo(f"Unlinked {member}.")


def _role(text: str) -> tuple[str, str]:
    """(authority, role) of ROLE@AUTHORITY."""
    role, at, authority = text.partition("@")
    if not (role and at and authority):
        raise Invalid(f"{text!r} is not of the form ROLE@AUTHORITY.", field="role")
    return authority, role


def _ttl(seconds: int | None, most: timedelta) -> timedelta:
    wanted = most if seconds is None else timedelta(seconds=seconds)
    if not timedelta(0) < wanted <= most:
        raise Invalid(f"A token is valid for 1 to {int(most.total_seconds())} seconds.", field="seconds")
    return wanted


def main() -> None:
    """Entry point of the `registry` command."""
    app()
