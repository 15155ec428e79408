"""What is filed in a tracker for a follow-up (pure)."""

import re
from hashlib import blake2b

from bot.cards.marks import clean
from bot.follow_ups.days import spelled
from bot.outside import Issue
from bot.phrasing import cut
from storage.records.follow_ups import FollowUp, FollowUpKind

LABEL = "follow-up"
_JOINER = "\u200b"
"""Stands between a sign and the word behind it: what people wrote must not call others, or lead to other issues."""
_CALLING = re.compile(r"([@#!~%&$])(?=[\w\"'(])")
_MARKUP = re.compile(r"([\\`*_{}\[\]<>|])")


def issue(follow_up: FollowUp, *, owner: str = "", source: str = "", incident_title: str = "") -> Issue:
    """The issue. `owner` is a name, `source` the address of the message; `incident_title` is left out when private.

    Its text holds nothing that a person wrote but the incident's title and the owner's name, escaped.
    """
    about = f"Follow-up #{_JOINER}{follow_up.id}"
    if follow_up.incident is not None:
        title = f": {escaped(incident_title)}" if incident_title else ""
        about = f"{about} of incident #{_JOINER}{follow_up.incident}{title}"
    lines = (
        about,
        f"Owner: {escaped(owner)}" if owner else "",
        f"Due: {spelled(follow_up.due_on)}" if follow_up.due_on else "",
        f"Message: {source}" if source else "",
        f"Reference: {key(follow_up)}",
    )
    return Issue(
        key=key(follow_up),
        title=title_of(follow_up),
        body="\n\n".join(line for line in lines if line),
        labels=(LABEL, *((follow_up.kind.value,) if follow_up.kind is not FollowUpKind.OTHER else ())),
        due_on=follow_up.due_on,
    )


def key(follow_up: FollowUp) -> str:
    """What finds the issue again: one word of letters and digits, which every search takes for one.

    The time at which it was made tells apart the follow-ups #3 of two bots that use one tracker.
    """
    made = follow_up.created_at.isoformat()
    return f"followup{follow_up.id}x{blake2b(made.encode(), digest_size=6).hexdigest()}"


def title_of(follow_up: FollowUp) -> str:
    """The title in one line."""
    return cut(" ".join(clean(follow_up.title).split()), 200) or f"Follow-up {follow_up.id}"


def escaped(text: str) -> str:
    """What a person wrote, as Markdown that shows just that and calls nobody."""
    plain = _MARKUP.sub(r"\\\1", " ".join(clean(text).split()))
    return _CALLING.sub(rf"\1{_JOINER}", plain)


def is_ours(text: object, key: str) -> bool:
    """Whether this text of an issue holds the key, from an attempt that was cut short."""
    return key in str(text or "")
