"""Running the audit service as a process of its own: web server, sequencer, time cosigner and witnesses side by side.

Told to end (SIGINT, SIGTERM), it accepts nothing more, finishes the requests under way within `GRACE_SECONDS`, lets
the others finish their step, and exits 0.
"""

import asyncio
import signal

import structlog
import uvicorn
from fastapi import FastAPI

from audit.app import create_app
from audit.keys import made_signers
from audit.logs import log_as_json
from audit.metrics import Metrics
from audit.sequencer import Observe, nobody
from audit.service import Log, open_log
from audit.settings import Settings
from audit.signing import CheckpointSigner
from audit.tracing import Tracing

GRACE_SECONDS = 10
STOP_SECONDS = 20.0
"""How long a step under way has; one that is cut short is made good at the next start."""

_log = structlog.get_logger("audit")


def log_from(settings: Settings, observe: Observe = nobody) -> Log:
    """Open the log that the settings describe; its keys are made on first start. Raises KeyRefused, KeyAway."""
    log_signer, time_signer = made_signers(settings)
    return open_log(
        url=settings.database_url,
        folder=settings.published,
        origin=settings.log_name,
        log_signer=log_signer,
        time_signer=time_signer,
        observe=observe,
        policy=settings.policy,
        wait=settings.log_witness_wait,
    )


def verifier_keys(settings: Settings) -> str:
    """The log's verifier key and its time cosigner's, one a line, as `/log/vkey` shows them. Raises KeyRefused, KeyAway."""
    signer = CheckpointSigner(settings.log_name, *made_signers(settings))
    return f"{signer.log_key.encode()}\n{signer.time_key.encode()}\n"


async def serve(settings: Settings) -> None:
    """Serve until the process is told to end. A log that has stopped goes on answering what is published.

    Raises LogStopped when the log cannot even start.
    """
    log_as_json(settings.log_level)
    metrics, tracing = Metrics(), Tracing("audit", settings.otlp_endpoint)

    def observe(_: int, seconds: float) -> None:
        metrics.steps.observe(seconds)
        tracing.past("sequencer step", seconds)

    log = log_from(settings, observe)
    try:
        await log.start()
        app = create_app(log, settings.audit_token.get_secret_value(), metrics=metrics, tracing=tracing)
        await _run(log, _server(app, settings))
    finally:
        await log.close()
        await asyncio.to_thread(tracing.close)
    _log.info("ended")


def _server(app: FastAPI, settings: Settings) -> uvicorn.Server:
    config = uvicorn.Config(
        app, host=settings.audit_host, port=settings.audit_port, loop="none", http="httptools", log_config=None,
        access_log=False, server_header=False, timeout_graceful_shutdown=GRACE_SECONDS,
    )  # fmt: skip
    _log.info("serving", host=settings.audit_host, port=settings.audit_port)
    return uvicorn.Server(config)


async def _run(log: Log, server: uvicorn.Server) -> None:
    stop = asyncio.Event()
    # uvicorn raises the signal again once it has shut down: it must end the tasks, not kill the process.
    for ending in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(ending, stop.set)
    async with asyncio.TaskGroup() as tasks:
        each_of = (log.run_sequencer, log.run_time_cosigner, log.run_cosigning)
        working = [tasks.create_task(each(stop)) for each in each_of]
        await server.serve()
        stop.set()
        _, late = await asyncio.wait(working, timeout=STOP_SECONDS)
        for task in late:
            task.cancel()
