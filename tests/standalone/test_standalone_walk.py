import io

import pytest
from rich.console import Console

from goodstanding_standalone.walk.steps import STEPS, Step, walk
from goodstanding_standalone.walk.story import Story, WalkFailed

pytestmark = pytest.mark.asyncio(loop_scope="session")


def a_console() -> Console:
    return Console(file=io.StringIO(), width=200)


def printed(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


async def test_the_walk_goes_through(world, tmp_path):
    console = a_console()
    story = Story(world.front, world.tokens, world.settings.var / "trust.json", tmp_path / "evidence.json")

    passed = await walk(story, console)

    assert passed, printed(console)
    assert printed(console).count("proves:") == len(STEPS)
    assert "FOUR_EYES" in printed(console)
    assert "STALE_DIGEST" in printed(console)


async def test_a_failing_step_ends_the_walk_and_is_named(tmp_path):
    taken = []

    async def fails(_: Story) -> str:
        raise WalkFailed("the answer was no")

    async def never(_: Story) -> str:
        taken.append("never")
        return ""

    console = a_console()
    story = Story(None, {}, tmp_path, tmp_path)  # type: ignore[arg-type]

    passed = await walk(story, console, (Step("A step", "nothing", fails), Step("The next", "nothing", never)))

    assert not passed
    assert not taken
    assert "A step: FAILED" in printed(console)
    assert "the answer was no" in printed(console)
