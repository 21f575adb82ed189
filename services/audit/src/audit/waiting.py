"""Waiting for the first of several events, with a bound."""

import asyncio


async def first_of(*events: asyncio.Event, seconds: float) -> None:
    """Return when one of the events is set, and after `seconds` at the latest."""
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
