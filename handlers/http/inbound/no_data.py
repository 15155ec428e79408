"""Missing data is an alert of its own beside the one whose data is missing, and never its end (pure)."""

from collections.abc import Sequence
from dataclasses import replace

from bot.report import Report

MARK = "(no data)"


def absent(report: Report) -> Sequence[Report]:
    """Report that the data is missing; what fired before goes on."""
    return (replace(_twin(report), resolved=False),)


def present(report: Report) -> Sequence[Report]:
    """Report what the data says, and that it is there again."""
    return (report, replace(_twin(report), resolved=True, started_at=None))


def _twin(report: Report) -> Report:
    """Name it otherwise, not label it: alerts are grouped by their names."""
    said = f"No data: {report.summary or report.name}"
    return replace(report, name=f"{report.name} {MARK}", summary=said, value=None)
