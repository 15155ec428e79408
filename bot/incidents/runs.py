"""Which runs of commands belong on the timeline of an incident (pure)."""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from storage.records.journal import Entry

_TELL_THEMSELVES = re.compile(
    r"(ack|unack|resolve|alerts?|incidents?|declare|postmortem|followups?|audit|help|ask)( |$)"
)
"""Commands whose effect is a fact of its own, or that only read what there is."""
_OTHER_MATTERS = re.compile(r"(silence|maintenance|oncall|heartbeat|job|meeting)( |$)")
"""Commands that change something and have to do with an incident only where they are run in its channel."""
_REFUSED = frozenset({"usage", "denied"})


def among(entries: Iterable[Entry], channel: str, private: Collection[str] = ()) -> list[Entry]:
    """Those runs of commands that belong on the timeline, see `belongs`, and are no secret."""
    return [e for e in entries if belongs(e.payload, channel) and not secret(e.payload, channel, private)]


def secret(run: Mapping[str, Any], channel: str, private: Collection[str]) -> bool:
    """Whether it was asked in one of these channels, those of `private` incidents, which is not the incident's own."""
    asked = run.get("channel", "")
    return asked != channel and asked in private


def belongs(run: Mapping[str, Any], channel: str) -> bool:
    """Whether a run belongs on the timeline: it was asked in its channel, or it changed something.

    Left out is what is told by a fact of its own, and what was refused as no command or not allowed.
    """
    command = str(run.get("command", ""))
    if run.get("through"):  # what the assistant looked at is nobody's deed
        return False
    if _TELL_THEMSELVES.match(command) or run.get("outcome") in _REFUSED:
        return False
    here = bool(channel) and run.get("channel") == channel
    return here or (bool(run.get("changes")) and not _OTHER_MATTERS.match(command))
