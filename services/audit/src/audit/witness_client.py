"""One question to one witness over HTTP, and what its answer means. No redirect is followed, no long answer is read."""

import re
from dataclasses import dataclass

import httpx

from audit import witness_wire as wire
from goodstanding.errors import LogError
from goodstanding.note import Signature
from goodstanding.policy import Policy, Witness

_ADDRESS = re.compile(r"https?://[^/\s?#@]+(/[^\s?#]*)?")

_HEADERS = {"Content-Type": "text/plain", "Accept-Encoding": "identity"}

_MEANINGS = {
    400: "it calls the request malformed",
    403: "it does not know the log's key",
    404: "it does not watch this log",
    422: "it does not see that this tree extends the one it has cosigned: it may have been shown another",
}


@dataclass(frozen=True, slots=True)
class Cosigned:
    """The witness has cosigned the checkpoint."""

    line: Signature


@dataclass(frozen=True, slots=True)
class At:
    """The witness has cosigned this size last, not the one it was asked to go on from."""

    size: int


@dataclass(frozen=True, slots=True)
class Refused:
    """The witness answered, but with no cosignature that counts."""

    why: str


@dataclass(frozen=True, slots=True)
class Silent:
    """The witness did not answer."""

    why: str


Answer = Cosigned | At | Refused | Silent


def askable(policy: Policy | None) -> tuple[Witness, ...]:
    """The witnesses a policy gives an address for; LogError for one that cannot be asked."""
    witnesses = tuple(witness for witness in policy.witnesses if witness.url) if policy else ()
    for witness in witnesses:
        if not _ADDRESS.fullmatch(witness.url):
            raise LogError(f"{witness.url} of the witness {witness.name!a} is not an http or https address")
    return witnesses


async def ask(client: httpx.AsyncClient, witness: Witness, body: bytes, text: bytes) -> Answer:
    """Ask a witness to cosign the checkpoint with this text; the caller bounds the time."""
    url = f"{witness.url.rstrip('/')}/add-checkpoint"
    try:
        async with client.stream("POST", url, content=body, headers=_HEADERS) as response:
            answer = await _bounded(response)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return Silent(f"it did not answer ({type(error).__name__})")
    except LogError as error:
        return Refused(str(error))
    return _meaning(response.status_code, answer, witness, text)


async def _bounded(response: httpx.Response) -> bytes:
    answer = bytearray()
    async for chunk in response.aiter_raw():
        answer += chunk
        if len(answer) > wire.MAX_ANSWER:
            raise LogError(f"it answered more than {wire.MAX_ANSWER} bytes")
    return bytes(answer)


def _meaning(status: int, answer: bytes, witness: Witness, text: bytes) -> Answer:
    try:
        if status == httpx.codes.OK:
            return Cosigned(wire.cosignature(answer, text, witness.key))
        if status == httpx.codes.CONFLICT:
            return At(wire.cosigned_size(answer))
    except LogError as error:
        return Refused(str(error))
    return Refused(_MEANINGS.get(status, f"it answered {status}"))
