"""The acts of administration: who proposes, who approves, and at which authority. It is data.

Rules
1. Every act takes two persons with the act's roles at the one authority it belongs to; an API key may propose.
2. What belongs to a scheme is decided at the scheme's owner; a role is given and taken at the authority it is a role at,
   whichever it is: nobody makes an owner of somebody else's scheme.
3. An act is legal when it is proposed and again when it is approved; it takes effect with the approval.
4. At least two persons stay who administer an authority that has had them, or nobody there could change that.
"""

from dataclasses import dataclass
from enum import Enum

from registry.access.model import Role

ADMINS_NEEDED = 2  # rule 4


class At(Enum):
    """The authority an act belongs to (rule 2)."""

    SCHEME_OWNER = "the owner of the scheme it names"
    AUTHORITY = "the authority it names"


@dataclass(frozen=True, slots=True)
class Act:
    """One act."""

    name: str
    proposer: Role
    approver: Role
    at: At
    words: str  # what it does, for people


ACTS = (
    Act("give_mandate", Role.SCHEME_OWNER, Role.SCHEME_OWNER, At.SCHEME_OWNER, "give a mandate"),
    Act("end_mandate", Role.SCHEME_OWNER, Role.SCHEME_OWNER, At.SCHEME_OWNER, "end a mandate"),
    Act("succeed", Role.SCHEME_OWNER, Role.SCHEME_OWNER, At.SCHEME_OWNER, "let an authority succeed another"),
    Act("set_mappings", Role.SCHEME_OWNER, Role.SCHEME_OWNER, At.SCHEME_OWNER, "say what local words mean"),
    Act("publish_criteria", Role.SCHEME_OWNER, Role.SCHEME_OWNER, At.SCHEME_OWNER, "publish criteria"),
    Act("set_cadence", Role.SCHEME_OWNER, Role.SCHEME_OWNER, At.SCHEME_OWNER, "say how often lists come out"),
    Act("grant_role", Role.AUTHORITY_ADMIN, Role.AUTHORITY_ADMIN, At.AUTHORITY, "grant a role"),
    Act("withdraw_role", Role.AUTHORITY_ADMIN, Role.AUTHORITY_ADMIN, At.AUTHORITY, "withdraw a role"),
)
_BY_NAME = {act.name: act for act in ACTS}


def act_of(name: str) -> Act:
    """The act with this name, which is known to be one."""
    return _BY_NAME[name]


def approver_of(number: str | None, act: str) -> Role:
    """Who approves or rejects a proposal: one without a number is an act of administration."""
    return Role.APPROVER if number is not None else act_of(act).approver
