"""The public door seen from outside: GraphQL and artefacts over HTTP, as any stranger's program would use them."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from time import monotonic
from typing import Any, TypeVar
from uuid import uuid4

import httpx

from goodstanding_standalone.errors import StandaloneError

T = TypeVar("T")

POLL_SECONDS = 0.1
TIMEOUT_SECONDS = 15.0


class FrontError(StandaloneError):
    """The door answered something that a program cannot go on from; the message says what was asked and answered."""


class Front:
    """Calls to one origin. `client` carries the base URL; it may just as well be an in-process transport."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def graphql(self, query: str, variables: Mapping[str, Any], token: str | None = None) -> dict[str, Any]:
        """The `data` of one operation; FrontError when there are GraphQL errors or no GraphQL at all."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        response = await self._send("POST", "/graphql", headers=headers, json={"query": query, "variables": variables})
        if response.headers.get("content-type", "").startswith("application/problem+json"):
            raise FrontError(f"/graphql answered {response.status_code}: {response.json().get('detail')}")
        try:
            answer = response.json()
        except ValueError as error:
            raise FrontError(f"/graphql answered {response.status_code} and no JSON") from error
        if errors := answer.get("errors"):
            raise FrontError("; ".join(str(each.get("message")) for each in errors))
        return dict(answer["data"])

    async def mutate(
        self, name: str, kind: str, selection: str, input_: Mapping[str, Any], token: str
    ) -> dict[str, Any]:
        """The result of a mutation, `__typename` included; `kind` is its input type. Adds a fresh idempotency key."""
        query = (
            f"mutation($input: {kind}!) {{ {name}(input: $input) {{ __typename "
            f"... on DomainError {{ code message }} {selection} }} }}"
        )
        data = await self.graphql(query, {"input": {"idempotencyKey": uuid4().hex, **input_}}, token)
        return dict(data[name])

    async def get(self, path: str) -> httpx.Response:
        """One artefact; FrontError when there is none (its problem+json says why)."""
        response = await self._send("GET", path)
        if response.status_code != httpx.codes.OK:
            raise FrontError(f"{path} answered {response.status_code}: {response.text[:300]}")
        return response

    async def _send(self, method: str, path: str, **options: Any) -> httpx.Response:
        try:
            return await self._client.request(method, path, timeout=TIMEOUT_SECONDS, **options)
        except httpx.HTTPError as error:
            raise FrontError(f"{path} did not answer: {type(error).__name__}") from error


async def until(ask: Callable[[], Awaitable[T | None]], what: str, seconds: float) -> T:
    """Ask again until there is an answer; FrontError names `what` was waited for, and for how long."""
    end = monotonic() + seconds
    while True:
        if (answer := await ask()) is not None:
            return answer
        if monotonic() > end:
            raise FrontError(f"waited {seconds:g} s in vain: {what}")
        await asyncio.sleep(POLL_SECONDS)
