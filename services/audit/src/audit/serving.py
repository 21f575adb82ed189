"""Running the audit service as a process of its own: web server, sequencer and time cosigner side by side."""

import asyncio
import signal

import uvicorn

from audit.app import create_app
from audit.service import Log, open_log
from audit.settings import Settings
from goodstanding.keys import PemSigner


def log_from(settings: Settings) -> Log:
    """Open the log that the settings describe; its keys are made on first start. Raises KeyRefused."""
    return open_log(
        url=settings.database_url,
        folder=settings.folder,
        origin=settings.log_name,
        log_signer=PemSigner.load_or_create(settings.log_key),
        time_signer=PemSigner.load_or_create(settings.time_key),
    )


async def serve(settings: Settings) -> None:
    """Serve until the process is told to end. A log that has stopped goes on answering what is published.

    Raises LogStopped when the log cannot even start.
    """
    log = log_from(settings)
    stop = asyncio.Event()
    try:
        await log.start()
        server = uvicorn.Server(
            uvicorn.Config(
                create_app(log, settings.audit_token.get_secret_value()),
                host=settings.audit_host,
                port=settings.audit_port,
                loop="none",
                http="httptools",
                log_config=None,
                access_log=False,
            )
        )
        # uvicorn raises the signal again once it has shut down: it must end the tasks, not kill the process.
        for ending in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(ending, stop.set)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(log.run_sequencer(stop))
            tasks.create_task(log.run_time_cosigner(stop))
            await server.serve()
            stop.set()
    finally:
        await log.close()
