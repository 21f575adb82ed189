"""Waiting for something that happens elsewhere: as long as it takes, and not longer than anybody should wait."""

import asyncio
import inspect
from collections.abc import Callable
from typing import Any


async def until(question: Callable[[], Any], seconds: float = 10.0) -> None:
    """Ask, a hundred times a second, until the answer is yes; TimeoutError when it is not within these seconds."""
    async with asyncio.timeout(seconds):
        while not (await answer if inspect.isawaitable(answer := question()) else answer):
            await asyncio.sleep(0.01)
