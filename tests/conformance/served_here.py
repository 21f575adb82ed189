"""An application of ours on a port of this machine, in the test's own event loop."""

import asyncio
import socket
from contextlib import asynccontextmanager, nullcontext

import uvicorn


@asynccontextmanager
async def served_here(app):
    """Serve until the block ends; yields the port."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        config = uvicorn.Config(app, log_config=None, lifespan="off", ws="none", http="httptools", server_header=False,
                                timeout_graceful_shutdown=1)  # fmt: skip
        server = uvicorn.Server(config)
        server.capture_signals = nullcontext  # the test's process keeps its own
        task = asyncio.create_task(server.serve(sockets=[sock]))
        try:
            async with asyncio.timeout(20):
                while not server.started:
                    await asyncio.sleep(0.01)
            yield sock.getsockname()[1]
        finally:
            server.should_exit = True
            await task
