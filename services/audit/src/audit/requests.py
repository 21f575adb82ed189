"""Reading requests: bounded before anything is parsed, strict in what is."""

from typing import TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from audit.problems import BadRequest

Model = TypeVar("Model", bound=BaseModel)


async def read_body(request: Request, limit: int) -> bytes:
    """Read a request's body; BadRequest with status 413 as soon as it is longer than `limit` bytes."""
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > limit:
            raise BadRequest(413, "Content too large", f"At most {limit} bytes are accepted; send less at once.")
    return bytes(data)


def parse(kind: type[Model], data: bytes) -> Model:
    """Read JSON of a known shape; BadRequest with status 400 names the first member that is wrong."""
    try:
        return kind.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "the body"
        raise BadRequest(400, "Bad request", f"The request is not understood at {place}: {first['msg']}.") from error
