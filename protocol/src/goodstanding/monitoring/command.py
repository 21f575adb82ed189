"""Follow a transparency log, and keep what would prove that it was rewritten.

`monitor URL` looks at the log of the register at URL; `monitor compare A B` holds two monitors' notes side by side.

Exit status: 0 nothing found · 2 the log could not be asked, or nothing could be compared · 3 input or command cannot
be used · 10 fork · 11 rewind · 12 gap · 13 damaged · 14 missing body · 15 prev broken · 16 late inclusion ·
17 backdating · 18 mass removal. With several findings, that of the gravest, the lowest number from 10 on.
A fork that was found once is reported by every later look, with its evidence.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, ParamSpec, TypeVar

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text
from typer.core import TyperGroup

from goodstanding.canonical import format_time
from goodstanding.errors import GoodstandingError
from goodstanding.monitoring.checks import Bounds
from goodstanding.monitoring.comparing import compare as compare_notes
from goodstanding.monitoring.findings import EXIT, Finding, FindingKind, exit_status
from goodstanding.monitoring.folder import StateFolder, read_checkpoints
from goodstanding.monitoring.following import Report, look
from goodstanding.monitoring.published import PublishedLog, Unreachable
from goodstanding.terminal import Answer, complain, plain, sentence, stop, write
from goodstanding.trust import Trust, TrustedLog

NO_ANSWER = 2
_Given = ParamSpec("_Given")
_Made = TypeVar("_Made")
_TRUST = typer.Option(help="The trust file: whose log this is.")
_PREFIX = typer.Option(help="Number prefix of the log, where the trust file names several.")
_JSON = typer.Option("--json", help="Print JSON, one line for each look.")


class _FollowsUnlessNamed(TyperGroup):
    """`monitor URL` is short for `monitor follow URL`."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]  # click's own type of ctx
        if args and args[0] not in self.commands and args[0] != "--help":
            args = ["follow", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(help=__doc__, cls=_FollowsUnlessNamed, no_args_is_help=True)


@app.command()
def follow(
    url: Annotated[str, typer.Argument(help="The register's origin, such as https://register.example.")],
    trust: Annotated[Path, _TRUST],
    state: Annotated[Path, typer.Option(help="Folder of this monitor: what it verified, saw and found.")],
    prefix: Annotated[str, _PREFIX] = "",
    once: Annotated[bool, typer.Option("--once", help="Look once and end; so it does without --every.")] = False,
    every: Annotated[float, typer.Option(help="Look again every so many seconds, until Ctrl-C.")] = 0,
    export: Annotated[Path | None, typer.Option(help="Write the checkpoints seen to this file as well.")] = None,
    recheck: Annotated[bool, typer.Option("--recheck", help="Read all of it again, not only what is new.")] = False,
    as_json: Annotated[bool, _JSON] = False,
    recording_hours: Annotated[float, typer.Option(help="Most hours from a decision to its record.")] = 24,
    inclusion_seconds: Annotated[float, typer.Option(help="Most seconds from a record to its checkpoint.")] = 60,
    removal_share: Annotated[float, typer.Option(help="Share of accreditations that may go at once.")] = 0.1,
    removal_least: Annotated[int, typer.Option(help="Fewer than this are never a mass removal.")] = 5,
) -> None:
    """Look at the log of the register at URL, once or again and again, and say what was found."""
    bounds = Bounds(
        recording=timedelta(hours=recording_hours),
        inclusion=timedelta(seconds=inclusion_seconds),
        removal_share=removal_share,
        removal_least=removal_least,
    )
    log, folder, status = _log(trust, prefix), StateFolder(state), 0
    with _published(url) as published, _held(folder), suppress(KeyboardInterrupt):
        for _ in _turns(0 if once else every):
            status = _graver(status, _look_once(folder, log, published, bounds, recheck=recheck, as_json=as_json))
            if export is not None:
                _usable(folder.export, export)
    raise Answer(status)


@app.command()
def compare(
    ours: Annotated[Path, typer.Argument(help="A monitor's state folder, or a file exported from one.")],
    theirs: Annotated[Path, typer.Argument(help="Another monitor's.")],
    trust: Annotated[Path, _TRUST],
    log_url: Annotated[str, typer.Option("--log", help="Ask the log at this origin about sizes only one saw.")] = "",
    prefix: Annotated[str, _PREFIX] = "",
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """Hold two monitors' notes side by side: a log that shows different trees to different people is caught."""
    log = _log(trust, prefix)
    mine, others = _usable(read_checkpoints, ours), _usable(read_checkpoints, theirs)
    try:
        if log_url:
            with _published(log_url) as published:
                made = compare_notes(mine, others, log, published)
        else:
            made = compare_notes(mine, others, log)
    except Unreachable as error:
        complain(str(error))
        raise Answer(NO_ANSWER) from None
    except GoodstandingError as error:
        stop(str(error))
    status = exit_status(made.findings) or (0 if made.compared else NO_ANSWER)
    if as_json:
        _print_json({"compared": made.compared}, list(made.findings), status)
    elif not made.compared and not made.findings:
        write("no tree size was shown to both; give --log to ask the log itself")
    else:
        write(f"{made.compared} tree sizes compared")
        _show(list(made.findings))
    raise Answer(status)


@contextmanager
def _held(folder: StateFolder) -> Iterator[None]:
    with ExitStack() as stack:
        _usable(stack.enter_context, folder.held())
        yield


def _look_once(
    folder: StateFolder, log: TrustedLog, published: PublishedLog, bounds: Bounds, *, recheck: bool, as_json: bool
) -> int:
    """Look, keep, say; returns the exit status of this look."""
    state = _usable(folder.load, log)
    try:
        report = look(state, log, published, bounds)
        if recheck:
            report = _all_again(report, look(report.state.from_the_start(), log, published, bounds))
    except Unreachable as error:
        complain(str(error))
        return NO_ANSWER
    _usable(folder.save, report.state, log, report.findings)
    forks = [kept for kept in folder.findings() if kept.kind is FindingKind.FORK and kept not in report.findings]
    findings = [*report.findings, *forks]
    status = exit_status(findings)
    if as_json:
        _print_json(_summary(report, log), findings, status)
    else:
        _introduce(report, log)
        _show(findings)
    return status


def _all_again(report: Report, again: Report) -> Report:
    """What the whole log says now, beside what was new: a look that ended early takes nothing back."""
    more = tuple(finding for finding in again.findings if finding not in report.findings)
    newer = again.state.size >= report.state.size
    return replace(report, state=again.state if newer else report.state, findings=report.findings + more)


def _summary(report: Report, log: TrustedLog) -> dict[str, Any]:
    time_ = None if report.time is None else format_time(report.time)
    return {
        "origin": log.origin,
        "size": report.state.size,
        "root": report.state.range.root().hex(),
        "newEntries": report.entries,
        "time": time_,
    }


def _introduce(report: Report, log: TrustedLog) -> None:
    at = "" if report.time is None else f", newest checkpoint of {format_time(report.time)}"
    write(f"{log.origin}: {report.state.size} entries verified, {report.entries} of them new{at}")


def _print_json(summary: dict[str, Any], findings: list[Finding], status: int) -> None:
    shown = {**summary, "exitStatus": status, "findings": [finding.to_json() for finding in findings]}
    write(json.dumps(shown, ensure_ascii=False))


def _show(findings: list[Finding]) -> None:
    if not findings:
        write("nothing found")
        return
    table = Table("finding", "entry", "what", box=None, padding=(0, 2, 0, 0))
    for finding in findings:
        index = "" if finding.index is None else str(finding.index)
        table.add_row(Text(finding.kind.value, style="bold red"), index, Text(plain(finding.message)))
    Console(highlight=False).print(table)


def _turns(every: float) -> Iterator[None]:
    """Once, or every so many seconds until Ctrl-C."""
    yield
    while every > 0:
        time.sleep(every)
        yield


def _graver(status: int, other: int) -> int:
    """Of two exit statuses the graver: a finding before no answer, the gravest finding before another."""
    found = [each for each in (status, other) if each >= min(EXIT.values())]
    return min(found) if found else max(status, other)


@contextmanager
def _published(url: str) -> Iterator[PublishedLog]:
    try:
        from goodstanding.monitoring.http import fetcher, open_client  # noqa: PLC0415 - an extra of its own
    except ImportError:
        stop("the monitor needs its extra; run: pip install 'goodstanding[cli,mirror]'")
    with _usable(open_client, url) as client:
        yield PublishedLog(fetcher(client))


def _log(path: Path, prefix: str) -> TrustedLog:
    trust = _usable(Trust.load, path)
    if prefix in trust.logs:
        return trust.logs[prefix]
    if prefix or len(trust.logs) != 1:
        stop(f"the trust file has logs for {', '.join(trust.logs) or 'nobody'}; say which with --prefix")
    return next(iter(trust.logs.values()))


def _usable(act: Callable[_Given, _Made], *given: _Given.args, **named: _Given.kwargs) -> _Made:
    """What an act returns; what it cannot use ends the command with a sentence."""
    try:
        return act(*given, **named)
    except (GoodstandingError, OSError) as error:
        stop(sentence(error))
