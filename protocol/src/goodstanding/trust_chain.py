"""Trust chains: from what an entity says of itself up to a trust anchor (OpenID Federation 1.0, sections 4 and 10.2).

A chain is a list of statements: the subject's configuration, the statement of its superior about it, that of the
superior's superior about the superior, and so on; the trust anchor's configuration may stand at its end.

Rules (a TokenError's reason in brackets, beside those of `entity.py`, `entity_constraints.py`, `metadata_policy.py`)
1. At most 128 KB and 10 statements [TOO_LARGE, CHAIN_TOO_LONG]; none is about an entity met before [CHAIN_LOOPS].
2. The first is a configuration, those after it are about the issuer of the one before [CHAIN_BROKEN]; only the last
   may be a configuration again.
3. The subject names its superior among its `authority_hints` [NOT_HINTED].
4. Who issued the last is a trust anchor of the reader's [WRONG_ANCHOR], and signed it with a key the reader trusts.
5. Every other statement is signed with a key that the next one vouches for, the first with one of its own as well.
6. Each statement is valid at `now`; the chain is as long as all are.
7. The constraints of every statement hold for all below it.
8. The metadata is the subject's, changed by its immediate superior's, freed of types not allowed, under the merged policy.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from goodstanding import metadata_policy
from goodstanding.entity import EntityStatement, read_statement
from goodstanding.entity_claims import texts
from goodstanding.errors import TokenError
from goodstanding.jws import check_times

MAX_CHAIN: Final = 128 * 1024  # characters, all statements together
MAX_STATEMENTS: Final = 10

Keys = Mapping[str, dict[str, Any]]
Anchors = Mapping[str, Keys]  # entity id -> its keys, kid -> public JWK


@dataclass(frozen=True, slots=True)
class TrustChain:
    """A chain that holds, and what it says of its subject."""

    statements: tuple[EntityStatement, ...]  # the subject's configuration first
    metadata: dict[str, dict[str, Any]]  # resolved

    @property
    def subject(self) -> str:
        """The entity it is about."""
        return self.statements[0].sub

    @property
    def anchor(self) -> str:
        """The trust anchor it ends at."""
        return self.statements[-1].iss

    @property
    def keys(self) -> Keys:
        """The subject's keys as its superior vouches for them."""
        return self.statements[min(1, len(self.statements) - 1)].keys

    @property
    def expires(self) -> datetime:
        """Until when all statements are valid; aware UTC."""
        return datetime.fromtimestamp(min(one.exp for one in self.statements), UTC)

    @property
    def tokens(self) -> list[str]:
        """The statements as they came."""
        return [one.token for one in self.statements]


def validate_chain(statements: Sequence[str], anchors: Anchors, now: datetime, leeway: int = 0) -> TrustChain:
    """Validate a chain against the reader's trust anchors at a time; TokenError says which rule it breaks."""
    chain = _read(statements)
    _check_links(chain)
    _check_signatures(chain, anchors, now)
    for one in chain:
        check_times(one.claims, now, leeway)
    _check_constraints(chain)
    return TrustChain(chain, _metadata(chain))


def _read(statements: Sequence[str]) -> tuple[EntityStatement, ...]:
    """Rule 1."""
    if sum(map(len, statements)) > MAX_CHAIN:
        raise TokenError("TOO_LARGE", f"the chain has more than {MAX_CHAIN} characters")
    if not 1 <= len(statements) <= MAX_STATEMENTS:
        raise TokenError("CHAIN_TOO_LONG", f"a chain is 1 to {MAX_STATEMENTS} statements, not {len(statements)}")
    return tuple(map(read_statement, statements))


def _check_links(chain: tuple[EntityStatement, ...]) -> None:
    """Rules 1 to 3."""
    subject = chain[0]
    if not subject.is_configuration:
        raise TokenError(
            "CHAIN_BROKEN", f"a chain begins with a configuration, not with {subject.iss} on {subject.sub}"
        )
    for lower, upper in itertools.pairwise(chain):
        if lower.iss != upper.sub:
            raise TokenError("CHAIN_BROKEN", f"{lower.iss} is to be vouched for, but {upper.iss} speaks of {upper.sub}")
    issuers = [one.iss for one in chain[: _until_configuration(chain)]]
    if len(set(issuers)) != len(issuers) or any(one.is_configuration for one in chain[1:-1]):
        raise TokenError("CHAIN_LOOPS", f"the chain of {subject.sub} comes back to an entity it has met")
    if len(chain) > 1 and chain[1].iss not in subject.authority_hints:
        raise TokenError("NOT_HINTED", f"{subject.sub} does not name {chain[1].iss} among its authority_hints")


def _until_configuration(chain: tuple[EntityStatement, ...]) -> int:
    """How many statements stand before the trust anchor's own configuration, where that is there."""
    return len(chain) - (len(chain) > 2 and chain[-1].is_configuration)


def _check_signatures(chain: tuple[EntityStatement, ...], anchors: Anchors, now: datetime) -> None:
    """Rules 4 and 5, from the anchor down: nothing is believed that is not vouched for."""
    top = chain[-1]
    if top.iss not in anchors:
        raise TokenError("WRONG_ANCHOR", f"the chain ends at {top.iss}, which is not a trust anchor here")
    top.check_signature(anchors[top.iss], now)
    for upper, lower in zip(chain[:0:-1], chain[-2::-1], strict=True):
        lower.check_signature(upper.keys, now)
    chain[0].check_signature(chain[0].keys, now)


def _check_constraints(chain: tuple[EntityStatement, ...]) -> None:
    """Rule 7: a statement at place n has n - 1 intermediates between its issuer and the subject."""
    for place, one in enumerate(chain):
        if not one.is_configuration:
            one.constraints.check_length(place - 1)
            for below in chain[1 : place + 1]:
                one.constraints.check_name(below.sub, one.iss)


def _metadata(chain: tuple[EntityStatement, ...]) -> dict[str, dict[str, Any]]:
    """Rule 8."""
    above = [one for one in chain if not one.is_configuration]
    metadata = {name: dict(of) for name, of in chain[0].metadata.items()}
    for name, of in above[0].metadata.items() if above else ():
        metadata[name] = metadata.get(name, {}) | of
    for one in above:
        metadata = one.constraints.allowed(metadata)
    downwards = [one.claims for one in reversed(above)]
    policies = [claims["metadata_policy"] for claims in downwards if "metadata_policy" in claims]
    critical = [
        name
        for claims in downwards if "metadata_policy_crit" in claims
        for name in texts(claims["metadata_policy_crit"], "metadata_policy_crit", most=16)
    ]  # fmt: skip
    return metadata_policy.apply(metadata_policy.merged(policies, critical), metadata)
