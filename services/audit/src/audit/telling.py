"""What a check or a long piece of work says to a person, and to a program."""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict

from audit.fsck.report import Progress, Report

EVERY_SECONDS = 5.0
"""Time between two lines about how far something has come."""


def now_and_then(write: Callable[[str], None], seconds: Callable[[], float]) -> Progress:
    """Tell of progress, but not more often than every few seconds; `seconds` is a clock that never goes back."""
    told = seconds()

    def progress(what: str, done: int, size: int) -> None:
        nonlocal told
        if (now := seconds()) - told >= EVERY_SECONDS:
            told = now
            write(f"{what}: {done:,} of {size:,} ({100 * done // max(size, 1)} %)")

    return progress


def as_json(report: Report) -> str:
    """The report for a program."""
    members = {
        "sound": not report.total, "size": report.size, "files": report.files, "rows": report.rows,
        "beyond": report.beyond, "total": report.total, "findings": [asdict(finding) for finding in report.findings],
    }  # fmt: skip
    return json.dumps(members, ensure_ascii=False, indent=2)


def as_text(report: Report) -> Iterator[str]:
    """The report for a person, line by line."""
    for finding in report.findings:
        place = finding.path if finding.offset is None else f"{finding.path} at {finding.offset}"
        yield f"{place}: {finding.wrong}. To do: {finding.do}."
    if report.total > len(report.findings):
        yield f"{report.total - len(report.findings):,} more are not listed."
    size = "no verified size" if report.size is None else f"size {report.size:,}"
    found = f"{report.total:,} wrong" if report.total else "nothing wrong"
    yield f"{found}: {size}, {report.files:,} files, {report.rows:,} rows checked."
    if report.beyond:
        yield f"{report.beyond:,} files lie beyond the published checkpoint; nothing vouches for them yet."
