"""How one gateway's answer stands to another's: the data, and the nulls that errors explain."""

import json

from compose_cases import Outcome


def outcome(ours, theirs):
    """How an answer stands to ours; one without data is a refusal of the document."""
    if theirs is None or ("data" in theirs) != ("data" in ours) or ours.get("data") != theirs.get("data"):
        return Outcome.DATA
    return Outcome.SAME if _explained(ours) == _explained(theirs) else Outcome.ERRORS


def expected(case, engines):
    """What a case says of engines."""
    return {engine: case.differs[engine].outcome if engine in case.differs else Outcome.SAME for engine in engines}


def _explained(answered):
    """The nulls that errors explain; a path that does not lead through the data is kept as it is."""
    return {json.dumps(_null_on(answered.get("data"), error.get("path") or [])) for error in answered.get("errors", ())}


def _null_on(data, path):
    for depth, step in enumerate(path):
        if data is None:
            return path[:depth]
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            return ["nowhere", *path]
    return path
