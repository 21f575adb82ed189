"""Steps that officials take: enter, apply, propose, approve, suspend."""

from datetime import UTC, datetime, timedelta
from secrets import randbelow
from time import monotonic

from goodstanding_standalone.front import until
from goodstanding_standalone.sample.authorities import ETHICAL, MAIN
from goodstanding_standalone.walk.story import Story, expect

LOGGED_SECONDS = 30.0
"""How long a decision may take into the log, and back as a signed record."""

_PENDING = "query($id: ID!) { node(id: $id) { ... on Decision { pending } } }"


async def register(story: Story) -> str:
    """Enter a new recruiter; its licence number differs from walk to walk."""
    done = await story.done(
        "registerOrganisation", "proposer", kind="RECRUITER", jurisdiction="NP", domains=["lantern-road.example"],
        names=[{"text": "दीपमाला मार्ग जनशक्ति प्रा. लि.", "kind": "legal", "script": "Deva"},
               {"text": "Lantern Road Manpower Pvt. Ltd.", "kind": "alias", "script": "Latn"}],
        identifiers=[{"scheme": "np-recruiter-licence", "value": f"walk/{randbelow(10**9):09d}"}],
    )  # fmt: skip
    story.organisation = done["organisation"]["id"]
    return f"registered {done['organisation']['name']} as {story.organisation}"


async def apply(story: Story) -> str:
    """Apply on the recruiter's behalf."""
    scope = {
        "activities": ["recruitment"],
        "sectors": ["construction"],
        "corridors": [{"origin": "NP", "destination": "JO"}],
    }
    done = await story.done("applyForAccreditation", "proposer", organisation=story.organisation, authority=MAIN,
                            scheme=ETHICAL, scope=scope)  # fmt: skip
    story.number = done["accreditation"]["number"]
    return f"applied to {MAIN} under {ETHICAL}; the number is {story.number}"


async def propose_grant(story: Story) -> str:
    """One official proposes to grant for two years."""
    last_day = datetime.now(UTC).date() + timedelta(days=730)
    text = "Assessed against every criterion of the standard."
    await story.propose("grant", "assessment-passed", validUntil=last_day.isoformat(), publicText=text)
    return f"proposal {story.proposal}, digest {story.digest[:16]}…"


async def approve_alone(story: Story) -> str:
    """The same official tries to approve."""
    return await story.refused("proposer", story.digest, ("Forbidden",))


async def approve_stale(story: Story) -> str:
    """Another official approves, but not what was proposed."""
    stale = ("A" if story.digest[0] != "A" else "B") + story.digest[1:]
    return await story.refused("approver", stale, ("Conflict", "Invalid"))


async def approve_grant(story: Story) -> str:
    """Another official approves what was proposed."""
    done = await story.approve()
    return f"decision {story.event}, {'not yet in the log' if done['pending'] else 'already in the log'}"


async def await_log(story: Story) -> str:
    """Wait until a published checkpoint covers the decision."""

    async def logged() -> bool | None:
        node = (await story.front.graphql(_PENDING, {"id": story.event}))["node"]
        return True if node and not node["pending"] else None

    await until(logged, f"decision {story.event} is not in the log", LOGGED_SECONDS)
    log = (await story.front.graphql("{ log { size origin } }", {}))["log"]
    story.tree_size = log["size"]
    return f"logged; {log['origin']} has {story.tree_size} entries"


async def suspend(story: Story) -> str:
    """Two officials suspend the recruiter."""
    text = "Suspended while a complaint about fees is looked into."
    await story.propose("suspend", "fees-charged", measure="preventive", publicText=text)
    await story.approve()
    story.suspended_at = monotonic()
    expect(bool(story.event), "the decision has no id")
    return f"decision {story.event}"
