"""`serve`, with a hop from registry to log that is cut for as long as a file exists: python cuttable_server.py FILE."""

import sys
from pathlib import Path

import httpx
import uvloop

from goodstanding_standalone.server import serve
from goodstanding_standalone.settings import StandaloneSettings


class Cuttable(httpx.AsyncBaseTransport):
    """Passes requests on, unless the switch is there."""

    def __init__(self, inner: httpx.AsyncBaseTransport, switch: Path) -> None:
        self._inner = inner
        self._switch = switch

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Fail as a network that is gone fails."""
        if self._switch.exists():
            raise httpx.ConnectError("the hop is cut", request=request)
        return await self._inner.handle_async_request(request)


if __name__ == "__main__":
    uvloop.run(serve(StandaloneSettings(), wrap=lambda inner: Cuttable(inner, Path(sys.argv[1]))))
