"""The command `gateway`."""

import asyncio
import sys
from typing import Annotated

import structlog
import typer
import uvicorn
import uvloop

from gateway.app import create_app
from gateway.settings import Settings
from gateway.upstream import Upstreams, over_http
from goodstanding.clock import system_clock
from goodstanding.errors import GoodstandingError
from goodstanding.trust import Trust

cli = typer.Typer(no_args_is_help=True, add_completion=False, help="The one public door.")


@cli.callback()
def gateway() -> None:
    """Serve the public paths: GraphQL, verdicts, records, the log."""


@cli.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.", min=1, max=65535)] = None,
) -> None:
    """Serve until interrupted. Settings come from GOODSTANDING_* variables."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    settings = Settings()
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(settings, host or settings.host, port or settings.port))
    except GoodstandingError as error:
        typer.echo(f"gateway: {error}", err=True)
        raise typer.Exit(3) from error


async def _serve(settings: Settings, host: str, port: int) -> None:
    async with over_http(settings.registry_url) as registry, over_http(settings.audit_url) as audit:
        app = create_app(settings, Upstreams(registry, audit), Trust.load(settings.trust), system_clock)
        config = uvicorn.Config(
            app,
            host=host,
            port=port,
            http="httptools",
            access_log=False,  # a look-up is nobody's business
            server_header=False,
            timeout_graceful_shutdown=10,
        )
        await uvicorn.Server(config).serve()


def main() -> None:
    """Entry point."""
    cli()
