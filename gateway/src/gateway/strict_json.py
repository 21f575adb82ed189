"""JSON that can be written again as it was read: Python's reader takes more than JSON is."""

import json
import math
from typing import Any


def read_json(data: bytes) -> Any:
    """Read JSON; ValueError for anything else: NaN, numbers beyond what a float holds, nesting too deep to read."""
    try:
        return json.loads(data, parse_constant=_finite, parse_float=_finite)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:40]} is no number of JSON")
    return number
