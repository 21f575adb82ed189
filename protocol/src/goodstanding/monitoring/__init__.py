"""The monitor: looks at a log from outside, again and again, and keeps what would prove that it was rewritten.

    report = look(state, log, PublishedLog(fetch), Bounds())

`findings.py` says what can be found, `checks.py` what an entry must keep to, `tree.py` reads tiles and bundles,
`following.py` is one look, `folder.py` keeps what it leaves, `comparing.py` two monitors' notes side by side.
"""

from goodstanding.monitoring.checks import Bounds
from goodstanding.monitoring.comparing import compare
from goodstanding.monitoring.findings import Finding, FindingKind, exit_status
from goodstanding.monitoring.folder import StateFolder
from goodstanding.monitoring.following import Report, look
from goodstanding.monitoring.published import PublishedLog, Unreachable
from goodstanding.monitoring.state import MonitorState

__all__ = [
    "Bounds",
    "Finding",
    "FindingKind",
    "MonitorState",
    "PublishedLog",
    "Report",
    "StateFolder",
    "Unreachable",
    "compare",
    "exit_status",
    "look",
]
