"""How one gateway's answer stands to another's: the data in its order, and the nulls that errors explain."""

import json

from compose_cases import Outcome


def outcome(ours, theirs):
    """How an answer stands to ours; one without data is a refusal of the document."""
    if theirs is None or ("data" in theirs) != ("data" in ours):
        return Outcome.DATA
    if _in_order(ours.get("data")) != _in_order(theirs.get("data")):
        return Outcome.DATA
    return Outcome.SAME if _explained(ours) == _explained(theirs) else Outcome.ERRORS


def expected(case, engines):
    """What a case says of engines."""
    return {engine: case.differs[engine].outcome if engine in case.differs else Outcome.SAME for engine in engines}


def _in_order(value):
    """A value that is equal to another only if the members of its objects come in the same order (GraphQL 7.2.2)."""
    if isinstance(value, dict):
        return [(key, _in_order(member)) for key, member in value.items()]
    if isinstance(value, list):
        return [_in_order(item) for item in value]
    return (type(value) is bool, value)  # 1 and 1.0 are one number of JSON; true is none


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
