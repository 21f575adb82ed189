"""Progress for people: a bar on a terminal, one line per finished piece of work everywhere else."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

Report = Callable[[str, int, int], None]
"""(what is being done, how much is done, of how much)"""


@contextmanager
def progress(console: Console) -> Iterator[Report]:
    """Show what is reported within the block."""
    if not console.is_terminal:
        yield lambda what, done, of: console.print(f"{done:,} {what}", highlight=False) if done == of else None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    tasks: dict[str, TaskID] = {}
    with Progress(*columns, console=console) as bars:

        def report(what: str, done: int, of: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=of)
            bars.update(tasks[what], completed=done, total=of)

        yield report
