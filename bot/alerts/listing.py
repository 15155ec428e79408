"""Lists of alerts (pure)."""

from collections.abc import Sequence

from bot.alerts.cards import as_data
from bot.cards.card import Button, Card, Code, Level, Moment, Table
from bot.phrasing import plural
from storage.records.alerts import Alert


def listing(found: Sequence[Alert], *, total: int, page: int, size: int, state: str) -> Card:
    """Alerts, newest first, with the way to the next page."""
    if not found:
        empty = "No open alerts" if state == "open" else "No alerts"
        return Card(
            title=empty, level=Level.OK, body=("All quiet.",), data={"title": empty, "level": "ok", "alerts": []}
        )
    rows = tuple((f"#{a.id}", a.severity.value, a.state.value, a.summary, Moment(a.opened_at, "date")) for a in found)
    last = -(-total // size)
    more = ("alerts", f"--state={state}", f"--page={page + 1}")
    return Card(
        title=plural(total, "open alert" if state == "open" else "alert"),
        level=Level.WARNING if any(a.open for a in found) else Level.OK,
        table=Table(columns=("#", "Severity", "State", "What", "Opened"), rows=rows),
        buttons=(Button(label="More", argv=more),) if page < last else (),
        footer=f"Page {page} of {last}" if last > 1 else "",
        hint=("Type ", Code("ack NUMBER"), " to take one, ", Code("alert show NUMBER"), " for its card."),
        data={
            "title": plural(total, "alert"),
            "level": "warning" if any(a.open for a in found) else "ok",
            "total": total,
            "page": page,
            "alerts": [as_data(a, None) for a in found],
        },
    )
