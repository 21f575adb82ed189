"""The main job, walked through over HTTP as strangers and officials would do it, each step with what it proves.

A recruiter is accredited by two officials, the signed record is verified online and offline, the recruiter is
suspended, and both answers change. A step that does not come out as it must ends the walk.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from time import monotonic

from rich.console import Console
from rich.text import Text

from goodstanding_standalone.front import FrontError
from goodstanding_standalone.walk import acts, checks
from goodstanding_standalone.walk.story import Story, WalkFailed


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what is done, what it proves, and the act, which returns what happened."""

    title: str
    proves: str
    act: Callable[[Story], Awaitable[str]]


STEPS = (
    Step("A registrar enters a recruiter",
         "names in two scripts are one organisation with one permanent id", acts.register),
    Step("The recruiter applies",
         "an application gives a number, and no good standing yet", acts.apply),
    Step("One official proposes to grant",
         "a proposal changes nothing; its digest binds what may be approved", acts.propose_grant),
    Step("The same official tries to approve it",
         "four eyes: one person alone cannot accredit anybody", acts.approve_alone),
    Step("Another one approves something else",
         "only what was proposed, to the byte, can be approved", acts.approve_stale),
    Step("Another one approves what was proposed",
         "the decision and its way to the log are stored in one transaction", acts.approve_grant),
    Step("The log takes the decision in",
         "no proof, no record: the register signs only what is publicly logged", acts.await_log),
    Step("Anyone asks online",
         "the edge answers programs and people from the log it follows", checks.verify_online),
    Step("Anyone takes the evidence away",
         "a record, its proof and a status list fit into one file", checks.fetch),
    Step("The record's inclusion proof is checked",
         "the decision cannot be hidden or backdated later", checks.check_proof),
    Step("The file is verified offline",
         "no network and no account are needed, only the trust file", checks.verify_offline),
    Step("One character of the record is changed",
         "tampering is noticed, and never rounded to valid", checks.tamper),
    Step("Two officials suspend the recruiter",
         "what lowers trust is published at once; it does not wait for the log", acts.suspend),
    Step("Anyone asks online again",
         "the answer has changed", checks.changed_online),
    Step("A fresh file is verified offline",
         "the same record is refused beside the newest status list", checks.changed_offline),
)  # fmt: skip


async def walk(story: Story, console: Console, steps: Sequence[Step] = STEPS) -> bool:
    """Take the steps in order, printing each; False as soon as one fails."""
    begun = monotonic()
    for position, step in enumerate(steps, start=1):
        started = monotonic()
        try:
            happened = await step.act(story)
        except (WalkFailed, FrontError) as error:
            _say(console, f"{position:>2}  {step.title}: FAILED", "bold red")
            _say(console, f"    {error}", "red")
            return False
        _say(console, f"{position:>2}  {step.title} ({(monotonic() - started) * 1000:.0f} ms)", "bold")
        _say(console, f"    {happened}")
        _say(console, f"    proves: {step.proves}", "dim")
    _say(console, f"All {len(steps)} steps came out as they must, in {monotonic() - begun:.1f} s.", "bold green")
    return True


def _say(console: Console, line: str, style: str = "") -> None:
    console.print(Text(line, style=style), soft_wrap=True)
