"""Corrections of a timeline, each with its author and reason; what was there stays in the journal (pure)."""

from collections.abc import Sequence
from datetime import datetime

from bot.decision import Decision
from bot.events import TimelineEdited, TimelineHidden
from bot.incidents.timeline import Line, taken_off
from storage.records.incidents import Incident
from storage.records.journal import Entry


def edit(
    incident: Incident, line: Line | None, *, text: str, happened_at: datetime | None, reason: str
) -> Decision[Incident]:
    """Correct what a line says, or when it happened; "" and None leave what is there."""
    if line is None:
        return Decision(state=incident, reason=_NO_SUCH)
    new_text = text if text != line.said else ""
    new_time = happened_at if happened_at != line.at else None
    if not new_text and new_time is None:
        return Decision(state=incident, reason="that is what stands there already")
    edited = TimelineEdited(incident=incident.id, entry=line.entry, reason=reason, text=new_text, happened_at=new_time)
    return Decision(state=incident, events=(edited,), reason="corrected")


def hide(
    incident: Incident, line: Line | None, entries: Sequence[Entry], *, reason: str, shown: bool
) -> Decision[Incident]:
    """Take a line off the timeline, or (`shown`) put it back; `entries` are the journal of the incident."""
    if line is None:
        return Decision(state=incident, reason=_NO_SUCH)
    off = line.entry in taken_off(entries)
    if off is not shown:
        said = "that entry is off the timeline already" if off else "that entry stands on the timeline as it is"
        return Decision(state=incident, reason=said)
    changed = TimelineHidden(incident=incident.id, entry=line.entry, reason=reason, shown=shown)
    return Decision(state=incident, events=(changed,), reason="back on" if shown else "taken off")


_NO_SUCH = "there is no such entry on its timeline"
