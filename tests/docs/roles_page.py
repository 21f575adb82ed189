"""docs/roles.md, made from the roles and from the table of who reads what: `python tests/docs/roles_page.py` writes it anew."""

from pathlib import Path

from registry.access.model import DOES, STAFF, Role
from registry.access.reading import RESTRICTED, Restricted

PAGE = Path(__file__).parents[2] / "docs" / "roles.md"

HEAD = """# Roles

A member has roles at authorities, and a role counts at its own authority alone. The register's tables say who has which: every act
and every query asks them in its own transaction, and a token that says more is not believed. Roles are given and taken by two authority admins
(`proposeRole`, `proposeRoleWithdrawal`), the first ones by whoever operates the register (`registry members`).

An API key may have any role. It registers, applies and proposes; whatever takes a second person takes a person, and so does having
something erased. Two identities of one person are one member, and whoever proposed never approves.

## What a role is for

| role | at its authority | works there |
|---|---|---|
"""

READS = """
## Who reads what

What is logged, and what lowers trust before it is logged, is public: everybody reads it, signed in or not. A *subscriber* and
staff of other authorities read no more than that. The rest is restricted:

| restricted | {roles} | reading is noted |
|---|{lines}---|
"""

TAIL = """
Suspected successors are shown to regulators of every authority; all else only to those of the authority it belongs to. A signal belongs to
every authority that has the organisation in its register: all who work there, and regulators, see that there is one. What it says and
who reported it is for persons, and also for the member it was given to, whatever that member's role. A read that is noted
says who read what and when, before it is answered; `accessLog` shows the notes. On PostgreSQL the database keeps the same line by
itself for all but what is not logged yet ([ADR 0017](adr/0017-row-security-for-what-is-restricted.md)).
"""


def render() -> str:
    """The whole page."""
    roles = "".join(f"| {role} | {DOES[role]} | {'yes' if role in STAFF else '–'} |\n" for role in Role)
    reads = READS.format(roles=" | ".join(Role), lines="---|" * len(Role))
    return HEAD + roles + reads + "".join(map(_row, RESTRICTED)) + TAIL


def _row(one: Restricted) -> str:
    cells = " | ".join("yes" if role in one.readers else "–" for role in Role)
    return f"| {one.words} | {cells} | {'yes' if one.noted else '–'} |\n"


if __name__ == "__main__":
    PAGE.write_text(render())
