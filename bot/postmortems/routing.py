"""Which section a reply in the thread is about (pure)."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from bot.postmortems import changes, sections
from storage.records.journal import Entry
from storage.records.postmortems import Postmortem

STILL = timedelta(minutes=15)
"""How long after a reply the next one of the same person, that names no section, is about the same."""
_LEAST = 12  # characters of a quotation that can be told from a coincidence


def section_of(postmortem: Postmortem, text: str, *, quoted: str = "", recent: str = "") -> str:
    """The name of the section that a reply means; "" when that cannot be told.

    Words that name one come first, then the message that it quotes (`quoted`) or whose words it repeats behind `>`,
    then the section that was replied to most recently (`recent`).
    """
    part = sections.meant(own_words(text))
    if part is not None:
        return part.name
    there = {section.name for section in postmortem.sections}
    found = quoted or _repeated(postmortem, text) or recent
    return found if found in there else ""


def own_words(text: str) -> str:
    """The reply without what it repeats of others."""
    kept = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith(">"))
    return kept if kept.strip() else text


def recent(entries: Iterable[Entry], by: str, now: datetime) -> str:
    """The section that this person last asked a change of, "" when that is a while ago."""
    asked = [e for e in entries if e.kind == "ChangeRequested" and e.actor == by and now - e.at <= STILL]
    return str(asked[-1].payload.get("section", "")) if asked else ""


def _repeated(postmortem: Postmortem, text: str) -> str:
    quotes = [" ".join(line.lstrip(" >").split()).lower() for line in text.splitlines() if line.lstrip()[:1] == ">"]
    quotes = [quote.lstrip(f"•{changes.REMOVED}{changes.ADDED} ") for quote in quotes if len(quote) >= _LEAST]
    found = {
        section.name
        for section in postmortem.sections
        for statement in section.statements
        for quote in quotes
        if quote in (text_ := statement.text.lower()) or (len(text_) >= _LEAST and text_ in quote)
    }
    return found.pop() if len(found) == 1 else ""
